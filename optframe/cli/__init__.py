"""The command line: ``optframe run``, ``report``, ``list``, ``show``, ``plugins``, ``doctor``.

Each command is in its own file, which is imported when the command is used. So ``optframe --help``
is fast.
"""

from optframe.cli.main import main

__all__ = ["main"]
