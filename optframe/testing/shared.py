"""Checks that several kinds of components have; each kind's module names those that it takes."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

from optframe.components.parameters import Parameter, parameters
from optframe.components.spaces import given
from optframe.contracts import Space
from optframe.errors import UsageError
from optframe.testing.imports import check_imports
from optframe.testing.kit import CheckFailed, NotApplicable, check, require

__all__ = ["imports_nothing_heavy", "pickles", "spaces_fit_their_fields"]


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


@check(since=1)
def spaces_fit_their_fields(subject: Any) -> None:
    """Each declared space is of a field, which accepts it; its source says why not the default."""
    component: Any = type(subject.component)
    spaces = component.spaces
    require(
        isinstance(spaces, Mapping) and all(isinstance(s, Space) for s in spaces.values()),
        f"its spaces are {spaces!r}; expected a mapping from a field's name to an optframe.Space",
    )
    if not spaces:
        raise NotApplicable("it declares no spaces")
    fields = parameters(component)
    for name, space in spaces.items():
        require(name in fields, f"it declares a space of {name}, which is none of its fields")
        try:
            read = given(fields[name], None, space, f"its space of {name}")
        except UsageError as error:
            raise CheckFailed(str(error)) from error
        require(read == space, f"its space of {name} has no whole numbers; add whole=True")
        require(bool(space.source), f"its space of {name} has no source; add source=...")
        require(
            _has_default(space, fields[name]) or "default" in space.source,
            f"its space of {name} does not contain the default {fields[name].default!r}; write "
            "into the source why",
        )


def _has_default(space: Space, field: Parameter) -> bool:
    if space.values is not None:
        return field.required or field.default in space.values
    if not space.bounded or not isinstance(field.default, (int, float)):
        return True
    low, high = space.ends
    return bool(low <= field.default <= high)
