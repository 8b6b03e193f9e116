import numpy as np
import pytest

import optframe
from optframe import FunctionProblem
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.schedules.constant import Constant
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_problems.functions.quadratic import Quadratic

FORMS = ("velocity", "torch", "average")


@pytest.mark.parametrize(
    ("form", "tau"),
    [("velocity", 0.0), ("torch", 0.0), ("torch", 0.25), ("torch", 0.9), ("average", 0.0)],
)
@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.99])
def test_on_a_constant_gradient_the_velocity_is_a_geometric_sum(iterate, alpha, form, tau):
    """b_t = s₁·α^(t−1)·g + s·g·(1 − α^(t−1)) / (1 − α), s the gradient's share, s₁ the first's."""
    g, lr = np.array([3.0, -0.5]), 0.1
    found = iterate(Momentum(lr, alpha, form, tau), g, np.zeros(2), 200)
    fading = alpha ** np.arange(200)[:, None]
    first, share = (1 - alpha, 1 - alpha) if form == "average" else (1, 1 - tau)
    b = g * (first * fading + share * (1 - fading) / (1 - alpha))
    np.testing.assert_allclose(np.diff(found.iterates, axis=0), -lr * b, rtol=1e-10)
    kept = -lr * b[-1] if form == "velocity" else b[-1]
    np.testing.assert_allclose(found.state.v, kept, rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("form", FORMS)
def test_it_follows_its_formula(assert_follows, random, form, alpha):
    lr, tau = random.uniform(0.01, 0.2), random.uniform(0.1, 0.9) if alpha else 0.0

    def velocity(theta):
        v = 0.0
        while True:
            gradient = yield theta, theta
            v = alpha * v - lr * gradient
            theta = theta + v

    def torch(theta):
        b = None
        while True:
            gradient = yield theta, theta
            b = gradient if b is None else alpha * b + (1 - tau) * gradient
            theta = theta - lr * b

    def average(theta):
        b = 0.0
        while True:
            gradient = yield theta, theta
            b = alpha * b + (1 - alpha) * gradient
            theta = theta - lr * b

    rule = {"velocity": velocity, "torch": torch, "average": average}[form]
    assert_follows(Momentum(lr, alpha, form, tau if form == "torch" else 0.0), rule)


@pytest.mark.parametrize("form", FORMS)
def test_a_falling_rate_is_inside_of_the_velocity_and_outside_of_the_others(form):
    """With a constant gradient g, per g: v_k = −Σ α^(k−j)·ε_j, and ε_k·b_k = ε_k·Σ α^(k−j)·s."""
    alpha, slope, steps = 0.8, np.array([2.0, -1.0]), 60
    rate = InverseTime(start=0.5, decay=0.1)
    problem = FunctionProblem(
        loss=lambda theta: theta @ slope, gradient=lambda theta: slope, theta0=np.zeros(2)
    )
    found = optframe.minimize(
        problem, Momentum(rate, alpha, form), steps=steps, iterates=True
    ).iterates
    k = np.arange(steps)
    rates = 0.5 / (1 + 0.1 * k)
    powers = np.tril(alpha ** np.abs(k[:, None] - k))
    inside = powers @ rates
    outside = rates * powers.sum(axis=1)
    expected = {"velocity": inside, "torch": outside, "average": (1 - alpha) * outside}[form]
    np.testing.assert_allclose(np.diff(found, axis=0), -expected[:, None] * slope, rtol=1e-10)
    assert (inside[1:] > 1.04 * outside[1:]).all()  # what was gathered keeps its higher rates


def test_dampenings_that_differ_between_runs_give_the_bits_of_each_run_alone(iterate, random):
    momentum, dampening = np.array([[0.9], [0.3], [0.77]]), np.array([[0.0], [0.4], [0.9]])
    gradients = random.standard_normal((50, 3, 4))
    together = iterate(Momentum(0.1, momentum, "torch", dampening), gradients, np.zeros((3, 4)), 50)
    for run in range(3):
        optimizer = Momentum(0.1, float(momentum[run, 0]), "torch", float(dampening[run, 0]))
        alone = iterate(optimizer, gradients[:, run], np.zeros(4), 50)
        np.testing.assert_array_equal(together.iterates[:, run], alone.iterates)


@pytest.mark.parametrize("form", ["velocity", "average"])
def test_dampening_is_torchs(form):
    with pytest.raises(ValueError, match=f"the form 'torch', found form '{form}'"):
        Momentum(form=form, dampening=0.1)
    with pytest.raises(optframe.UsageError, match=f"the form 'torch', found form '{form}'"):
        optframe.make("momentum", form=form, dampening={"schedule": "constant", "value": 0.1})


def test_dampening_needs_a_momentum_which_may_be_scheduled():
    for zero in (0.0, 0):
        with pytest.raises(ValueError, match="dampening needs a momentum above 0"):
            Momentum(momentum=zero, form="torch", dampening=0.1)
    scheduled = Momentum(momentum=Constant(0.0), form="torch", dampening=Constant(0.5))
    found = optframe.minimize("quadratic:size=2,condition=1", scheduled, steps=2, iterates=True)
    np.testing.assert_allclose(found.iterates[:, 0], [1, 0.99, 0.99 * 0.995], rtol=1e-14)


@pytest.mark.parametrize("alpha", [0.5, 0.9])
@pytest.mark.parametrize("factor", [0.99, 1.01])
@pytest.mark.parametrize(
    ("form", "tau"), [("velocity", 0.0), ("torch", 0.0), ("torch", 0.5), ("average", 0.0)]
)
def test_it_is_stable_up_to_two_times_one_plus_alpha_over_the_largest_eigenvalue(
    form, tau, alpha, factor
):
    """z² − (1 + α − εsL)z + α has a root −1 at εsL = 2(1 + α), s the gradient's share in b."""
    largest, share = 50.0, 1 - alpha if form == "average" else 1 - tau
    found = optframe.minimize(
        Quadratic(size=3, condition=largest),
        Momentum(factor * 2 * (1 + alpha) / (share * largest), alpha, form, tau),
        steps=4000,
        theta0=[0.0, 0.0, 1.0],
    )
    assert (found.status == "diverged") is (factor > 1)
    if factor < 1:
        assert np.linalg.norm(found.theta) < 1e-15
