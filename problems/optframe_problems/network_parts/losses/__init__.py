"""The losses of networks, one file each."""
