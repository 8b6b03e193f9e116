"""What the checks of problems look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe.contracts import Backend, Dataset, Problem, Setting, StochasticProblem
from optframe.contracts.oracle import offers
from optframe.testing.kit import NotApplicable, require
from optframe.testing.probe_backends import ReadOnlyBackend

__all__ = ["LARGEST_HESSIAN", "Subject", "close", "some"]

DIRECTIONS = 6
LARGEST_HESSIAN = 300


@dataclass(frozen=True)
class Subject:
    """What a check looks at: the problem, where its data is, a generator for what it draws."""

    unbound: Problem
    dataset: Callable[[str], Dataset]
    random: np.random.Generator

    def bound(
        self, dtype: str = "float64", backend: Backend | None = None, seed: int = 0
    ) -> Problem:
        """Return the problem, living on a backend whose arrays refuse to be written to."""
        backend = backend or ReadOnlyBackend()
        return self.unbound.bind(
            Setting(backend, dtype, np.random.SeedSequence(seed), self.dataset)
        )

    @cached_property
    def problem(self) -> Problem:
        """The problem in float64."""
        return self.bound()

    @cached_property
    def batch(self) -> tuple[Any, ...]:
        """What follows θ in its methods: nothing, or one batch."""
        return self.batch_of(self.problem)

    def batch_of(self, problem: Problem) -> tuple[Any, ...]:
        """Return the same batch of the problem bound elsewhere."""
        if not (isinstance(problem, StochasticProblem) and problem.draws_batch):
            return ()
        records = problem.records
        indices = None if records is None else np.arange(min(16, records))
        return (problem.draw(indices, np.random.default_rng(1)),)

    def word(self, name: str) -> Callable[..., Any]:
        """Return the problem's answer to a word as a function of all but the batch."""
        if name not in offers(self.problem, None):
            raise NotApplicable(f"it offers no {name}")
        method = getattr(self.problem, name)
        return lambda *arguments: method(*arguments, *self.batch)

    def start(self) -> Any:
        """Return a start."""
        return np.asarray(self.problem.start(np.random.default_rng(0)), np.float64)

    def point(self, *runs: int) -> Any:
        """Return points near the start, shape (*runs, P), that refuse to be written to."""
        start = self.start()
        noise = self.random.standard_normal((*runs, self.problem.size))
        theta = start + 0.1 * np.maximum(1.0, np.abs(start)) * noise
        theta.flags.writeable = False
        return theta

    def directions(self, theta: Any) -> list[Any]:
        """Return every axis of a small problem, and drawn directions of a large one."""
        scale = np.maximum(1.0, np.abs(theta))
        size = theta.shape[0]
        if size <= DIRECTIONS:
            return list(np.diag(scale))
        return list(scale * self.random.standard_normal((DIRECTIONS, size)) / np.sqrt(size))


def close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Fail unless two arrays agree to a share of the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    require(found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}")
    reach = np.abs(expected).max(initial=0.0)
    off = np.abs(found - expected).max(initial=0.0)
    require(off <= tolerance * reach or off == 0, f"{what}: off by {off:.2g} of {reach:.2g}")


def some(subject: Subject, size: int) -> list[int]:
    """Return a few of so many coordinates, drawn."""
    indices = subject.random.choice(size, min(size, DIRECTIONS), replace=False)
    return [int(i) for i in indices]
