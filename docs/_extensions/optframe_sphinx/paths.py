"""The paths of optimizers on a poorly conditioned quadratic, each at its best learning rate."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import optframe
from optframe.components.binder import Binder
from optframe.components.notation import parse
from optframe.components.parameters import parameters
from optframe.contracts.seeds import Seeds
from optframe.study.settings import RunSettings
from optframe_sphinx.pictures import plain

__all__ = ["BESIDE", "GRADIENTS", "PROBLEM", "RATES", "SEED", "STEPS", "TUNING", "Course", "Race"]

PROBLEM = "quadratic:size=2,condition=50,rotate=true"
SEED = 4
"""Turns the valley so that it crosses the picture, with the start on one of its slopes."""

GRADIENTS = 60
STEPS = 2 * GRADIENTS
"""Ends what asks for no gradients; a step of one coordinate costs half of one."""

SETTLED = 1e-12
"""A loss at which the picture shows no distance to the minimum."""

BESIDE = "sgd"
"""What all others are drawn beside."""

RATES = [float(f"{rate:.3g}") for rate in np.geomspace(1e-3, 1e3, 49)]
TUNING = (
    "Of those with which the loss never rises above that of the start, the best is the one whose "
    "largest loss in the last third of the gradient evaluations is the smallest: neither a lucky "
    "last step nor a leap that happens to end well counts."
)
OUTSIDE = ("diverged", "failed", "skipped")


@dataclass(frozen=True)
class Course:
    """One optimizer's run.

    ``optimizer`` in the short notation, without a learning rate where that changes nothing;
    ``lr`` the learning rate that was chosen, or None; ``points`` (steps + 1, 2); ``curve``, one
    row per step.
    """

    optimizer: str
    name: str
    lr: float | None
    points: Any
    curve: pd.DataFrame

    @property
    def label(self) -> str:
        """What the legend says."""
        rate = "" if self.lr is None else f", lr = {self.lr:g}"
        return f"{self.name}{rate}: {self.outcome}"

    @property
    def outcome(self) -> str:
        """What it cost to come to the minimum, or what loss was left after all."""
        above = np.flatnonzero(~(self.curve["loss"].to_numpy() <= SETTLED))
        last = int(above[-1]) + 1
        row = self.curve.iloc[min(last, len(self.curve) - 1)]
        cost = _count(row["step"], "step")
        if row["step"] != row["gradients"] or row["hessians"] or row["hvps"]:
            asked = {"gradient": row["gradients"], "Hessian": row["hessians"]}
            asked["Hessian-vector product"] = row["hvps"]
            words = [_count(number, word) for word, number in asked.items() if number]
            cost += f" ({', '.join(words)})"
        if last < len(self.curve):
            return f"at the minimum after {cost}"
        return f"{cost}, loss {plain(row['loss'])}"


def _count(number: float, word: str) -> str:
    return f"{number:g} {word}" + ("" if number == 1 else "s")


class Race:
    """Optimizers of a registry, and gradient descent, on one quadratic from one start.

    A learning rate is tuned by a study over a grid, by the rule of `TUNING`.
    """

    def __init__(self, registry: optframe.Registry, names: Iterable[str]) -> None:
        self.registry = registry
        known = registry.names("optimizers")
        self.names = [name for name in known if name in {*names, BESIDE}]

    @cached_property
    def problem(self) -> optframe.Function:
        """The quadratic that all of them ran on."""
        binder = Binder(self.registry)
        problem: optframe.Function = optframe.make(PROBLEM).bind(
            optframe.Setting(
                backend=binder.backend("numpy"),
                dtype="float64",
                seed=Seeds(SEED, 0).sequence("instance"),
                dataset=binder.dataset,
            )
        )
        return problem

    def course(self, name: str) -> Course | str:
        """Return the run of an optimizer, or why there is none."""
        trials = self._trials[self._trials["optimizer_name"] == name]
        if trials.empty:
            return self._refused[name]
        fit = trials[~trials["status"].isin(OUTSIDE)]
        if fit.empty:
            return f"{trials['status'].iloc[0]}: {trials['reason'].iloc[0]}"
        scores = self._scores[fit["optimizer"]]
        tuned = scores.nunique() > 1
        label = str(scores.idxmin())
        table = parse(label)
        given = {key: value for key, value in table.items() if key != "name"}
        optimizer = self.registry.make("optimizers", name, given)
        run = optframe.minimize(
            PROBLEM,
            optimizer,
            gradients=GRADIENTS,
            steps=STEPS,
            seed=SEED,
            iterates=True,
            checkpoints={"every_steps": 1},
        )
        return Course(
            optimizer=label if tuned else name,
            name=name,
            lr=given["lr"] if tuned else None,
            points=run.iterates,
            curve=run.curve,
        )

    @cached_property
    def _refused(self) -> dict[str, str]:
        """Why an optimizer cannot be made from its defaults."""
        refused = {}
        for name in self.names:
            required = [
                field.name
                for field in parameters(self.registry.load("optimizers", name)).values()
                if field.required and field.name != "lr"
            ]
            if required:
                refused[name] = f"it has no default for {', '.join(required)}"
        return refused

    @cached_property
    def _results(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        optimizers = []
        for name in self.names:
            if name not in self._refused:
                fields = parameters(self.registry.load("optimizers", name))
                tuned = "lr" in fields and fields["lr"].number
                optimizers.append({"name": name, **({"lr": RATES} if tuned else {})})
        study = optframe.Study(
            name="paths",
            seed=SEED,
            seeds=1,
            budget={"gradients": GRADIENTS, "steps": STEPS},
            optimizers=optimizers,
            problems=[PROBLEM],
            run=RunSettings(checkpoints={"every_steps": 1}),
        )
        with tempfile.TemporaryDirectory() as folder:
            results = optframe.run(study, Path(folder) / "paths", registry=self.registry)
            return results.trials, results.curves

    @property
    def _trials(self) -> pd.DataFrame:
        return self._results[0]

    @cached_property
    def _scores(self) -> pd.Series:
        """What tuning makes smallest, by trial; infinite where the loss rises above the start's."""
        curves = self._results[1]
        trials = curves.groupby("optimizer")
        last = trials["step"].transform("max") == curves["step"]
        late = curves[last | (curves["gradients"] > GRADIENTS * 2 / 3)]
        score = late.groupby("optimizer")["loss"].max()
        return score.where(trials["loss"].max() <= trials["loss"].first(), np.inf)

    @cached_property
    def plain(self) -> Course | None:
        """Gradient descent's run, beside which the others are drawn, where it is registered."""
        course = self.course(BESIDE) if BESIDE in self.names else None
        return None if isinstance(course, str) else course
