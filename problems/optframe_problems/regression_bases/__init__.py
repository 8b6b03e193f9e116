"""What regression problems share: base classes, penalties, and the minimum."""
