"""Built-in optimizers that may take a contender's steps, by the number of changed conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, Literal, get_args, get_origin

from optframe.components.building import make_wrapped
from optframe.components.notation import write
from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Optimizer
from optframe.gate.parity.contender import Contender
from optframe.gate.parity.names import ALIGNED, FAMILIES, NAMED_VALUES

__all__ = ["MOST_CHANGES", "Candidate", "bases", "changed"]

MOST_CHANGES = 3
"""The most conventions that are changed at once."""

DECAYS = (1e-4, 1e-3, 0.004, 0.01, 0.1)
"""λ of weight decay, where a contender does not say it."""

FORMS: tuple[dict[str, Any], ...] = (
    {"form": "coupled"},
    {"times_lr": True},
    {},
    {"form": "after", "times_lr": True},
    {"form": "after"},
)
"""What weight decay is added to, and whether the learning rate scales it."""

CLIPS = {"global_clipnorm": "clip-norm", "clipvalue": "clip-value"}
"""What Keras calls the wrappers that clip gradients."""

Change = tuple[str, Any]
"""A field and its value, or ``+weight-decay`` or ``+maximize`` and the wrapper's table or None."""


@dataclass(frozen=True)
class Candidate:
    """A built-in optimizer: its name, conventions, numbers and wrappers.

    ``numbers`` are the values that the contender has in the comparison, ``options`` the changes
    that are possible, in groups of which one is chosen at most. ``lr_decay`` is that of PyTorch's
    Adagrad: the learning rate is the schedule ``inverse-time``.
    """

    name: str
    conventions: Mapping[str, Any]
    numbers: Mapping[str, float]
    wrap: tuple[Mapping[str, Any], ...]
    registry: Registry
    options: tuple[tuple[Change, ...], ...] = ()
    lr_decay: float = 0.0

    def made(self, **numbers: Any) -> Optimizer:
        """Return the optimizer, with other numbers where they are given.

        Raises
        ------
        UsageError
            If these fields exclude each other.
        """
        known = parameters(self.registry.load("optimizers", self.name))
        values = {**self.numbers, **{k: v for k, v in numbers.items() if k in known}}
        table = {"name": self.name, **self.conventions, **values, "wrap": [*map(dict, self.wrap)]}
        made: Optimizer = make_wrapped(self.registry, "optimizers", table, self.name)
        return made

    def notation(self, numbers: Mapping[str, float]) -> str:
        """Return it in the short notation with these numbers; defaults are left out."""
        known = parameters(self.registry.load("optimizers", self.name))
        given = {**self.conventions, **{k: v for k, v in numbers.items() if k in self.numbers}}
        if self.lr_decay:
            start = given.get("lr", known["lr"].default)
            given["lr"] = {"schedule": "inverse-time", "start": start, "decay": self.lr_decay}
        fields = {k: given[k] for k in known if k in given and given[k] != known[k].default}
        wrap = [dict(one) for one in self.wrap]
        for one in wrap:
            if one["name"] == "weight-decay" and "weight_decay" in numbers:
                one["decay"] = numbers["weight_decay"]
        return write({"name": self.name, **fields, **({"wrap": wrap} if wrap else {})})

    def with_change(self, change: Change) -> Candidate:
        """Return the candidate with one change."""
        name, value = change
        if not name.startswith("+"):
            return replace(self, conventions={**self.conventions, name: value})
        kept = [one for one in self.wrap if one["name"] != name[1:]]
        if value is None:
            return replace(self, wrap=tuple(kept))
        first = name == "+weight-decay"  # what is around sees the gradient before
        return replace(self, wrap=(value, *kept) if first else (*kept, value))


def changed(base: Candidate, number: int) -> Iterator[Candidate]:
    """Yield a candidate with each choice of so many changes."""
    for groups in combinations(base.options, number):
        for changes in product(*groups):
            candidate = base
            for change in changes:
                candidate = candidate.with_change(change)
            yield candidate


