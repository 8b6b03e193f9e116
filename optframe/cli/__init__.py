"""The command line: ``optframe run``, ``report``, ``list``, ``show``, ``plugins``, ``doctor``.

Every command lies in its own file and is imported when it is used, so that ``optframe --help``
answers at once.
"""

from optframe.cli.main import main

__all__ = ["main"]
