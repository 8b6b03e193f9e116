"""The end of a solver inside its step, when a budget is spent."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Solver
from optframe.contracts.oracle import Counts
from optframe.testing.stepping import PLAIN
from optframe.trial.limited import LimitedOracle, SpentError
from optframe_problems.functions.rosenbrock import Rosenbrock

THETA = np.array([-1.2, 1.0])


@dataclass(frozen=True)
class Asking(Solver):
    """It asks 7 times in each of its steps; the library around it catches every exception."""

    word: str = "gradient"
    steps: int = 10**9

    @property
    def needs(self):
        return frozenset({self.word})

    def minimize(self, theta, oracle, report):
        for _ in range(self.steps):
            for _ in range(7):
                try:
                    getattr(oracle, self.word)(theta)
                except Exception:
                    return theta + 99
            theta = theta + 0.001
            if not report(theta):
                break
        return theta


def test_a_budget_of_gradients_ends_a_solver_inside_its_step():
    found = optframe.minimize("rosenbrock", Asking(), gradients=17, iterates=True)
    assert (found.status, found.reason) == ("finished", None)
    assert found.counts.gradients == 17
    # Two steps and a third one, which was cut short and has not moved θ.
    assert found.curve["step"].iloc[-1] == 3
    moves = found.iterates - found.iterates[0]
    np.testing.assert_allclose(moves[:, 0], [0, 0.001, 0.002, 0.002], atol=1e-15)
    assert found.curve["gradients"].iloc[-1] == 17
    assert found.curve["loss"].iloc[-1] == found.loss == Rosenbrock().loss(found.theta)


def test_a_budget_that_is_less_than_one_step_ends_at_the_start():
    found = optframe.minimize("rosenbrock", Asking(), gradients=3)
    assert (found.status, found.counts.gradients) == ("finished", 3)
    np.testing.assert_array_equal(found.theta, THETA)
    assert found.curve["step"].tolist() == [0, 1]
    assert found.curve["gradients"].tolist() == [0, 3]


@pytest.mark.parametrize(("word", "each"), [("loss", 1 / 3), ("gradient", 1), ("hvp", 2)])
def test_a_budget_of_work_counts_every_answer(word, each):
    class Once(Asking):
        def minimize(self, theta, oracle, report):
            while True:
                getattr(oracle, word)(*((theta, theta) if word == "hvp" else (theta,)))

    found = optframe.minimize("rosenbrock", Once(word), work=4)
    assert found.status == "finished"
    assert found.counts.work == pytest.approx(4)
    assert found.curve["work"].iloc[-1] == pytest.approx(4)


def test_a_budget_of_seconds_ends_a_step_that_would_not_end():
    class Endless(Asking):
        def minimize(self, theta, oracle, report):
            while True:
                oracle.loss(theta)

    found = optframe.minimize("rosenbrock", Endless("loss"), seconds=0.01)
    assert (found.status, found.curve["step"].tolist()) == ("finished", [0, 1])
    assert found.seconds >= 0.01


def test_a_budget_of_steps_alone_limits_no_answer():
    found = optframe.minimize("rosenbrock", Asking(), steps=3)
    assert found.counts.gradients == 21


@pytest.mark.parametrize(
    "ask",
    [
        lambda oracle: oracle.loss(THETA),
        lambda oracle: oracle.gradient(THETA),
        lambda oracle: oracle.loss_and_gradient(THETA),
        lambda oracle: oracle.hessian(THETA),
        lambda oracle: oracle.hvp(THETA, THETA),
        lambda oracle: oracle.partial(THETA, 0),
        lambda oracle: oracle.through(lambda g: g).gradient(THETA),
        lambda oracle: oracle.counted(gradients=1).__enter__(),
    ],
)
def test_every_answer_is_refused_and_not_counted_once_it_is_spent(ask):
    spent = False
    oracle = LimitedOracle(lambda: spent, Rosenbrock(), PLAIN, Counts(), np.random.default_rng)
    ask(oracle)
    before = oracle.counts.work
    assert before > 0
    spent = True
    with pytest.raises(SpentError):
        ask(oracle)
    assert oracle.counts.work == before
