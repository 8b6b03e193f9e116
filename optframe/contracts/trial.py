"""A trial: one optimizer on one problem with one seed, with its budget, as plain data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil, inf, isfinite
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt

from optframe.contracts.seeds import Seeds
from optframe.errors import encodable, printable

__all__ = [
    "BUDGETS",
    "NO_SAMPLER",
    "STAGES",
    "STARTS",
    "Budget",
    "Checkpoints",
    "Component",
    "Trial",
    "canonical",
    "trial_name",
]


@dataclass(frozen=True)
class Component:
    """The name and the parameters of a component of a trial.

    ``parameters`` are all parameters, defaults included, as canonical JSON; wrappers and transforms
    are under ``wrap``. A field that was added to a published class is there only if it is given, so
    that cells stay as they were. ``label`` is the component's name in tables and figures: in the
    short notation, with the parameters that the study gives.
    """

    name: str
    parameters: str
    label: str

    @property
    def values(self) -> dict[str, Any]:
        """The parameters as a dictionary."""
        values: dict[str, Any] = json.loads(self.parameters)
        return values


def canonical(values: Mapping[str, Any]) -> str:
    """Return plain data as JSON in a fixed order; floats keep every bit."""
    # Escaped, a lone surrogate is valid JSON, and reads as what it was.
    return encodable(_in_order(values))


_in_order = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
"""Made once, since thousands of trials are hashed."""


STARTS = ("standard", "random")
"""The starts of a trial: the problem's own start, or a random one around it."""


MOST_TRIALS = 1_000_000
"""The most trials of a study, and seeds of each: more would neither be planned nor read in time."""

LAST_STEP = 2**53
"""The largest number of a step: the largest that a curve's float64 counts exactly."""

AtLeastOne = Annotated[int, Ge(1)]
Steps = Annotated[int, Ge(1), Le(LAST_STEP), "a whole number from 1 to 2**53"]
SeedCount = Annotated[int, Ge(1), Le(MOST_TRIALS), f"a whole number from 1 to {MOST_TRIALS:,}"]
StudySeed = Annotated[int, Ge(0), Lt(2**128), "a whole number from 0 to 2**128 - 1"]
CheckpointCount = Annotated[int, Ge(1), Le(1_000_000), "a whole number from 1 to 1,000,000"]
Parallel = Annotated[int, Ge(1), Le(4096), "a whole number from 1 to 4,096"]
Retries = Annotated[int, Ge(0), Le(1000), "a whole number from 0 to 1,000"]
MoreThanNothing = Annotated[float, Gt(0), Lt(inf)]


Goal = Annotated[
    float | dict[str, float],
    "a finite number, or a table of one metric and its value, as { test_accuracy = 0.95 }",
]
"""The target of a budget, as it is given."""

BUDGETS = ("steps", "epochs", "gradients", "work", "seconds")
"""What a budget can limit."""

STAGES = ("tune", "final")
"""Whether a trial searches for hyperparameters, or is judged."""

NO_SAMPLER = Component("none", "{}", "none")
"""The sampler of trials whose problem has no data."""


