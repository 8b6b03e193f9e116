"""The protocols of tuning, one file each."""
