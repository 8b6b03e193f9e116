"""Runs that diverge, and the step at which they do."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem, Optimizer
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_plugins.schedules.linear import Linear

EVERY = {"every_steps": 1}


@pytest.mark.parametrize("lr", [0.02, 1.0])
@pytest.mark.parametrize("checkpoints", [2, 20, {"every_steps": 1}])
@pytest.mark.parametrize("target", [None, 1e-30])
def test_divergence_is_found_at_the_step_where_it_happened(
    lr, checkpoints, target, rosenbrock, descend
):
    found = optframe.minimize(
        "rosenbrock", f"sgd:lr={lr}", steps=500, checkpoints=checkpoints, target=target
    )
    expected = None
    with np.errstate(all="ignore"):
        for k, theta in enumerate(descend(500, lr)):
            norm = np.sqrt(np.sum(theta * theta))
            if not (np.isfinite(rosenbrock(theta)) and norm <= 1e10 * np.hypot(1.2, 1)):
                expected = k
                break
    assert found.status == "diverged"
    assert found.reason == f"at step {expected}"
    last = found.curve.iloc[-1]
    assert last["step"] >= expected
    if checkpoints == {"every_steps": 1} or target is not None:
        assert last["step"] == expected


@pytest.mark.parametrize("checkpoints", [2, 60, {"every_steps": 1}])
def test_slow_divergence_is_found_at_the_step_where_theta_passed_the_limit(checkpoints):
    """|θ_k| = 1.02^k, against 1e10 times max(1, |θ₀|)."""
    found = optframe.minimize(
        "quadratic:size=1", "sgd:lr=2.02", steps=2000, checkpoints=checkpoints
    )
    assert found.status == "diverged"
    assert found.reason == f"at step {np.ceil(10 * np.log(10) / np.log(1.02)):.0f}"


def test_what_diverged_is_kept_as_it_was(rosenbrock, descend):
    found = optframe.minimize(
        "rosenbrock", "sgd:lr=1.0", steps=100, checkpoints=EVERY, iterates=True
    )
    expected = descend(100, 1.0)
    steps = found.curve["step"].astype(int)
    np.testing.assert_array_equal(found.iterates, expected[: steps.iloc[-1] + 1])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            found.curve["loss"], [rosenbrock(expected[k]) for k in steps], rtol=1e-12
        )


def test_a_run_far_away_has_diverged_though_its_loss_is_finite():
    @dataclass(frozen=True)
    class Runaway(Optimizer):
        def step(self, theta, state, oracle):
            return 10 * theta, state

    flat = FunctionProblem(loss=lambda x: 1.0, gradient=lambda x: 0 * x, theta0=[100.0] * 3)
    found = optframe.minimize(flat, Runaway(), steps=50, checkpoints=3)
    # |θ₀| = 173; the limit is 1e10 times that, which is passed at step 11.
    assert found.status == "diverged"
    assert found.reason == "at step 11"
    assert optframe.minimize(flat, Runaway(), steps=10).status == "finished"


def test_a_start_that_is_no_number_has_diverged_at_step_zero():
    found = optframe.minimize("rosenbrock", "sgd", steps=5, theta0=[np.nan, 1.0])
    assert found.status == "diverged"
    assert found.reason == "at step 0"
    assert len(found.rows) == 1


def test_divergence_under_noise_schedules_and_state_is_found_at_the_exact_step(squares):
    optimizer = Momentum(lr=Linear(0.01, 10.0, 1000), momentum=0.9)
    settings = {"steps": 1000, "sampler": Shuffled(batch_size=3)}

    def run(checkpoints):
        return optframe.minimize(
            squares(noisy=True), optimizer, checkpoints=checkpoints, **settings
        )

    exact, rough = run(EVERY), run(2)
    assert exact.status == rough.status == "diverged"
    assert exact.reason == rough.reason == f"at step {len(exact.rows) - 1}"