@dataclass(frozen=True)
class Budget:
    """The conditions that end a run: a spent budget, a reached target, or no progress.

    Parameters
    ----------
    steps, epochs, gradients, work, seconds
        The budget, of which at least one is required: the number of steps, of passes over the data,
        of gradient evaluations, the cost of all evaluations in gradients over all the data (see
        `optframe.contracts.counts.PRICES`), and the seconds of work (checkpoints do not count).
    target
        One metric with its value (``{"test_accuracy": 0.95}``); the run ends when it is reached.
        The metric ``gap`` is f − f*, and a number alone is a gap if f* is known and a loss if not.
    gradient_norm
        The run ends when ‖∇f(θ)‖ is at most this value.
    patience
        The run ends after this number of checkpoints without a better loss: that of the validation
        records (``validation_loss``) if the problem measures it.
    target_every
        The number of steps between two tests of ``target`` and ``gradient_norm`` on problems with
        data. If a test succeeds, the run goes back to the first step since the test before at which
        it would have succeeded. On problems without data they are tested after every step.

    Raises
    ------
    ValueError
        If no budget is given, ``target`` has more than one metric, or its value is not finite.

    Examples
    --------
    >>> import optframe
    >>> print(optframe.Budget(steps=1000, target=1e-6))
    steps 1000, target 1e-06
    """

    steps: Steps | None = None
    epochs: MoreThanNothing | None = None
    gradients: MoreThanNothing | None = None
    work: MoreThanNothing | None = None
    seconds: MoreThanNothing | None = None
    target: Goal | None = None
    gradient_norm: MoreThanNothing | None = None
    patience: AtLeastOne | None = None
    target_every: Steps = 100

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in BUDGETS):
            raise ValueError(f"no budget is given; expected at least one of {', '.join(BUDGETS)}")
        if isinstance(self.target, dict):
            if len(self.target) != 1:
                raise ValueError(
                    f"target: found {len(self.target)} metrics, expected one, as in "
                    "{ test_accuracy = 0.95 }"
                )
            object.__setattr__(self, "target", next(iter(self.target.items())))
        if self.target is not None:
            _, value = self.goal or ("", 0.0)
            if not isfinite(value):
                raise ValueError(f"target: found {value}, expected a finite number")

    @cached_property
    def asked(self) -> dict[str, Any]:
        """All parameters; the trials of a study share few budgets, so that it is made once."""
        return dataclasses.asdict(self)

    @cached_property
    def json(self) -> str:
        """All parameters as canonical JSON."""
        return canonical(self.asked)

    @property
    def table(self) -> dict[str, Any]:
        """The given parameters as a table of a study file."""
        given = {name: value for name, value in self.asked.items() if value is not None}
        if isinstance(self.target, tuple):
            given["target"] = dict([self.target])
        return given

    @property
    def goal(self) -> tuple[str, float] | None:
        """The target as (metric, value); a number alone counts as a loss, see `aimed`."""
        if self.target is None or isinstance(self.target, tuple):
            return self.target
        return ("loss", float(self.target))  # type: ignore[arg-type]

    def steps_in(self, per_epoch: int | None) -> int | None:
        """Return the number of steps; None if the budget limits neither steps nor epochs.

        ``per_epoch`` is the number of steps in a pass over the data; None if there is no data.
        """
        limits = [] if self.steps is None else [self.steps]
        if self.epochs is not None and per_epoch is not None:
            # The least part of an epoch is a step, and the largest number of epochs is a number.
            steps = min(round(self.epochs * per_epoch, 9), LAST_STEP)
            limits.append(max(1, ceil(steps)))
        return min(limits, default=None)

    def aimed(self, minimum_known: bool) -> Budget:
        """Return the budget with the metric of its target: a number alone is a gap or a loss."""
        if self.target is None or isinstance(self.target, tuple):
            return self
        metric = "gap" if minimum_known else "loss"
        return dataclasses.replace(self, target={metric: float(self.target)})  # type: ignore[arg-type]

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        shown = dict(self.asked)
        every = shown.pop("target_every")
        if isinstance(self.target, tuple):
            shown["target"] = f"{self.target[0]} {self.target[1]:g}"
        parts = [
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in shown.items()
            if value is not None
        ]
        return ", ".join(parts) + (f", target_every {every}" if every != 100 else "")


@dataclass(frozen=True)
class Checkpoints:
    """When a run is measured.

    By default there are ``count`` checkpoints, spaced logarithmically. With ``every_steps`` or
    ``every_epochs`` there is a checkpoint after each n steps or epochs instead.
    """

    count: CheckpointCount = 60
    every_steps: Steps | None = None
    every_epochs: MoreThanNothing | None = None

    @cached_property
    def asked(self) -> dict[str, Any]:
        """All parameters; the trials of a study share them, so that it is made once."""
        return dataclasses.asdict(self)

    @cached_property
    def json(self) -> str:
        """All parameters as canonical JSON."""
        return canonical(self.asked)


