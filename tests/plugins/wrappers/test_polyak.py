import numpy as np
import pytest

import optframe
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.polyak import Polyak


@pytest.mark.parametrize("after", [0, 5])
def test_the_solution_is_the_mean_of_the_iterates(iterate, random, after):
    gradients, start = random.standard_normal((30, 4)), random.standard_normal(4)
    optimizer = Polyak(SGD(lr=0.3), after)
    plain = iterate(SGD(lr=0.3), gradients, start, 30).iterates
    found = iterate(optimizer, gradients, start, 30)
    np.testing.assert_array_equal(found.iterates, plain)
    solution = optimizer.solution(found.iterates[-1], found.state)
    np.testing.assert_allclose(solution, plain[1 + after :].mean(axis=0), rtol=1e-12)


def test_before_averaging_begins_the_iterate_itself_is_measured(iterate, random):
    gradients, start = random.standard_normal((4, 3)), random.standard_normal(3)
    optimizer = Polyak(SGD(lr=0.3), after=10)
    found = iterate(optimizer, gradients, start, 4)
    solution = optimizer.solution(found.iterates[-1], found.state)
    np.testing.assert_allclose(solution, found.iterates[-1], rtol=1e-15)


def test_checkpoints_measure_the_mean():
    found = optframe.minimize("quadratic", Polyak(SGD(lr=0.001)), steps=10, iterates=True)
    np.testing.assert_allclose(found.theta, found.iterates[1:].mean(axis=0), rtol=1e-13)


def test_averaging_beats_the_noise_floor(iterate, random):
    """On ½hθ² with gradient noise σ, T·Var(mean) tends to σ²/h², whatever the learning rate."""
    h, sigma, steps, runs = 2.0, 0.5, 4_000, 2_000
    noise = sigma * random.standard_normal((steps, runs, 1))
    optimizer = Polyak(SGD(lr=0.2))
    found = iterate(optimizer, lambda theta, k: h * theta + noise[k], np.zeros((runs, 1)), steps)
    mean = optimizer.solution(found.iterates[-1], found.state)
    # The variance of a sample variance of R normal draws is 2/(R − 1), relatively: 5 deviations.
    assert steps * mean.var() == pytest.approx(sigma**2 / h**2, rel=5 * np.sqrt(2 / runs) + 0.01)


def test_a_negative_beginning_is_refused():
    with pytest.raises(ValueError, match="after"):
        Polyak(SGD(), after=-1)
