"""A race of two revisions: its sides, their environments and workers, the timing, the test."""
