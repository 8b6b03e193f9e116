"""Checks that several kinds of components have; each kind's module names those that it takes."""

from __future__ import annotations

import pickle
from typing import Any

from optframe.testing.imports import check_imports
from optframe.testing.kit import check, require

__all__ = ["imports_nothing_heavy", "pickles"]


@check(since=1)
def pickles(subject: Any) -> None:
    """It can be pickled and sent to a worker."""
    again = pickle.loads(pickle.dumps(subject.component))
    require(
        again == subject.component, "after pickling and unpickling it is not equal to the original"
    )


@check(since=1)
def imports_nothing_heavy(subject: Any) -> None:
    """Importing it does not import a library that only its runs need."""
    check_imports(type(subject.component))