@dataclass(frozen=True)
class Trial:
    """One optimizer on one problem with one sampler and one seed: a unit of work of a study.

    A trial is frozen plain data, so that it can be pickled and hashed. ``skip`` is the reason why
    it does not run; None if it runs. ``contender`` is the name under which the settings of a grid
    are compared together; None without a grid. A trial of the stage ``tune`` has the ``number`` of
    its setting, the ``round`` in which it was proposed, the repetition of the whole tuning
    (``study``), and the number of steps ``until`` the tuner pauses it. Where several contenders of
    a study that tunes come to the same setting, each has a trial of its own: ``twin`` is its number
    among them, and None for the first.
    """

    optimizer: Component
    problem: Component
    sampler: Component
    seed: int
    study_seed: int
    budget: Budget
    checkpoints: Checkpoints
    start: str
    backend: str
    dtype: str
    threads: int
    code: str
    skip: str | None = None
    measure: tuple[str, ...] = ()
    profile: bool = False
    stage: str = "final"
    contender: str | None = None
    study: int | None = None
    number: int | None = None
    round: int | None = None
    until: int | None = None
    twin: int | None = None
    origin: str = "planned"

    def but(self, **fields: Any) -> Trial:
        """Return this trial with other values of some fields.

        It is what `dataclasses.replace` returns, in a fifth of the time: thousands are planned.
        """
        other = object.__new__(type(self))
        known = {name: value for name, value in vars(self).items() if name not in ("cell", "key")}
        vars(other).update(known, **fields)
        return other

    @property
    def pair(self) -> str:
        """The labels of its optimizer and problem: ``"adam:lr=0.1 on rosenbrock"``."""
        return trial_name(self.optimizer.label, self.problem.label)

    @property
    def name(self) -> str:
        """What messages call it: the pair, the sampler of a problem with data, and the seed."""
        labels = self.optimizer.label, self.problem.label, self.sampler.label
        return trial_name(*labels, self.seed)

    @property
    def seeds(self) -> Seeds:
        """The generators of its run; those of tuning are never those of final trials."""
        return Seeds(self.study_seed, self.seed, self.study if self.stage == "tune" else None)

    @cached_property
    def cell(self) -> str:
        """The hash of what the trial does: components, seed, budget, checkpoints and start.

        Code, backend, dtype and threads are not part of it.
        """
        seed = [self.seed] if self.stage == "final" else [self.stage, self.study, self.seed]
        # Limits that are not given and are newer than the first stores leave cells as they were.
        newer = {"work"} if self.budget.work is None else ()
        budget = {name: value for name, value in self.budget.asked.items() if name not in newer}
        asked: dict[str, Any] = {
            "optimizer": [self.optimizer.name, self.optimizer.parameters],
            "problem": [self.problem.name, self.problem.parameters],
            "sampler": [self.sampler.name, self.sampler.parameters],
            "seed": [self.study_seed, *seed],
            "budget": budget,
            "checkpoints": self.checkpoints.asked,
            "start": self.start,
        }
        if self.twin is not None:
            asked["twin"] = self.twin
        return _hash(asked)

    @cached_property
    def key(self) -> str:
        """The hash of the cell, of everything that changes its result, and of what is measured."""
        where = [self.code, self.backend, self.dtype, self.threads]
        measured = [*self.measure, *(["profile"] if self.profile else [])]
        return _hash([self.cell, *where, *([measured] if measured else [])])


def trial_name(
    optimizer: str, problem: str, sampler: str = NO_SAMPLER.label, seed: int | None = None
) -> str:
    """Return what messages call a trial, made from labels; without a seed it is left out."""
    drawn = "" if sampler == NO_SAMPLER.label else f", {sampler}"
    numbered = "" if seed is None else f", seed {seed}"
    # Labels may be a stranger's.
    return printable(f"{optimizer} on {problem}{drawn}{numbered}", "")


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical({"": value}).encode()).hexdigest()[:32]
