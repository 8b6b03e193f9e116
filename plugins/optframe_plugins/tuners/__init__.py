"""The tuners, one file each."""
