"""What theory says exactly about methods on a quadratic ½hθ², with and without noise.

Derivations: a step is linear in (θ_t, θ_{t−1}), so θ_t is a sum of powers of the roots of its
characteristic polynomial, and with noise an autoregression whose variance is known.
"""

import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.inverse_time import InverseTime
from optframe_problems.functions.quadratic import Quadratic

M, L = 1.0, 100.0
ROOT = np.sqrt(L / M)


def double_root(path, rho, steps=60):
    """θ_t = (a + bt)ρᵗ, with a and b from the first two iterates."""
    a, b = path[0], path[1] / rho - path[0]
    t = np.arange(steps + 1)
    return (a + b * t) * rho**t


@pytest.mark.parametrize(("h", "sign"), [(M, 1), (L, -1)])
def test_heavy_ball_with_its_best_parameters_has_a_double_root(iterate, h, sign):
    """Polyak (1964): ε = 4/(√L + √m)², α = ((√κ − 1)/(√κ + 1))², rate √α at both ends."""
    lr, momentum = 4 / (np.sqrt(L) + np.sqrt(M)) ** 2, ((ROOT - 1) / (ROOT + 1)) ** 2
    found = iterate(Momentum(lr, momentum), lambda theta, k: h * theta, [1.0], 60).iterates[:, 0]
    expected = double_root(found, sign * np.sqrt(momentum))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-10)


def test_nesterov_with_its_best_parameters_has_the_rate_one_minus_one_over_root_kappa(iterate):
    """Nesterov (2004), 2.2.1: ε = 1/L, α = (√κ − 1)/(√κ + 1); at h = m a double root."""
    lr, momentum = 1 / L, (ROOT - 1) / (ROOT + 1)
    found = iterate(Nesterov(lr, momentum), lambda theta, k: M * theta, [1.0], 60).iterates[:, 0]
    np.testing.assert_allclose(found, double_root(found, 1 - 1 / ROOT), rtol=1e-6, atol=1e-10)


def stationary(iterate, random, optimizer, h, sigma, steps=400, runs=20_000):
    """The mean square of θ over many runs, started at 0 and run to equilibrium.

    The variance of a mean square of R normal draws is 2/R, relatively: tests allow five deviations.
    """
    noise = sigma * random.standard_normal((steps, runs, 1))
    found = iterate(optimizer, lambda theta, k: h * theta + noise[k], np.zeros((runs, 1)), steps)
    return (found.iterates[-1] ** 2).mean()


@pytest.mark.parametrize(
    ("optimizer", "h", "rate", "alpha"),
    [
        (SGD(0.1), 2.0, 0.1, 0.0),
        (SGD(0.8), 2.0, 0.8, 0.0),
        (SGD(1.0), 0.5, 1.0, 0.0),
        (Momentum(0.1, 0.5), 2.0, 0.1, 0.5),
        (Momentum(0.4, 0.5), 2.0, 0.4, 0.5),
        (Momentum(0.1, 0.9), 2.0, 0.1, 0.9),
        (Momentum(0.5, 0.9, "torch"), 2.0, 0.5, 0.9),
        (Momentum(0.5, 0.9, "torch", 0.6), 2.0, 0.2, 0.9),
        (Momentum(0.5, 0.9, "average"), 2.0, 0.05, 0.9),
    ],
    ids=repr,
)
def test_the_noise_floor_of_sgd_and_momentum(iterate, random, optimizer, h, rate, alpha):
    """An AR(2) with φ₁ = 1 + α − εh, φ₂ = −α: εσ²(1 + α)/(h(1 − α)(2(1 + α) − εh)).

    ε is the learning rate times the share of each new gradient in b.
    """
    sigma = 0.7
    expected = rate * sigma**2 * (1 + alpha) / (h * (1 - alpha) * (2 * (1 + alpha) - rate * h))
    found = stationary(iterate, random, optimizer, h, sigma)
    assert found == pytest.approx(expected, rel=5 * np.sqrt(2 / 20_000))


@pytest.mark.parametrize(("lr", "momentum"), [(0.1, 0.5), (0.3, 0.5), (0.1, 0.9)])
@pytest.mark.parametrize("form", ["velocity", "keras", "torch"])
def test_the_noise_floor_of_nesterov(iterate, random, form, lr, momentum):
    """With q = 1 − εh: θ_{t+1} = q·(θ_t + α(θ_t − θ_{t−1})) − εξ.

    An AR(2) with φ₁ = (1 + α)q, φ₂ = −αq (Hamilton (1994), Time Series Analysis, eq. 3.4.30), so
    Var θ = εσ²(1 + αq) / (h(1 − αq)(1 + (1 + 2α)q)) and ρ₁ = φ₁ / (1 − φ₂). The other forms keep
    θ + α(θ − θ_{t−1}), whose variance is Var θ · ((1 + α)² + α² − 2α(1 + α)ρ₁).
    """
    h, sigma = 2.0, 0.7
    q = 1 - lr * h
    expected = lr * sigma**2 * (1 + momentum * q)
    expected /= h * (1 - momentum * q) * (1 + (1 + 2 * momentum) * q)
    if form != "velocity":
        correlation = (1 + momentum) * q / (1 + momentum * q)
        ahead = (1 + momentum) ** 2 + momentum**2
        expected *= ahead - 2 * momentum * (1 + momentum) * correlation
    found = stationary(iterate, random, Nesterov(lr, momentum, form), h, sigma)
    assert found == pytest.approx(expected, rel=5 * np.sqrt(2 / 20_000))


def test_steps_of_one_over_hk_reach_the_loss_of_the_mean(iterate, random):
    """With ε_k = 1/(hk), θ_T = −(ξ₁ + … + ξ_T)/(hT): the expected loss is σ²/(2hT)."""
    h, sigma, steps, runs = 2.0, 0.7, 200, 20_000
    schedule = InverseTime(start=1 / h, decay=1.0)
    noise = sigma * random.standard_normal((steps, runs, 1))
    theta = random.standard_normal((runs, 1))  # the first step forgets the start
    for k in range(steps):
        optimizer = SGD(schedule(k, 0.0, 0.0))
        theta = iterate(optimizer, lambda theta, _, k=k: h * theta + noise[k], theta, 1).iterates[1]
    np.testing.assert_allclose(theta, -noise.mean(axis=0) / h, atol=1e-13)
    loss = (0.5 * h * theta**2).mean()
    assert loss == pytest.approx(sigma**2 / (2 * h * steps), rel=5 * np.sqrt(2 / runs))


def test_gradient_descent_has_its_rate_at_both_ends_of_the_spectrum():
    problem = Quadratic(size=6, condition=L, spectrum="linspace")
    found = optframe.minimize(problem, SGD(2 / (M + L)), steps=40, iterates=True).iterates
    rate = (L - M) / (L + M)
    np.testing.assert_allclose(found[:, 0], rate ** np.arange(41), rtol=1e-12)
    np.testing.assert_allclose(found[:, -1], (-rate) ** np.arange(41), rtol=1e-11)
    assert (abs(found[40]) <= rate**40 * (1 + 1e-11)).all()
