"""The version of optframe, which its distribution ``optframe-bench`` has, too."""

__version__ = "0.1.0"
