"""Packs an optimizer's state into plain data for JSON and arrays, and unpacks it.

What can be packed is what `optframe.Optimizer.dump` may return. No class is imported by a name.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from optframe.contracts import Array, Backend, Optimizer
from optframe.errors import described

__all__ = ["PLAIN", "Packing", "Unsavable", "classes_in"]

PLAIN = "numbers, texts, None, arrays, and lists, tuples, dicts with texts as keys and dataclasses"
"""What a state may consist of, for messages."""

_SCALARS = (bool, int, float, str, type(None))

MOST_NESTED = 100
"""How many lists, dicts and dataclasses may be inside each other; a cycle has no end."""


class Unsavable(Exception):  # noqa: N818 - the run goes on; after a kill it starts at step 0
    """A state contains what cannot be packed; the message says what."""


class Packing:
    """Converts states to plain data and arrays, and back; an array that occurs twice stays one.

    ``packed`` are the arrays of what was packed. To unpack, they are taken from ``file`` by the
    names ``array_0``, ``array_1``, ...
    """

    def __init__(self, backend: Backend, file: Any = None) -> None:
        self.packed: list[Any] = []
        self._backend = backend
        self._file = file
        self._kind = type(backend.asarray(np.zeros(1)))
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._made: dict[tuple[str, int], Array] = {}

    def pack_state(self, optimizer: Any, state: Any) -> Any:
        """Return an optimizer's state as plain data for JSON.

        Raises
        ------
        Unsavable
            If `Optimizer.dump` raises, or returns what cannot be packed.
        """
        if not isinstance(optimizer, Optimizer):
            return self.pack(state)
        try:
            plain = optimizer.dump(state)
        except Exception as error:
            raise Unsavable(f"its dump raised {described(error)}") from error
        return self.pack(plain)

    def pack(self, value: Any, depth: int = 0) -> Any:
        """Return a value as plain data for JSON; its arrays are added to ``packed``.

        Raises
        ------
        Unsavable
            If it contains something else than `PLAIN`.
        """
        if type(value) in _SCALARS:
            return value
        if depth > MOST_NESTED:
            raise Unsavable(f"its state is nested more than {MOST_NESTED} deep")
        if type(value) in (list, tuple):
            return {type(value).__name__: [self.pack(item, depth + 1) for item in value]}
        if type(value) is dict:
            for key in value:
                if type(key) is not str:
                    raise Unsavable(f"its state contains a dict with the key {key!r}")
            return {"dict": {key: self.pack(item, depth + 1) for key, item in value.items()}}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            fields = {name: self.pack(getattr(value, name), depth + 1) for name in names}
            return {"class": _name(type(value)), "fields": fields}
        if isinstance(value, np.generic):
            return {"number": self._number(value)}
        if isinstance(value, self._kind):
            return {"array": self._number(value)}
        if isinstance(value, np.ndarray):
            return {"host": self._number(value)}
        raise Unsavable(f"its state contains a {type(value).__name__}")

    def unpack(self, packed: Any, classes: dict[str, type]) -> Any:
        """Return the value that was packed; ``classes`` are the dataclasses that it may contain."""
        if not isinstance(packed, dict):
            return packed
        if "list" in packed:
            return [self.unpack(item, classes) for item in packed["list"]]
        if "tuple" in packed:
            return tuple(self.unpack(item, classes) for item in packed["tuple"])
        if "dict" in packed:
            return {key: self.unpack(item, classes) for key, item in packed["dict"].items()}
        for kind in ("number", "array", "host"):
            if kind in packed:
                return self._array(kind, packed[kind])
        made_of = classes.get(packed["class"])
        if made_of is None:
            raise ValueError(f"it contains a {packed['class']}, which no new run's state contains")
        if packed["fields"].keys() != {field.name for field in dataclasses.fields(made_of)}:
            raise ValueError(f"it contains a {made_of.__name__} with other fields")
        made: Any = object.__new__(made_of)
        for name, inside in packed["fields"].items():
            object.__setattr__(made, name, self.unpack(inside, classes))
        return made

    def _number(self, value: Any) -> int:
        """Return the index of an array in ``packed``; the same object always has the same index."""
        if id(value) not in self._numbers:
            on_host = isinstance(value, (np.ndarray, np.generic))
            host = np.asarray(value if on_host else self._backend.to_numpy(value))
            if host.dtype.hasobject:
                raise Unsavable("its state contains an array of objects")
            if not host.flags.c_contiguous:
                raise Unsavable("its state contains an array that is not C-ordered")
            # A reference to the value prevents another object from getting its id.
            self._numbers[id(value)] = len(self.packed), value
            self.packed.append(host)
        return self._numbers[id(value)][0]

    def _array(self, kind: str, number: int) -> Any:
        if kind == "number":
            return self._file[f"array_{number}"][()]
        if (kind, number) not in self._made:
            host = self._file[f"array_{number}"]
            self._made[kind, number] = host if kind == "host" else self._backend.asarray(host)
        return self._made[kind, number]


def classes_in(plain: Any) -> dict[str, type]:
    """Return the dataclasses in plain data by their names, for `Packing.unpack`."""
    found: dict[str, type] = {}
    inside: list[Any] = []
    if dataclasses.is_dataclass(plain) and not isinstance(plain, type):
        found[_name(type(plain))] = type(plain)
        inside = [getattr(plain, field.name) for field in dataclasses.fields(plain)]
    elif isinstance(plain, (list, tuple, dict)):
        inside = list(plain.values() if isinstance(plain, dict) else plain)
    for item in inside:
        found |= classes_in(item)
    return found


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"
