"""The store of a study: one SQLite file, with its writer and its readers."""

from optframe.store.writer import Store

__all__ = ["Store"]
