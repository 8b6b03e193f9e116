"""Solvers, which own their loop."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import optimize

import optframe
from optframe import Solver
from optframe.contracts.seeds import Seeds
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_problems.functions.rosenbrock import Rosenbrock

EVERY = {"every_steps": 1}


@dataclass(frozen=True)
class Reporting(Solver):
    """Gradient descent that owns its loop, and ends when it is told to."""

    lr: float = 0.001
    own_end: int = 10**9

    def minimize(self, theta, oracle, report):
        for _ in range(self.own_end):
            theta = theta - self.lr * oracle.gradient(theta)
            if not report(theta):
                break
        return theta


@dataclass(frozen=True)
class Raising(Reporting):
    """The same, ended by an exception."""

    def minimize(self, theta, oracle, report):
        def checked(theta):
            if not report(theta):
                raise StopIteration
            return True

        return super().minimize(theta, oracle, checked)


@pytest.mark.parametrize("solver", [Reporting, Raising])
def test_a_solver_is_measured_and_counted_as_an_optimizer_is(solver, same_run):
    for lr, settings in (
        (0.001, {"steps": 100, "checkpoints": 5}),
        (0.001, {"steps": 100, "checkpoints": {"every_steps": 7}}),
        (0.001, {"steps": 3000, "target": 4.0}),
        (0.001, {"steps": 100, "target": 25.0}),
        (0.001, {"gradients": 37}),
        (1.0, {"steps": 100, "checkpoints": EVERY}),  # which diverges
    ):
        found = optframe.minimize("rosenbrock", solver(lr), iterates=True, **settings)
        expected = optframe.minimize("rosenbrock", SGD(lr=lr), iterates=True, **settings)
        same_run(found, expected)
        assert found.reason == expected.reason


@pytest.mark.parametrize(("checkpoints", "steps"), [(3, [0, 1, 5]), (EVERY, [0, 1, 2, 3, 4, 5])])
def test_a_solver_that_ends_by_itself_has_stopped(checkpoints, steps, rosenbrock, descend):
    found = optframe.minimize(
        "rosenbrock", Reporting(own_end=5), steps=100, checkpoints=checkpoints
    )
    assert found.status == "stopped"
    assert found.reason == "the solver ended by itself"
    assert found.curve["step"].tolist() == steps
    assert found.loss == pytest.approx(rosenbrock(descend(5, 0.001)[-1]))


@pytest.mark.parametrize("checkpoints", [EVERY, 60])
def test_a_solver_sees_the_batch_of_each_step(checkpoints, squares, same_run):
    settings = {"epochs": 2, "sampler": Shuffled(batch_size=4), "checkpoints": checkpoints}
    found = optframe.minimize(squares(), Reporting(lr=0.1), iterates=True, **settings)
    same_run(found, optframe.minimize(squares(), SGD(lr=0.1), iterates=True, **settings))
    assert found.counts.samples == found.curve["samples"].iloc[-1] == 20


def test_a_solver_may_use_one_buffer_for_all_its_iterates(descend):
    @dataclass(frozen=True)
    class Buffered(Solver):
        def minimize(self, theta, oracle, report):
            buffer = theta.copy()
            while True:
                buffer -= 0.001 * oracle.gradient(buffer)
                going = report(buffer)
                if not going:
                    buffer[:] = 999
                    raise StopIteration

    found = optframe.minimize("rosenbrock", Buffered(), steps=10)
    np.testing.assert_array_equal(found.theta, descend(10, 0.001)[-1])


def test_a_solvers_own_draws_are_new_at_each_step():
    @dataclass(frozen=True)
    class Searching(Solver):
        needs = frozenset()

        def minimize(self, theta, oracle, report):
            while report(theta + 0.01 * oracle.random.standard_normal(theta.shape)):
                pass
            return theta

    found = optframe.minimize("rosenbrock", Searching(), steps=8, iterates=True)
    moves = found.iterates[1:] - found.iterates[0]
    expected = [Seeds(0, 0).generator("optimizer", k).standard_normal(2) for k in range(8)]
    np.testing.assert_allclose(moves, 0.01 * np.array(expected), rtol=1e-12)


@dataclass(frozen=True)
class Scipy(Solver):
    """scipy.optimize.minimize."""

    needs = frozenset({"loss_and_gradient"})
    method: str = "BFGS"

    def minimize(self, theta, oracle, report):
        def function(x):
            loss, gradient = oracle.loss_and_gradient(x)
            return float(loss), gradient

        def callback(intermediate_result):
            if not report(intermediate_result.x):
                raise StopIteration

        return optimize.minimize(function, theta, jac=True, method=self.method, callback=callback).x


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG"])
def test_scipys_minimizer_gets_counts_and_a_curve(method, rosenbrock, rosenbrock_gradient):
    path = []

    def callback(intermediate_result):
        path.append(intermediate_result.x.copy())

    alone = optimize.minimize(
        lambda x: (rosenbrock(x), rosenbrock_gradient(x)),
        [-1.2, 1.0],
        jac=True,
        method=method,
        callback=callback,
    )
    found = optframe.minimize("rosenbrock", Scipy(method), steps=1000, iterates=True)
    assert found.status == "stopped"
    assert found.counts.gradients == found.counts.losses == alone.nfev
    np.testing.assert_allclose(found.iterates[1:], path, rtol=1e-6)
    np.testing.assert_allclose(found.theta, alone.x, rtol=1e-6)
    assert found.curve["step"].iloc[-1] == len(path)
    losses = [rosenbrock(theta) for theta in found.iterates]
    steps = found.curve["step"].astype(int)
    np.testing.assert_allclose(found.curve["loss"], np.array(losses)[steps], rtol=1e-9)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG"])
def test_scipys_minimizer_ends_when_the_budget_is_spent(method):
    found = optframe.minimize("rosenbrock", Scipy(method), steps=5, iterates=True)
    assert found.status == "finished"
    assert found.iterates.shape == (6, 2)
    assert found.curve["step"].iloc[-1] == 5
    np.testing.assert_array_equal(found.theta, found.iterates[-1])
    found = optframe.minimize("rosenbrock", Scipy(method), steps=1000, target=1e-3)
    assert found.status == "converged"
    assert found.loss <= 1e-3 < found.curve["loss"].iloc[-2]


def test_a_solver_that_raises_fails_with_what_was_measured(run_of):
    class Broken(Reporting):
        def minimize(self, theta, oracle, report):
            report(theta)
            report(theta)
            raise RuntimeError("no way")

    run = run_of(Rosenbrock(), Broken())
    assert run.status == "failed"
    assert run.reason == "RuntimeError: no way"
    assert [row[0] for row in run.rows] == [0, 1, 2]


def test_a_solver_that_ends_with_stop_iteration_is_measured_where_it_got_to(descend):
    class Leaving(Reporting):
        def minimize(self, theta, oracle, report):
            super().minimize(theta, oracle, report)
            raise StopIteration

    found = optframe.minimize("rosenbrock", Leaving(own_end=3), steps=100)
    np.testing.assert_array_equal(found.theta, descend(3, 0.001)[-1])
    assert (found.status, found.curve["step"].iloc[-1]) == ("stopped", 3)


@dataclass(frozen=True)
class GivesUp(Solver):
    """It returns where the gradient is no number, and says nothing."""

    def minimize(self, theta, oracle, report):
        report(theta)
        oracle.gradient(theta)
        return theta


def test_a_solver_that_ends_at_a_gradient_of_nan_has_diverged():
    lost = optframe.FunctionProblem(
        loss=lambda x: float(x @ x), gradient=lambda x: x * np.nan, theta0=[1.0, 2.0]
    )
    found = optframe.minimize(lost, GivesUp(), steps=9)
    assert found.status == "diverged"
