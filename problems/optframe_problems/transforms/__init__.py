"""Transforms that go around any problem, one per file."""
