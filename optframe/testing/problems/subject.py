"""The subject of the checks of problems: a problem, bound to a backend, with points and batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optframe.contracts import Backend, Dataset, Problem, Setting, StochasticProblem
from optframe.testing.kit import NotApplicable, require
from optframe.testing.probe_backends import ReadOnlyBackend

__all__ = ["LARGEST_HESSIAN", "Subject", "close", "some"]

DIRECTIONS = 6
LARGEST_HESSIAN = 300


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the problem, the source of its data, a generator for the check."""

    component: Problem
    dataset: Callable[[str], Dataset]
    random: np.random.Generator

    def bound(
        self, dtype: str = "float64", backend: Backend | None = None, seed: int = 0
    ) -> Problem:
        """Return the problem, bound to a backend with read-only arrays."""
        backend = backend or ReadOnlyBackend()
        return self.component.bind(
            Setting(backend, dtype, np.random.SeedSequence(seed), self.dataset)
        )

    @cached_property
    def problem(self) -> Problem:
        """The problem in float64."""
        return self.bound()

    @cached_property
    def batch(self) -> tuple[Any, ...]:
        """The arguments after θ in its methods: none, or one batch."""
        return self.batch_of(self.problem)

    def batch_of(self, problem: Problem) -> tuple[Any, ...]:
        """Return the same batch of the problem bound to another backend."""
        if not (isinstance(problem, StochasticProblem) and problem.draws_batch):
            return ()
        records = problem.records
        indices = None if records is None else np.arange(min(16, records))
        return (problem.draw(indices, np.random.default_rng(1)),)

    def word(self, name: str) -> Callable[..., Any]:
        """Return one of the problem's oracle methods as a function without the batch."""
        if name not in self.problem.offers():
            raise NotApplicable(f"it does not support {name}")
        method = getattr(self.problem, name)
        return lambda *arguments: method(*arguments, *self.batch)

    def start(self) -> Any:
        """Return a start."""
        return np.asarray(self.problem.start(np.random.default_rng(0)), np.float64)

    def point(self, *runs: int) -> Any:
        """Return read-only points near the start, shape (*runs, P)."""
        start = self.start()
        noise = self.random.standard_normal((*runs, self.problem.size))
        theta = start + 0.1 * np.maximum(1.0, np.abs(start)) * noise
        theta.flags.writeable = False
        return theta

    def directions(self, theta: Any) -> list[Any]:
        """Return every axis of a small problem, and random directions of a large one."""
        scale = np.maximum(1.0, np.abs(theta))
        size = theta.shape[0]
        if size <= DIRECTIONS:
            return list(np.diag(scale))
        return list(scale * self.random.standard_normal((DIRECTIONS, size)) / np.sqrt(size))


def close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    """Fail unless two arrays agree, relative to the largest entry."""
    found, expected = np.asarray(found), np.asarray(expected)
    require(
        found.shape == expected.shape,
        f"{what}: found shape {found.shape}, expected {expected.shape}",
    )
    reach = np.abs(expected).max(initial=0.0)
    off = np.abs(found - expected).max(initial=0.0)
    require(off <= tolerance * reach or off == 0, f"{what}: differs by {off:.2g} of {reach:.2g}")


def some(subject: Subject, size: int) -> list[int]:
    """Return a few random ones of ``size`` coordinates."""
    indices = subject.random.choice(size, min(size, DIRECTIONS), replace=False)
    return [int(i) for i in indices]
