"""What a network minimizes, by its outputs and the targets, one file each."""
