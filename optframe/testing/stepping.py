"""Runs an optimizer for some steps outside the loop, and records its calls of the oracle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optframe.contracts import (
    Backend,
    Dataset,
    Layout,
    Optimizer,
    Problem,
    Setting,
    Solver,
    StochasticProblem,
)
from optframe.contracts.oracle import Counts, Oracle, offers
from optframe.contracts.seeds import StackedGenerator
from optframe.errors import UsageError, one_line
from optframe.rules import computing_with
from optframe.testing.probe_backends import PlainBackend
from optframe.trial.checks import check_step
from optframe.trial.schedules import ScheduledFields

__all__ = ["PLAIN", "Walk", "bound", "rehearse", "serves", "walk", "watched"]

PLAIN = PlainBackend()
Change = Callable[[int, Any], Any]
"""Takes the number of earlier oracle calls and an array, and returns what the optimizer gets."""


@dataclass
class Walk:
    """The result of a walk: ``iterates`` (steps + 1, ..., P) on the host, and the final values.

    ``words`` are the names of the oracle's methods that the optimizer called, and ``layout`` if it
    used that. ``spoiled`` are those whose results it overwrote.
    """

    iterates: Any
    theta: Any
    state: Any
    optimizer: Optimizer
    solution: Any
    stopped: str | None
    words: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)


def walk(
    optimizer: Optimizer,
    problem: Problem,
    steps: int,
    theta: Any = None,
    *,
    backend: Backend = PLAIN,
    dtype: str = "float64",
    seed: int = 0,
    plain: Any = None,
    first: int = 0,
    change: Change | None = None,
    words: set[str] | None = None,
) -> Walk:
    """Run an optimizer for ``steps`` steps from θ.

    If ``first`` steps were done before, ``plain`` is what `Optimizer.dump` returned after them.

    For problems with data, a step sees four records, which depend only on the seed and the step.
    An optimizer that needs ``deterministic`` sees all of them. The walk ends early if the optimizer
    stops. The methods that it calls are added to ``words`` as it goes.
    """
    problem = bound(problem, backend, dtype)
    whole = "deterministic" in optimizer.requires()
    fields = ScheduledFields()
    optimizer = fields.own(optimizer)
    problem, words, answers = watched(problem, backend, change, words)
    theta = problem.start(np.random.default_rng(seed)) if theta is None else theta
    theta = backend.asarray(np.array(theta), dtype)
    oracle = _Watching(
        problem,
        backend,
        Counts(),
        lambda step: _generator(theta.shape[:-1], seed, step),
        theta.ndim - 1,
    )
    oracle.words = words
    iterates = [_host(backend, theta)]
    kind = (theta.shape, theta.dtype)
    with computing_with(backend):
        _show(problem, oracle, first, seed, whole)
        fields.set(first, 0.0, lambda k, epoch: 0.0)
        state = optimizer.load(theta, plain, oracle) if first else optimizer.init(theta, oracle)
        for k in range(first, first + steps):
            oracle.step = k
            _show(problem, oracle, k, seed, whole)
            fields.set(k, 0.0, lambda k, epoch: k / (first + steps))
            returned = optimizer.step(theta, state, oracle)
            check_step(optimizer, returned, *kind)
            theta, state = returned
            iterates.append(_host(backend, theta))
            if oracle.stopped is not None:
                break
        solution = optimizer.solution(theta, state) if len(iterates) > 1 else theta
    spoiled = {
        word
        for word, array, kept in answers
        if not np.array_equal(_host(backend, array), kept, equal_nan=True)
    }
    return Walk(
        np.stack(iterates), theta, state, optimizer, solution, oracle.stopped, words, spoiled
    )


def rehearse(optimizer: Optimizer | Solver, problem: Problem) -> tuple[bool, str | None]:
    """Do one step; return whether it asks for the layout, and why it refuses the problem.

    A `UsageError` is a refusal. Whatever else it raises is left to the checks.
    """
    words: set[str] = set()
    try:
        if isinstance(optimizer, Solver):
            seen, words, _ = watched(bound(problem), PLAIN, None)
            oracle = Oracle(seen, PLAIN, Counts(), np.random.default_rng)
            _show(seen, oracle, 0, 0, "deterministic" in optimizer.requires())
            start = PLAIN.asarray(seen.start(np.random.default_rng(0)), "float64")
            optimizer.minimize(start, oracle, lambda theta: False)
        else:
            walk(optimizer, problem, 1, words=words)
    except UsageError as refusal:
        return "layout" in words, one_line(refusal)
    except Exception:
        pass
    return "layout" in words, None


def bound(problem: Problem, backend: Backend = PLAIN, dtype: str = "float64") -> Problem:
    """Return a standard problem, bound to a backend."""
    return problem.bind(Setting(backend, dtype, np.random.SeedSequence(0), _no_dataset))


def serves(problem: Problem, words: frozenset[str]) -> bool:
    """Whether a problem supports all of these needs; one with data does so with whole batches."""
    return words <= offers(problem, None) | {"deterministic"}


class _Watching(Oracle):
    """Also records the uses of ``minimum`` and ``full``, which are not methods of the problem."""

    words: set[str]

    @property
    def minimum(self) -> float:
        self.words.add("minimum")
        return super().minimum

    @property
    def full(self) -> Oracle:
        self.words.add("full")
        return super().full


def watched(
    problem: Problem, backend: Backend, change: Change | None, words: set[str] | None = None
) -> tuple[Problem, set[str], list[tuple[str, Any, Any]]]:
    """Return the same problem, with the names of the methods called and the arrays returned.

    Calls of one method by another are not recorded. ``layout`` is recorded like a method.
    """
    words = set() if words is None else words
    answers: list[tuple[str, Any, Any]] = []
    depth = asked = 0

    def watching(word: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            nonlocal depth, asked
            depth += 1
            try:
                answer = method(*arguments)
            finally:
                depth -= 1
            if depth or word == "metrics":  # the loop calls metrics, not the optimizer
                return answer
            words.add(word)
            parts = answer if isinstance(answer, tuple) else (answer,)
            if change is not None:
                parts = tuple(change(asked, part) for part in parts)
            asked += 1
            for part in parts:
                if getattr(part, "shape", ()) and part is not arguments[0]:
                    answers.append((word, part, _host(backend, part)))
            return parts if isinstance(answer, tuple) else parts[0]

        return ask

    def layout() -> Layout:
        words.add("layout")
        return problem.layout()

    seen = copy.copy(problem)
    seen.__dict__["layout"] = layout
    for word in offers(problem, None) - {"draw", "groups", "layout"} | {"metrics"}:
        method = getattr(problem, word, None)
        if callable(method):
            seen.__dict__[word] = watching(word, method)
    return seen, words, answers


def _generator(runs: tuple[int, ...], seed: int, step: int) -> Any:
    """Return the generator of a step; here all runs of a batch draw the same numbers."""
    if not runs:
        return np.random.default_rng((seed, step))
    return StackedGenerator([np.random.default_rng((seed, step)) for _ in range(runs[0])])


def _show(problem: Problem, oracle: Oracle, k: int, seed: int, whole: bool) -> None:
    if not isinstance(problem, StochasticProblem):
        return
    random = np.random.default_rng((seed, k))
    indices = None if whole else random.integers(problem.records or 1, size=4)
    oracle.see(problem.draw(indices, None if problem.deterministic else random))


def _host(backend: Backend, array: Any) -> Any:
    return np.array(backend.to_numpy(array))


def _no_dataset(name: str) -> Dataset:
    raise LookupError(f"found the data set {name!r}, expected none for a standard problem")
