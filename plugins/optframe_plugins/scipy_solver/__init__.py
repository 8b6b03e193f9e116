"""Solvers that are functions of ``scipy.optimize``; its adapter imports this package."""
