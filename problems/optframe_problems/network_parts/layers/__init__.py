"""The layers of networks, one file each."""
