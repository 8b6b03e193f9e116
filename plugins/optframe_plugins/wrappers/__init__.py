"""The wrappers, one file each."""
