"""The command ``optframe``, unless another package of that name is found in its place.

The distribution is called ``optframe-bench``. One called ``optframe`` is another project's, whose
package has the same name: installed later, it overwrites files of ours; in a folder that comes
first on Python's path, it hides ours. ``optframe.cli`` may not exist then, so this check is outside
the package. The script of the command imports nothing of the package before it has passed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from pathlib import Path

__all__ = ["REINSTALL", "main"]

REINSTALL = "run `pip uninstall optframe optframe-bench`, then install optframe-bench again"

MARK = b"optframe-bench"
"""The ``__init__.py`` of our package has this in its docstring, and that of no other project."""


def main() -> NoReturn:
    """Run the command line and exit with its code: 4 if the package is not ours."""
    spec = find_spec("optframe")
    if spec is None or not _is_ours(spec):
        print(f"optframe: {_what_is_wrong(spec)}", file=sys.stderr)
        sys.exit(4)
    from optframe.cli import main as command_line

    command_line()


def _is_ours(spec: ModuleSpec) -> bool:
    loader: Any = spec.loader  # one that loads from a file or an archive has `get_data`
    try:
        return MARK in loader.get_data(spec.origin)
    except (AttributeError, OSError, TypeError):  # there is no __init__.py
        return False


def _what_is_wrong(spec: ModuleSpec | None) -> str:
    """Return what is there, what was expected, and what to do."""
    from pathlib import Path

    here = Path(__file__).resolve().parent
    if spec is None or spec.origin is None:  # a folder without __init__.py hides no package
        return (
            f"the package 'optframe' in {str(here)!r} has no __init__.py; expected "
            f"optframe-bench's; {REINSTALL}"
        )
    found = Path(spec.origin).resolve()
    folder = found.parent.parent if spec.submodule_search_locations else found.parent
    owner = _distribution_in(folder)
    if folder == here:
        advice = REINSTALL
    elif owner:
        advice = "run `pip uninstall optframe`"
    else:
        advice = f"move it, or take {str(folder)!r} out of Python's path (PYTHONPATH)"
    whose = f" of the distribution {owner}" if owner else ""
    return (
        f"the package 'optframe' is {str(found)!r}{whose}; expected optframe-bench's, in "
        f"{str(here)!r}; {advice}"
    )


def _distribution_in(folder: Path) -> str | None:
    """Return the distribution named optframe that is installed in a folder, with its version."""
    from importlib.metadata import distributions

    for found in distributions(name="optframe", path=[str(folder)]):
        return f"optframe {found.version}"
    return None
