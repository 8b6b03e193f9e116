"""The version of optframe, which is also the version of the distribution ``optframe-bench``."""

__version__ = "0.1.0"
