"""Checks of a problem's contract: starts, shapes, batches, randomness, metrics, imports."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np

from optframe.components.function_problem import FunctionProblem
from optframe.contracts.problem import layout_of
from optframe.errors import PluginError
from optframe.testing import shared
from optframe.testing.kit import (
    CheckFailed,
    NotApplicable,
    available,
    check,
    require,
    require_declared,
)
from optframe.testing.probe_backends import StrictBackend
from optframe.testing.problems.subject import LARGEST_HESSIAN, Subject, close
from optframe.trial.checks import check_metrics, check_start


@check(since=1)
def starts_where_its_seed_says(subject: Subject) -> None:
    """Starts have shape (P,), are finite, and depend on nothing but the seed."""
    problem = subject.problem
    require(isinstance(problem.size, int) and problem.size >= 1, f"its size is {problem.size!r}")
    for draw in (problem.start, problem.random_start):
        starts = [np.asarray(draw(np.random.default_rng(seed))) for seed in (1, 1, 2)]
        for start in starts:
            check_start(problem, start)
            require(np.isfinite(start).all(), "its start is not finite")
        require(np.array_equal(starts[0], starts[1]), "one seed gives two different starts")
        differ = not np.array_equal(starts[0], starts[2])
        if draw == problem.start:
            require_declared(problem, "draws_start", differ, "starts")
        else:
            require(differ, "random_start does not depend on its generator")


@check(since=1)
def keeps_shape_and_precision(subject: Subject) -> None:
    """The loss has shape () and the gradient shape (P,), both in θ's precision."""
    for dtype in ("float64", "float32"):
        problem = subject.bound(dtype)
        theta = subject.point().astype(dtype)
        batch = subject.batch_of(problem)
        both = problem.loss_and_gradient(theta, *batch)  # type: ignore[attr-defined]
        loss, gradient = problem.loss(theta, *batch), problem.gradient(theta, *batch)  # type: ignore[attr-defined]
        for value, shape, name in (
            (loss, (), "loss"),
            (gradient, theta.shape, "gradient"),
            (both[0], (), "loss_and_gradient's loss"),
            (both[1], theta.shape, "loss_and_gradient's gradient"),
        ):
            value = np.asarray(value)
            require(value.shape == shape, f"{name} has shape {value.shape}, expected {shape}")
            require(value.dtype == dtype, f"{name} of a {dtype} θ is {value.dtype}")
        close(both[0], loss, 1e-5, "loss_and_gradient returns another loss than loss")
        close(both[1], gradient, 1e-4, "loss_and_gradient returns another gradient than gradient")


@check(since=1)
def blocks_cover_theta(subject: Subject) -> None:
    """The blocks of its layout have P numbers, and are the same for every instance."""
    try:
        layouts = [layout_of(subject.bound(seed=seed)) for seed in (0, 1)]
    except PluginError as error:
        raise CheckFailed(str(error)) from error
    require(layouts[0] == layouts[1], "another instance has other blocks")


@check(since=1)
def leading_axes_are_runs(subject: Subject) -> None:
    """With leading axes, each run's result is the same as alone."""
    problem = subject.problem
    if not problem.vectorized:
        raise NotApplicable("it declares vectorized = False")
    for runs in ((3,), (2, 3)):
        theta = subject.point(*runs)
        for name in ("loss", "gradient", "hessian", "loss_and_gradient", "metrics"):
            if name not in {*problem.offers(), "metrics"}:
                continue
            if name == "hessian" and problem.size > LARGEST_HESSIAN:
                continue
            whole = problem.metrics if name == "metrics" else subject.word(name)
            together = _arrays(whole(theta))
            for run in np.ndindex(*runs):
                for key, alone in _arrays(whole(theta[run])).items():
                    close(
                        together[key][run], alone, 1e-6, f"{name} of run {run} in a batch of runs"
                    )


@check(since=1)
def answers_are_repeatable(subject: Subject) -> None:
    """The same θ and batch give the same result, and neither is modified."""
    theta = subject.point()
    kept = theta.copy()
    first = np.asarray(subject.word("gradient")(theta)).copy()
    subject.word("loss")(theta + 1)
    again = np.asarray(subject.word("gradient")(theta))
    require(
        np.array_equal(first, again, equal_nan=True),
        "the same arguments give two different results",
    )
    require(np.array_equal(theta, kept), "it writes to θ")


@check(since=1)
def instances_depend_on_their_seed_alone(subject: Subject) -> None:
    """Random constants come only from `instance_random`, and draws_instance declares them."""
    problem = subject.problem
    theta = subject.point()
    answers = []
    for seed in (0, 0, 1):
        bound = subject.bound(seed=seed)
        gradient = bound.gradient(theta, *subject.batch_of(bound))  # type: ignore[attr-defined]
        answers.append([float(bound.metrics(theta)["loss"]), *np.asarray(gradient).tolist()])
    require(
        answers[0] == answers[1], "bound twice with the same seed, it gives two different problems"
    )
    differ = answers[0] != answers[2]
    require_declared(problem, "draws_instance", differ, "instances")


@check(since=1)
def measures_the_loss(subject: Subject) -> None:
    """`metrics` contains the loss; all values are finite at the start, and no name is reserved."""
    values = subject.problem.metrics(subject.start())
    check_metrics(subject.problem, values)
    bad = [name for name, value in values.items() if not np.isfinite(float(value))]
    require(not bad, f"at the start its {', '.join(bad)} is not finite")
    if not subject.problem.draws_batch:
        theta = subject.point()
        found = subject.problem.metrics(theta)["loss"]
        close(found, subject.word("loss")(theta), 1e-12, "the metric loss is not the loss")


@check(since=1)
def computes_with_the_array_standard(subject: Subject) -> None:
    """It uses the functions of self.xp, and works on every device."""
    if subject.problem.draws_batch:
        raise NotApplicable("problems with data may use all functions that NumPy and CuPy share")
    if isinstance(subject.component, FunctionProblem):
        raise NotApplicable("the functions of a FunctionProblem may be written for one library")
    strict = available(StrictBackend())
    problem, theta = subject.bound(backend=strict), subject.point(2)
    for name in ("loss", "gradient", "hessian"):
        if name in problem.offers():
            found = strict.to_numpy(getattr(problem, name)(strict.asarray(theta, "float64")))
            close(found, subject.word(name)(theta), 1e-9, f"{name} on another device")


@check(since=1)
def pickles(subject: Subject) -> None:
    """It can be pickled and sent to a worker."""
    if isinstance(subject.component, FunctionProblem):
        raise NotApplicable("trials of a FunctionProblem run in the process that made it")
    again = pickle.loads(pickle.dumps(subject.component))
    require(
        repr(again) == repr(subject.component),
        "after pickling and unpickling it is not equal to the original",
    )


imports_nothing_heavy = shared.imports_nothing_heavy


def _arrays(answer: Any) -> dict[Any, Any]:
    if isinstance(answer, dict):
        return {key: np.asarray(value) for key, value in answer.items()}
    parts = answer if isinstance(answer, tuple) else (answer,)
    return {place: np.asarray(part) for place, part in enumerate(parts)}
