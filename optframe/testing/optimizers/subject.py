"""The subject of the checks of optimizers: an optimizer, and the problems that it runs on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.components.parameters import parameters
from optframe.contracts import Optimizer, Problem
from optframe.testing.kit import NotApplicable, require
from optframe.testing.standard_problems import Bowl, Lines, Trough
from optframe.testing.stepping import Walk, serves

__all__ = ["SIZE", "STEPS", "Subject", "same"]

SIZE = 4
STEPS = 12


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the optimizer, and a random generator for the check."""

    component: Optimizer
    random: np.random.Generator

    @property
    def optimizer(self) -> Optimizer:
        """The optimizer."""
        return self.component

    def problems(self, size: int = SIZE) -> list[Problem]:
        """Return the standard problems that support what it needs, each with random parameters."""
        random, center = self.random, self.random.standard_normal(size)
        mix = random.standard_normal((size, size)) / (4 * size)
        a = np.diag(random.uniform(0.5, 2, size)) + mix @ mix.T
        scales, x = random.uniform(0.5, 2, size), random.standard_normal((32, size))
        every: list[Problem] = [Bowl(a, center), Trough(scales, center), Lines(x, center)]
        needs = self.optimizer.requires()
        served = [problem for problem in every if serves(problem, needs)]
        if not served:
            words = ", ".join(sorted(needs))
            raise NotApplicable(f"no standard problem supports all that it needs ({words})")
        return served

    def problem(self, size: int = SIZE) -> Problem:
        """Return the first of them."""
        return self.problems(size)[0]

    def numbers(self) -> dict[str, float]:
        """Return its own numeric hyperparameters other than 0, without those of its components."""
        fields = parameters(type(self.optimizer)).values()
        values = {f.attribute: getattr(self.optimizer, f.attribute) for f in fields if f.number}
        numbers = {name: v for name, v in values.items() if isinstance(v, (float, int)) and v}
        if not numbers:
            raise NotApplicable("it has no numeric hyperparameter other than 0")
        return numbers

    def changed(self, name: str, value: Any) -> Optimizer:
        """Return the optimizer with another value of a hyperparameter."""
        return dataclasses.replace(self.optimizer, **{name: value})  # type: ignore[type-var]

    def batch(self) -> tuple[Problem, Any]:
        """Return a problem and as many starts as it has parameters, so that R = P.

        Equal sizes show a wrong broadcast, which different sizes would turn into an exception.
        """
        if not self.optimizer.vectorized:
            raise NotApplicable("it declares vectorized = False")
        problem = self.problem()
        return problem, problem.start(self.random) + self.random.standard_normal((SIZE, SIZE))


def same(found: Any, expected: Walk, where: str, tolerance: float) -> None:
    """Fail unless the iterates are the expected ones, relative to the distance moved."""
    steps = expected.iterates[: len(found)]
    reach = np.ptp(steps, axis=0).max() + np.abs(steps[0]).max()
    off = np.abs(found - steps).max() if found.shape == steps.shape else math.inf
    require(off <= tolerance * reach, f"{where} it takes other steps: θ differs by {off:.2g}")
