"""Makes the object that is checked from the class or object that an author passes."""

from __future__ import annotations

from typing import Any

from optframe.components.contract_check import flaw_of
from optframe.components.kinds import KINDS
from optframe.errors import UsageError

__all__ = ["made"]


def made(component: Any, kind: str, who: str) -> Any:
    """Return the given object, or an object of the given class with its defaults."""
    expected = " or ".join(KINDS[kind].contracts)
    if isinstance(component, type):
        flaw = flaw_of(kind, component)
        if flaw is not None:
            raise UsageError(f"{who}: {flaw}")
        try:
            component = component()
        except TypeError as error:
            raise UsageError(f"{who}: {error}; pass an object, not its class") from error
    flaw = flaw_of(kind, component)
    if flaw is not None:
        raise UsageError(f"{who}: found {component!r}; expected an {expected}: {flaw}")
    return component
