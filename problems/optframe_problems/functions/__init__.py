"""Smooth deterministic functions."""
