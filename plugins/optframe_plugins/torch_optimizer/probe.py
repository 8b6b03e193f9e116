"""Finds what a class of torch wants, by twelve steps on a small problem before any run.

The steps go through the code that runs go through. Each way to call the class is tried until one
works: what the constructor takes first, with and without a function for the loss, with a gradient
that can be differentiated.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

import numpy as np
import torch

from optframe import Block, Layout
from optframe_plugins.torch_optimizer import generators
from optframe_plugins.torch_optimizer.construction import construct, forms_of
from optframe_plugins.torch_optimizer.facts import Facts
from optframe_plugins.torch_optimizer.live import Live
from optframe_plugins.torch_optimizer.packing import unpackable

__all__ = ["Asked", "check_construction", "facts_of"]

STEPS = 12
"""The number of steps; in their middle the run is saved and restored."""

MIXED = Layout(
    (
        Block("hidden.weight", (6, 4), "hidden"),
        Block("hidden.bias", (6,), "bias"),
        Block("kernel.weight", (4, 3, 3, 3), "hidden"),
        Block("norm.weight", (4,), "scale"),
    )
)
MATRICES = Layout(
    (Block("hidden.weight", (6, 4), "hidden"), Block("last.weight", (3, 6), "output"))
)


@dataclass(frozen=True)
class Asked:
    """What is probed: a class with parameters, whose ``key`` says what may decide the facts."""

    target: type
    key: str
    component: Any = field(compare=False)


@lru_cache(maxsize=4096)
def facts_of(asked: Asked) -> Facts:
    """Return what a class wants.

    Raises
    ------
    ValueError
        If it fails in every way, with the reason in one line.
    """
    component = asked.component
    failures: list[tuple[int, bool, BaseException]] = []
    with _apart():
        for precision, matrices in (("float64", False), ("float32", False), ("float64", True)):
            for form in forms_of(component.target):
                for second, closure in itertools.product((False, True), repeat=2):
                    facts = Facts(form, closure, second=second, matrices=matrices)
                    runs = _Runs(component, facts, precision)
                    try:
                        return runs.look()
                    except Exception as error:
                        if not second:
                            # Without a closure, an error is the class's own, unless it is this.
                            own = not closure and "closure" not in str(error)
                            failures.append((runs.done, own, error))
    # The way that came furthest failed for the reason that counts.
    most = max(done for done, *_ in failures)
    furthest = [failure for failure in failures if failure[0] == most]
    last = max(furthest[::-1], key=lambda failure: failure[1])[2]
    text = " ".join(str(last).split()) or f"it raises {type(last).__name__}"
    raise ValueError(f"it does not run: {text}" if most else text)


def check_construction(component: Any, facts: Facts) -> None:
    """Raise `ValueError` if a class cannot be made with these values, with its own message."""
    blocks = tuple(MATRICES if facts.matrices else MIXED)
    parameters = [torch.nn.Parameter(torch.zeros(block.shape)) for block in blocks]
    with _apart():
        try:
            construct(component, facts.form, blocks, parameters, named=False)
        except Exception as error:
            raise ValueError(" ".join(str(error).split())) from error


class _Runs:
    """The runs that show what a class wants, if it is called in one way."""

    def __init__(self, component: Any, facts: Facts, precision: str) -> None:
        self.component = component
        self.facts = facts
        self.precision = precision
        self.done = 0
        """How far it has come: 1 if the class can be made, 2 if it does steps."""

    def run(self, facts: Facts, theta: Any = None) -> _Run:
        """Start a run, perhaps from another θ."""
        return _Run(self.component, facts, self.precision, theta)

    def look(self) -> Facts:
        """Return the facts with what the steps show beside them; raise if the class fails."""
        facts = self.facts
        if facts.closure and self._wants_gradient_first():
            facts = replace(facts, before=True)
        with generators.drawn_from() as drawn:
            run = self.run(facts)
            self.done = 1
            run.steps(STEPS // 2)
        run.check_parameters()
        self.done = 2
        if not (facts.closure or run.moved) and self._moves(closure=True):
            raise ValueError("it moves only with a closure")  # which is tried next
        facts = replace(
            facts, draws=frozenset(drawn), keeps=run.keeps_gradient(), prints=run.printed
        )
        return replace(facts, unsaved=self._unsaved(facts))

    def _wants_gradient_first(self) -> bool:
        """Whether NaN as the gradient before a step comes into θ, or a missing gradient fails."""
        spoiled, missing = self.run(self.facts), self.run(self.facts)
        try:
            for _ in range(2):
                spoiled.spoil()
                spoiled.steps(1)
            missing.steps(1)
        except Exception:
            return True
        return not np.isfinite(spoiled.theta).all()

    def _moves(self, closure: bool) -> bool:
        run = self.run(replace(self.facts, closure=closure, before=True))
        with contextlib.suppress(Exception):
            run.steps(STEPS // 2)
        return run.moved

    def _unsaved(self, facts: Facts) -> str | None:
        """Return why a run does not go on to the bit from what is saved in its middle."""
        whole = self.run(facts)
        whole.steps(STEPS // 2)
        plain, theta = whole.live.dump(), whole.theta.copy()
        strange = unpackable(plain)
        if strange is not None:
            return f"its state contains a {strange}"
        whole.steps(STEPS // 2)
        self.run(facts).steps(1)  # what it keeps anywhere else is lost
        again = self.run(facts, theta)
        again.oracle.step = STEPS // 2
        try:
            again.live.load(plain)
            again.steps(STEPS // 2)
        except Exception:
            return "it fails after its state was restored"
        if not np.array_equal(again.theta, whole.theta, equal_nan=True):
            return "it does not go on to the bit after its state was restored"
        return None


class _Run:
    """A run on the small problem."""

    def __init__(self, component: Any, facts: Facts, precision: str, theta: Any) -> None:
        layout = MATRICES if facts.matrices else MIXED
        self.oracle = cast("Any", _Oracle(layout))
        start = (np.random.default_rng(1).normal(size=layout.size) / 4).astype(precision)
        self.component = component
        self.live = Live(component, start if theta is None else theta, self.oracle, facts, False)
        self.theta = start if theta is None else theta
        self.moved = self.printed = False

    def steps(self, number: int) -> None:
        """Do steps; note whether θ has moved and whether the class has printed."""
        before, said = self.theta.copy(), io.StringIO()
        with contextlib.redirect_stdout(said):
            for _ in range(number):
                self.theta = self.live.step(self.theta, self.component, self.oracle)
                self.oracle.step += 1
        self.moved |= not np.array_equal(before, self.theta)
        self.printed |= bool(said.getvalue())

    def spoil(self) -> None:
        """Make every gradient NaN."""
        for parameter in self.live.parameters:
            parameter.grad = parameter.detach().clone().fill_(float("nan"))

    def keeps_gradient(self) -> bool:
        """Whether the optimizer's state shares memory with the gradient."""
        places = {p.grad.untyped_storage().data_ptr() for p in self.live.parameters if _has(p)}
        held = _tensors([*self.live.optimizer.state.values(), *vars(self.live.optimizer).values()])
        mine = {id(parameter) for parameter in self.live.parameters}
        return any(
            tensor.untyped_storage().data_ptr() in places
            for tensor in held
            if id(tensor) not in mine
        )

    def check_parameters(self) -> None:
        """Raise if the optimizer steps other parameters than those that it was given."""
        mine = {id(parameter) for parameter in self.live.parameters}
        groups = self.live.optimizer.param_groups
        if any(id(p) not in mine for group in groups for p in group["params"]):
            raise ValueError("it steps other parameters than those that it was given")


