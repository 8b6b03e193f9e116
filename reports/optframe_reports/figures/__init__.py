"""The figures, one per file."""
