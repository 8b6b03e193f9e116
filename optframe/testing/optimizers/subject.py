"""The subject of the checks of optimizers: an optimizer, and the problems that it runs on."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.components.parameters import parameters
from optframe.contracts import Layout, Optimizer, Problem
from optframe.contracts.optimizer import all_of
from optframe.testing.kit import NotApplicable, require
from optframe.testing.standard_problems import MATRICES, MATRIX, MIXED, Bowl, Lines, Trough
from optframe.testing.stepping import Walk, rehearse, serves

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
        """Return the standard problems that support what it needs, each with random parameters.

        All of them are there on the first of `layouts`, and one on each other.
        """
        layout, *others = self.layouts(size)
        alone = [self._served(other, self.random)[0] for other in others]
        return self._served(layout, self.random) + alone

    def layouts(self, size: int = SIZE) -> list[Layout]:
        """Return the layouts of the standard problems that it runs on.

        For most optimizers this is one block of this size. An optimizer that asks for the layout,
        or refuses one block (by its needs, or with a `UsageError` in its first step), runs on
        several blocks, too, where it does not refuse these.
        """
        single = Layout.single(size)
        asks, refusal = self._rehearse(single)
        if not asks and refusal is None:
            return [single]
        every = [single, MATRIX] if size == 1 else [MIXED, MATRICES, single]
        accepted = [layout for layout in every if self._rehearse(layout)[1] is None]
        if not accepted:
            raise NotApplicable(str(refusal))
        return accepted

    def _rehearse(self, layout: Layout) -> tuple[bool, str | None]:
        """Return whether it asks for the layout, and why it does not run there."""
        served = self._served(layout, np.random.default_rng(0))
        refusal = self.optimizer.refusal(layout)
        if refusal is not None:
            return True, refusal
        if served:
            return rehearse(self.optimizer, served[0])
        words = ", ".join(sorted(self.optimizer.requires()))
        return False, f"no standard problem supports all that it needs ({words})"

    def _served(self, layout: Layout, random: np.random.Generator) -> list[Problem]:
        size = layout.size
        center = random.standard_normal(size)
        mix = random.standard_normal((size, size)) / (4 * size)
        a = np.diag(random.uniform(0.5, 2, size)) + mix @ mix.T
        scales, x = random.uniform(0.5, 2, size), random.standard_normal((32, size))
        every: list[Problem] = [
            Bowl(a, center, blocks=layout),
            Trough(scales, center, layout),
            Lines(x, center, layout),
        ]
        needs = self.optimizer.requires()
        return [problem for problem in every if serves(problem, needs)]

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
        if not all(one.vectorized for one in all_of(self.optimizer)):
            raise NotApplicable("it declares vectorized = False")
        problem = self.problem()
        runs = self.random.standard_normal((problem.size, problem.size))
        return problem, problem.start(self.random) + runs


def same(found: Any, expected: Walk, where: str, tolerance: float) -> None:
    """Fail unless the iterates are the expected ones, relative to the distance moved."""
    steps = expected.iterates[: len(found)]
    reach = np.ptp(steps, axis=0).max() + np.abs(steps[0]).max()
    off = np.abs(found - steps).max() if found.shape == steps.shape else math.inf
    require(off <= tolerance * reach, f"{where} it takes other steps: θ differs by {off:.2g}")