def bases(
    contender: Contender, numbers: Mapping[str, float], first: Contender, registry: Registry
) -> list[Candidate]:
    """Return what the search begins with, the nearest first.

    These are the first contender, if it is a built-in of the same name, and the built-in of the
    contender's name, with what the contender says of itself; without such a name all of them.
    """
    family, wrap = contender.family, contender.wrap
    starts: list[tuple[str, Mapping[str, Any], Sequence[Mapping[str, Any]]]] = []
    if first.registered and family in (first.name, None):
        kept = {k: v for k, v in first.typed.items() if k not in ALIGNED}
        starts += [(first.name, kept, each) for each in _different(wrap, first.wrap)]
    elif family is not None:
        starts.append((family, {}, wrap))
    if family is None:
        starts += [(one, {}, wrap) for one in FAMILIES if one in registry.names("optimizers")]
    if numbers.get("weight_decay"):  # of AdamW, the decay may be another one, and of Adam that
        starts += [("adam", {}, wrap)] if family == "adamw" else []
        starts[:0] = [("adamw", {}, wrap)] if family == "adam" else []
    if family == "rmsprop" and contender.value("bias_correction") is True and "rho" in numbers:
        starts.append(("adam", {"beta1": 0.0, "beta2": numbers["rho"]}, wrap))
    return [
        base
        for name, conventions, around in starts
        for base in _bases(contender, numbers, name, conventions, around, registry)
    ]


def _bases(
    contender: Contender,
    numbers: Mapping[str, float],
    name: str,
    conventions: Mapping[str, Any],
    wrap: Sequence[Mapping[str, Any]],
    registry: Registry,
) -> Iterator[Candidate]:
    known = parameters(registry.load("optimizers", name))
    conventions, options = dict(conventions), []
    for field in known:
        spelled = contender.spelled(field)
        said = None if spelled is None else contender.value(spelled)
        choices = _choices(known[field].annotation, field)
        if field in ALIGNED or not choices:
            continue
        if field in NAMED_VALUES and said is not None:
            conventions[field] = float(said)
        elif said in choices and isinstance(said, (bool, str)):
            conventions[field] = said
        else:
            now = conventions.get(field, known[field].default)
            options.append(tuple((field, value) for value in choices if value != now))
    clips = [(name, contender.value(own)) for own, name in CLIPS.items()]
    clipped = [{"name": name, "max": float(most)} for name, most in clips if most]
    wrap, ascends = (*wrap, *clipped), contender.value("maximize")
    if ascends:
        wrap = ({"name": "maximize"}, *wrap)
    if ascends is None:
        options.append((("+maximize", {"name": "maximize"}),))
    decay, states = numbers.get("weight_decay", 0.0), contender.spelled("weight_decay")
    if states is None:
        tables = [_decay(each, form) for each in DECAYS for form in FORMS]
        options.append(tuple(("+weight-decay", table) for table in tables))
    own = {k: v for k, v in numbers.items() if k in known}
    falls = contender.number("lr_decay") or 0.0
    base = Candidate(name, conventions, own, wrap, registry, tuple(options), falls)
    if "weight_decay" in known or not decay:
        yield base
        return
    for form in FORMS:
        yield base.with_change(("+weight-decay", _decay(decay, form)))


def _different(*wraps: tuple[Mapping[str, Any], ...]) -> list[tuple[Mapping[str, Any], ...]]:
    """Return the wrappers, each choice once."""
    return [wrap for i, wrap in enumerate(wraps) if wrap not in wraps[:i]]


def _decay(decay: float, form: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "weight-decay", "decay": decay, **form}


def _choices(annotation: Any, field: str) -> tuple[Any, ...]:
    """Return the values of a field that is a convention; none if it is not."""
    if field in NAMED_VALUES:
        return NAMED_VALUES[field]
    if annotation is bool:
        return (False, True)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