class _Oracle:
    """½ Σ aᵢ (θᵢ − cᵢ)² + nₖᵀθ, with another n in each step."""

    direct = True

    def __init__(self, layout: Layout) -> None:
        draw = np.random.default_rng(0)
        self.layout = layout
        self.step = 0
        self.problem = self.backend = None
        self._a = draw.uniform(0.5, 2, layout.size)
        self._c = draw.normal(size=layout.size) / 4

    @property
    def random(self) -> np.random.Generator:
        return np.random.default_rng((2, self.step))

    def gradient(self, theta: Any) -> Any:
        noise = np.random.default_rng((3, self.step)).normal(size=theta.shape)
        return (self._a * (theta - self._c) + 0.1 * noise).astype(theta.dtype)

    def loss(self, theta: Any) -> float:
        return float(theta @ (self.gradient(theta) - self._a * (theta - self._c) / 2))

    def loss_and_gradient(self, theta: Any) -> tuple[float, Any]:
        return self.loss(theta), self.gradient(theta)

    def hvp(self, theta: Any, v: Any) -> Any:
        return (self._a * v).astype(v.dtype)


def _has(parameter: Any) -> bool:
    return parameter.grad is not None


def _tensors(value: Any) -> Iterator[Any]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(one)


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Leave no trace of the probe: the generators, warnings and standard output."""
    with (
        generators.kept(),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
