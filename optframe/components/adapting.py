"""Says what kind of component an object is for that an import path names, and makes its class."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, ClassVar

from optframe.components.contract_check import flaw_of, reserved
from optframe.components.kinds import KINDS
from optframe.components.signatures import component_class
from optframe.contracts.adapter import Adapter
from optframe.errors import PluginError, UsageError, described

__all__ = [
    "Adapters",
    "Call",
    "called",
    "class_of",
    "is_function",
    "kind_of",
    "refusal",
    "result_of",
]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a function that returns a component; its fields are the function's parameters."""

    path: ClassVar[str]
    target: ClassVar[Any]


class Adapters:
    """The adapters of a registry; one that cannot be used is left out, with its reason."""

    def __init__(self) -> None:
        self.named: dict[str, Adapter] = {}
        self.broken: list[str] = []

    @property
    def extras(self) -> dict[str, str | None]:
        """The extras of optframe-bench that install libraries, by top-level module."""
        every = self.named.values()
        return {name.partition(".")[0]: one.extra for one in every for name in one.modules}

    def prepare(self, path: str) -> None:
        """Let the adapters of a path's library do what is needed before it is imported.

        Raises
        ------
        UsageError
            If the library cannot be used in this process.
        PluginError
            If an adapter raises.
        """
        head = path.partition(":")[0].partition(".")[0]
        for name, adapter in self.named.items():
            if any(module.partition(".")[0] == head for module in adapter.modules):
                _asked(name, adapter.prepare)

    def recognized(self, found: Any) -> tuple[str, str, Adapter] | None:
        """Return the kind of an object, and the name and adapter that recognize it, or None.

        Raises
        ------
        PluginError
            If an adapter raises.
        """
        for name, adapter in self.named.items():
            kind = _asked(name, adapter.recognizes, found)
            if kind is not None and kind not in KINDS:
                raise PluginError(f"adapter {name!r}: recognizes returned {kind!r}, no kind")
            if kind is not None:
                return kind, name, adapter
        return None

    def class_of(self, found: Any, path: str, kind: str, name: str, adapter: Adapter) -> type:
        """Return the class of an adapted object's components."""
        base = _asked(name, adapter.base, found, kind)
        left_out = frozenset(_asked(name, adapter.leaves_out, found))
        return component_class(found, path, base, left_out, reserved(kind))


def kind_of(found: Any) -> str | None:
    """Return the kind of an object or class of ours; None if it is none."""
    # A wrapper is an optimizer, too, and a transform a problem, once it is around one.
    around = ("wrappers", "transforms") if isinstance(found, type) else ()
    return next((kind for kind in (*around, *KINDS) if _is_a(kind, found)), None)


def class_of(kind: str, path: str, found: Any, adapters: Adapters) -> Any:
    """Return the class, or the ready-made object, of a component of this kind.

    A function's class is a `Call`.

    Raises
    ------
    UsageError
        If the object is for no component of this kind.
    PluginError
        If an adapter raises.
    """
    other = kind_of(found)
    if other == kind:
        flaw = flaw_of(kind, found)
        if flaw is not None:
            raise UsageError(f"{path}: {flaw}")
        return found
    recognized = None if other else adapters.recognized(found)
    if recognized is not None and recognized[0] == kind:
        return adapters.class_of(found, path, *recognized)
    other = recognized[0] if recognized else other
    if other is None and is_function(found):
        return component_class(found, path, Call, frozenset(), reserved(kind))
    expected = _a(KINDS[kind].singular)
    if other is not None:
        raise UsageError(f"{path} is {_a(KINDS[other].singular)}; expected {expected}")
    raise refusal(path, found, f"{expected}: a class or object of {_contracts_of(kind)}", adapters)


def refusal(path: str, found: Any, expected: str, adapters: Adapters) -> UsageError:
    """Return the error that says what an import path names, and what was expected."""
    holder = path if isinstance(found, ModuleType) else path.replace(":", ".").rpartition(".")[0]
    return UsageError(
        f"{path} is {_what(found, path)}; expected {expected}, a function that returns one, or "
        f"what an adapter recognizes; `optframe list {holder}` shows what can be used"
        + "".join(f"; {line}" for line in adapters.broken)
    )


def is_function(found: Any) -> bool:
    """Whether something is called for what it returns."""
    return inspect.isroutine(found) or isinstance(found, partial)


def called(call: Any, where: str) -> Any:
    """Call a function, and return what it returns; raise `UsageError` if it raises."""
    try:
        return call.target(**call.given)
    except UsageError as error:
        raise UsageError(*(f"{where}: {mistake}" for mistake in error.mistakes)) from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"{where}: the function raised {described(error)}") from error


def result_of(call: Any, kind: str, where: str) -> Any:
    """Call a function, and return the component of this kind that it returns.

    Raises
    ------
    UsageError
        If the function raises, or returns something else.
    """
    made = called(call, where)
    if isinstance(made, type) or not _is_a(kind, made):
        expected = f"{_a(KINDS[kind].singular)}, an object of {_contracts_of(kind)}"
        raise UsageError(f"{where}: the function returned {_what(made)}; expected {expected}")
    flaw = flaw_of(kind, made)
    if flaw is not None:
        raise UsageError(f"{where}: the function's result: {flaw}")
    return made


def _is_a(kind: str, found: Any) -> bool:
    component = found if isinstance(found, type) else type(found)
    contracts = importlib.import_module("optframe.contracts")
    classes = tuple(getattr(contracts, name) for name in KINDS[kind].contracts)
    return bool(classes) and issubclass(component, classes)


def _asked(name: str, method: Any, *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except UsageError:
        raise
    except Exception as error:
        raise PluginError(
            f"adapter {name!r}: {method.__name__} raised {described(error)}"
        ) from error


def _what(found: Any, path: str = "") -> str:
    """Return what an object is, for a message."""
    if found is None:
        return "None"
    if isinstance(found, ModuleType):
        return "a module"
    name = f"{type(found).__module__}.{type(found).__qualname__}".removeprefix("builtins.")
    if isinstance(found, type):
        head = path.replace(":", ".").partition(".")[0]
        return f"a class of {head}" if path else f"the class {found.__name__}"
    return f"an object of {name}"


def _contracts_of(kind: str) -> str:
    return " or ".join(f"optframe.{name}" for name in KINDS[kind].contracts)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"
