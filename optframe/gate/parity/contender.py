"""A contender: an optimizer that is compared, and what its hyperparameters are called."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from optframe.components.building import make_wrapped
from optframe.components.notation import format_value, parse, write
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Layout, Optimizer, Schedule, Solver, Wrapper
from optframe.errors import UsageError
from optframe.gate.parity.names import ALIGNED, FAMILIES, family_of, spelling_in

__all__ = ["Contender", "contender"]

ANSWERED = {"gradient", "layout", "matrices"}
"""What the given gradients can answer."""


@dataclasses.dataclass(frozen=True)
class Contender:
    """An optimizer as it was typed, or an object.

    ``registered`` says that it is a built-in, which others are explained with. ``typed`` are the
    given parameters by the contender's own names, ``defaults`` the others that it has. ``given`` is
    the object, if it was made in Python.
    """

    title: str
    name: str
    registered: bool
    typed: Mapping[str, Any]
    defaults: Mapping[str, Any]
    wrap: tuple[Mapping[str, Any], ...]
    given: Any
    registry: Registry

    @property
    def family(self) -> str | None:
        """The built-in optimizer of the same name, or None."""
        return self.name if self.registered else family_of(self.name, self.value)

    def value(self, own: str) -> Any:
        """Return the value of a parameter by the contender's own name; None without one."""
        return self.typed.get(own, self.defaults.get(own))

    def spelled(self, name: str) -> str | None:
        """Return what a hyperparameter is called here; None if it has none."""
        return spelling_in({**self.defaults, **self.typed}, name, self.family)

    def types(self, name: str) -> bool:
        """Whether a hyperparameter was typed."""
        return self.spelled(name) in self.typed

    def number(self, name: str) -> float | None:
        """Return the value of a hyperparameter, by our name; None if it has none."""
        own = self.spelled(name)
        value = None if own is None else self.value(own)
        if own == "betas" and isinstance(value, (tuple, list)) and len(value) == 2:
            value = value[name == "beta2"]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value)

    def eps_under_root(self) -> dict[str, float]:
        """Return optax's ``eps_root`` as our eps, where it has that alone."""
        root = self.value("eps_root")
        return {"eps": float(root)} if root and not self.number("eps") else {}

    def made(self, values: Mapping[str, Any]) -> Optimizer:
        """Return the optimizer with other values of hyperparameters, by our names."""
        own: dict[str, Any] = {}
        for name, value in values.items():
            spelled = self.spelled(name)
            if spelled == "betas":
                pair = own.setdefault(spelled, list(self.value(spelled)))
                pair[name == "beta2"] = value
            elif spelled is not None:
                own[spelled] = value
        if self.given is not None:
            return cast("Optimizer", _changed(self.given, own))
        table = {"name": self.name, **self.typed, **own, "wrap": [dict(one) for one in self.wrap]}
        made: Optimizer = make_wrapped(self.registry, "optimizers", table, self.title)
        return made

    def changes_from(self, other: Contender) -> tuple[str, ...]:
        """Return what it has otherwise than another of the same name; nothing without one.

        These are parameters that were typed for one of them, and wrappers.
        """
        if self.name != other.name or not (self.registered and other.registered):
            return ()
        names = [name for name in {**self.typed, **other.typed} if self.differs(other, name)]
        fields = [f"{name}={format_value(self.value(name))}" for name in names]
        wrappers = [f"+{write(one)}" for one in self.wrap if one not in other.wrap]
        gone = [f"no +{write(one)}" for one in other.wrap if one not in self.wrap]
        return (*fields, *wrappers, *gone)

    def other_defaults(self, other: Contender) -> tuple[str, ...]:
        """Return its numbers by default that differ from another's, such as ``eps=1e-10``."""
        names = [name for name in ALIGNED if not (self.types(name) or other.types(name))]
        pairs = [(name, self.number(name), other.number(name)) for name in names]
        return tuple(
            f"{name}={format_value(mine)}, not {format_value(theirs)}"
            for name, mine, theirs in pairs
            if mine is not None and theirs is not None and mine != theirs
        )

    def differs(self, other: Contender, name: str) -> bool:
        """Whether a parameter is another one than that of a contender of the same name."""
        alike = name in ALIGNED and not (self.types(name) and other.types(name))
        return not alike and bool(self.value(name) != other.value(name))

    def refusal(self, made: Optimizer, layout: Layout) -> str | None:
        """Return why it cannot be compared on these blocks; None if it can."""
        if isinstance(made, Solver):
            return "it has a loop of its own, and cannot be given the gradients of steps"
        more = made.requires() - ANSWERED
        if more:
            return f"it needs {', '.join(sorted(more))}; a comparison gives gradients alone"
        if made.random:
            return "it draws random numbers, so that gradients alone do not decide its steps"
        if "matrices" in made.requires() and any(len(block.shape) != 2 for block in layout):
            return "it takes matrices alone"
        return made.refusal(layout)


def contender(given: str | Optimizer, registry: Registry) -> Contender:
    """Return the contender of a notation, or of an object.

    Raises
    ------
    UsageError
        If the name or a parameter is wrong, or a parameter is a schedule.
    """
    if isinstance(given, Solver):
        raise UsageError(f"{type(given).__name__}: it has a loop of its own; expected an optimizer")
    if not isinstance(given, (str, Optimizer)):
        raise UsageError(f"parity: found {given!r}; expected an optimizer or its notation")
    if isinstance(given, Optimizer):
        inside: Any = _innermost(given)
        typed = {field.name: getattr(inside, field.name) for field in dataclasses.fields(inside)}
        default = {field.name: field.default for field in dataclasses.fields(inside)}
        kept = {k: v for k, v in typed.items() if k in default and v == default[k]}
        typed = {k: v for k, v in typed.items() if k not in kept}
        found = Contender(
            type(inside).__name__, type(inside).__name__, False, typed, kept, (), given, registry
        )
    else:
        table = parse(given)
        name, wrap = table.pop("name"), tuple(table.pop("wrap", ()))
        loaded: Any = registry.load("optimizers", name)
        fields = parameters(loaded) if isinstance(loaded, type) else {}
        defaults = {k: None if one.required else one.default for k, one in fields.items()}
        registered = name in FAMILIES and name in registry.names("optimizers")
        defaults = {k: v for k, v in defaults.items() if k not in table}
        found = Contender(given, name, registered, table, defaults, wrap, None, registry)
    for own, value in found.typed.items():
        if isinstance(value, Schedule) or (isinstance(value, Mapping) and "schedule" in value):
            raise UsageError(
                f"{found.title}: {own} is a schedule; give a number: the learning rate falls here "
                "anyway"
            )
    return found


def _innermost(optimizer: Optimizer) -> Optimizer:
    while isinstance(optimizer, Wrapper):
        optimizer = optimizer.optimizer
    return optimizer


def _changed(optimizer: Any, own: Mapping[str, Any]) -> Any:
    """Return the object with other values inside of its wrappers."""
    if isinstance(optimizer, Wrapper):
        return dataclasses.replace(
            optimizer,  # type: ignore[type-var]
            optimizer=_changed(optimizer.optimizer, own),
        )
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in own.items()}
    return dataclasses.replace(optimizer, **values)
