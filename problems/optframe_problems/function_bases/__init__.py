"""What functions share: base classes by structure, and what their formulas need."""
