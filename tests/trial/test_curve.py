"""What a run leaves: its curve, its iterates, the same bits again."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Optimizer
from optframe_plugins.optimizers.sgd import SGD
from optframe_problems.functions.rosenbrock import Rosenbrock


def test_a_run_is_the_loop_by_hand_to_the_bit(rosenbrock, descend):
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=300, iterates=True)
    expected = descend(300, 0.001)
    assert found.iterates.shape == (301, 2)
    np.testing.assert_array_equal(found.iterates, expected)
    np.testing.assert_array_equal(found.theta, expected[-1])
    assert found.loss == pytest.approx(rosenbrock(expected[-1]), rel=1e-13)
    assert found.status == "finished"
    assert found.counts.gradients == 300
    assert found.counts.losses == 0


@dataclass(frozen=True)
class InPlace(Optimizer):
    """Momentum that overwrites θ and its state, as it may."""

    def init(self, theta, oracle):
        return 0 * theta

    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        state *= 0.5
        state -= 0.001 * g
        theta += state
        return theta, state


def test_an_optimizer_may_overwrite_theta_and_its_state(rosenbrock_gradient):
    """What it overwrites is not shared with the untimed first step either."""
    start = np.array([-1.2, 1.0])
    found = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=start, iterates=True)
    theta, v = np.array([-1.2, 1.0]), np.zeros(2)
    for k in range(30):
        np.testing.assert_array_equal(found.iterates[k], theta)
        v = v * 0.5 - 0.001 * rosenbrock_gradient(theta)
        theta = theta + v
    np.testing.assert_array_equal(found.theta, theta)
    assert start.tolist() == [-1.2, 1.0]
    assert found.counts.gradients == 30
    # To find the step of a divergence, the run is repeated.
    found = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=[9.0, 1.0], checkpoints=2)
    exact = optframe.minimize("rosenbrock", InPlace(), steps=30, theta0=[9.0, 1.0], checkpoints=30)
    assert found.status == "diverged"
    assert found.reason == exact.reason == f"at step {len(exact.rows) - 1}"


def test_the_curve_has_the_start_the_checkpoints_and_the_end():
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=100, checkpoints=5)
    assert found.curve["step"].tolist() == [0, 1, 3, 10, 32, 100]
    found = optframe.minimize(
        "rosenbrock", "sgd:lr=0.001", steps=10, checkpoints={"every_steps": 4}
    )
    assert found.curve["step"].tolist() == [0, 4, 8, 10]


def test_each_row_of_the_curve_measures_the_iterate_of_its_step(rosenbrock, descend):
    found = optframe.minimize("rosenbrock", "sgd:lr=0.001", steps=200, checkpoints=20)
    iterates = descend(200, 0.001)
    curve = found.curve
    for _, row in curve.iterrows():
        theta = iterates[int(row["step"])]
        assert row["loss"] == pytest.approx(rosenbrock(theta), rel=1e-12)
        assert [row["theta_0"], row["theta_1"]] == theta.tolist()
        assert row["gradients"] == row["step"]
    assert curve["epoch"].isna().all()
    assert (curve["samples"] == 0).all()
    assert curve["seconds"].is_monotonic_increasing
    assert curve["seconds"].iloc[0] == 0 < curve["seconds"].iloc[-1] <= found.seconds


def test_only_small_problems_keep_theta_in_the_curve():
    assert "theta_0" not in optframe.minimize("quadratic:size=3", "sgd", steps=1).curve
    assert "theta_1" not in optframe.minimize("quadratic:size=1", "sgd", steps=1).curve


def test_the_same_run_twice_is_bit_identical(same_run):
    def run(seed):
        settings = {"epochs": 1, "sampler": "shuffled:batch_size=100", "iterates": True}
        return optframe.minimize("softmax:data=digits", "adam:lr=0.01", seed=seed, **settings)

    first = run(3)
    same_run(run(3), first)
    assert not np.array_equal(run(4).theta, first.theta)


def test_a_given_start_is_used_and_not_modified():
    start = np.array([0.5, 0.5])
    found = optframe.minimize("rosenbrock", "adam:lr=0.1", steps=5, theta0=start, iterates=True)
    assert found.iterates[0].tolist() == [0.5, 0.5]
    assert start.tolist() == [0.5, 0.5]
    with pytest.raises(optframe.UsageError, match=r"theta0 has shape \(3,\); expected \(2,\)"):
        optframe.minimize("rosenbrock", "sgd", steps=1, theta0=np.ones(3))


def test_a_run_in_float32_computes_in_float32():
    found = optframe.minimize("rosenbrock", "adam", steps=3, dtype="float32", iterates=True)
    assert found.theta.dtype == found.iterates.dtype == np.float32


def test_every_backend_runs_the_loop(backend, descend, run_of):
    setting = optframe.Setting(backend, "float64", np.random.SeedSequence(0), None)
    budget = {"steps": 20, "target": 1e-9, "gradient_norm": 1e-9}
    problem = Rosenbrock().bind(setting)
    run = run_of(problem, SGD(lr=0.001), [-1.2, 1.0], budget, backend=backend, iterates=True)
    assert run.error is None
    np.testing.assert_allclose(np.array(run.iterates), descend(20, 0.001), rtol=1e-12)
