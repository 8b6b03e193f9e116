"""Processes that do the work of an executor, and may die."""
