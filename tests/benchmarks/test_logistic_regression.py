"""Logistic regression on a9a to f − f* ≤ 1e-8, with l2 = 1/n, against SciPy and scikit-learn.

SciPy minimizes our own function, so that what differs is the method and what it costs beside the
function. scikit-learn minimizes its own, with the largest tolerance that gets as far.
"""

import os
import runpy
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

import optframe
from optframe.components.binder import Binder
from optframe.components.notation import parse
from optframe.contracts.seeds import Seeds
from optframe.trial.run import Run

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
NEAR = 1e-8
RECORDS = 32_561
L2 = 1 / RECORDS
TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)


@dataclass(frozen=True)
class Task:
    """The problem, bound; f*, and the framework's parts."""

    registry: optframe.Registry
    problem: optframe.Problem

    @property
    def goal(self) -> float:
        return self.problem.minimum + NEAR

    def run(self, optimizer: str, **budget) -> Run:
        """Run an optimizer on all records; a clock that nothing interrupts."""
        parts = (self.problem, self.registry.make("optimizers", optimizer))
        sampler = self.registry.make("samplers", "full")
        start = np.zeros(self.problem.size)
        run = RUNS["run_of"](*parts, start, sampler=sampler, budget=budget)
        run.execute()
        return run

    def loss(self, theta) -> float:
        return float(self.problem.loss(theta, self.problem.training))

    def scipys(self) -> SimpleNamespace:
        """SciPy's L-BFGS-B up to the goal: its evaluations, seconds and last θ."""
        problem, batch, goal = self.problem, self.problem.training, self.goal

        def stop(intermediate_result):
            if intermediate_result.fun <= goal:
                raise StopIteration

        began = perf_counter()
        found = minimize(
            lambda theta: problem.loss_and_gradient(theta, batch),
            np.zeros(problem.size),
            jac=True,
            method="L-BFGS-B",
            callback=stop,
            options={"maxcor": 10, "ftol": 0, "gtol": 0, "maxiter": 5000, "maxfun": 10_000},
        )
        return SimpleNamespace(
            seconds=perf_counter() - began, evaluations=found.nfev, theta=found.x
        )

    def scikit_learns(self, solver: str, inputs, tolerance: float) -> SimpleNamespace:
        """A fit of scikit-learn's: its seconds and its θ."""
        model = LogisticRegression(
            C=1 / (L2 * RECORDS), solver=solver, tol=tolerance, max_iter=5000
        )
        began = perf_counter()
        model.fit(inputs, self.problem.dataset.train.targets)
        seconds = perf_counter() - began
        return SimpleNamespace(seconds=seconds, theta=np.append(model.coef_[0], model.intercept_))


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """BLAS with one thread on both sides; more of them stand in each other's way here."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def task():
    if not os.environ.get("OPTFRAME_DATA"):
        pytest.skip("OPTFRAME_DATA, where a9a is, is not set")
    registry = optframe.load_plugins()
    binder = Binder(registry)
    table = parse(f"logistic:data=a9a,l2={L2!r}")
    problem = registry.make("problems", table.pop("name"), table)
    instance = Seeds(0, 0).sequence("instance")
    setting = optframe.Setting(binder.backend("numpy"), "float64", instance, binder.dataset)
    bound = problem.bind(setting)
    assert bound.records == RECORDS
    return Task(registry, bound)


def steps_to_the_goal(task: Task, optimizer: str) -> Run:
    run = task.run(optimizer, steps=2000, target={"loss": task.goal}, target_every=1)
    assert run.status == "converged"
    return run


@pytest.mark.row(
    "L-BFGS to 1e-8 on logistic regression (a9a), evaluations",
    "SciPy's L-BFGS-B",
    "≤ 1.1×",
    place=10,
)
def test_lbfgs_evaluations_against_scipys(pairs, task):
    ours, theirs = steps_to_the_goal(task, "lbfgs"), task.scipys()
    assert task.loss(theirs.theta) <= task.goal
    pairs.benchmark.extra_info.update(ours=ours.counts.gradients, theirs=theirs.evaluations)
    pairs.exactly(ours.counts.gradients / theirs.evaluations)


@pytest.mark.row(
    "L-BFGS to 1e-8 on logistic regression (a9a), time", "SciPy's L-BFGS-B", "≤ 1×", place=10
)
def test_lbfgs_time_against_scipys(pairs, task):
    steps = steps_to_the_goal(task, "lbfgs").k
    assert task.loss(task.run("lbfgs", steps=steps).theta) <= task.goal
    assert task.loss(task.scipys().theta) <= task.goal
    pairs.compare(
        lambda: task.run("lbfgs", steps=steps).clock.seconds, lambda: task.scipys().seconds
    )


@pytest.mark.row(
    "{optimizer} to 1e-8 on logistic regression (a9a), time", "scikit-learn's {solver}"
)
@pytest.mark.parametrize(
    ("optimizer", "solver", "dense"),
    [
        ("lbfgs", "lbfgs", False),
        ("newton", "newton-cholesky", True),
        ("newton", "newton-cg", False),
    ],
)
def test_time_against_scikit_learns(pairs, task, optimizer, solver, dense):
    steps = steps_to_the_goal(task, optimizer).k
    inputs = task.problem.dataset.train.inputs
    inputs = inputs.toarray() if dense else inputs
    tolerance = next(
        tolerance
        for tolerance in TOLERANCES
        if task.loss(task.scikit_learns(solver, inputs, tolerance).theta) <= task.goal
    )
    pairs.benchmark.extra_info.update(tolerance=tolerance)
    pairs.compare(
        lambda: task.run(optimizer, steps=steps).clock.seconds,
        lambda: task.scikit_learns(solver, inputs, tolerance).seconds,
    )


@pytest.mark.row("value and gradient on a9a, {kind}", "textbook NumPy", "≥ 1× faster")
@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_value_and_gradient_against_a_textbook(pairs, task, kind):
    """The textbook folds no bias into the records: margins, logaddexp, expit, two products."""
    dataset = task.problem.dataset
    inputs = dataset.train.inputs if kind == "sparse" else dataset.train.inputs.toarray()
    problem = task.problem
    if kind == "dense":
        problem = problem.bind(problem.setting)
        part = optframe.Part(inputs, dataset.train.targets)
        problem.__dict__["dataset"] = optframe.Dataset("a9a", part, part, part, 2)
    batch = problem.training
    signs = np.where(dataset.train.targets > 0, 1.0, -1.0)

    def textbook(theta):
        w, b = theta[:-1], theta[-1]
        margins = signs * (inputs @ w + b)
        residuals = -signs * expit(-margins) / RECORDS
        loss = np.logaddexp(0, -margins).mean() + 0.5 * L2 * w @ w
        return loss, np.append(inputs.T @ residuals + L2 * w, residuals.sum())

    theta = np.random.default_rng(0).standard_normal(problem.size) / 10
    for ours, theirs in zip(problem.loss_and_gradient(theta, batch), textbook(theta), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-14)

    def seconds(function) -> float:
        began = perf_counter()
        for _ in range(20):
            function(theta)
        return perf_counter() - began

    pairs.compare(
        lambda: seconds(lambda point: problem.loss_and_gradient(point, batch)),
        lambda: seconds(textbook),
    )
