"""Regression on a data set."""
