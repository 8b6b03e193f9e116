"""What is kept: the SQLite file of a study, its writer and its readers."""

from optframe.store.writer import Store

__all__ = ["Store"]
