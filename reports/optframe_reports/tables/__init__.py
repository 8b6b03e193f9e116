"""The tables of a report, one per file, and their formats."""
