import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2

import optframe
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.functions.sphere import Sphere
from optframe_problems.regression.logistic import Logistic
from optframe_problems.transforms.multiplicative_noise import MultiplicativeNoise
from optframe_problems.transforms.noise import Noise
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.shift import Shift

ALARM = 1e-9
"""How often a test of a variance fails though it is right."""


def assert_variance(sample, variance):
    """The sum of squares of n normal numbers with mean 0 is σ² χ²(n)."""
    low, high = chi2.ppf([ALARM / 2, 1 - ALARM / 2], sample.size)
    assert low < (sample**2).sum() / variance < high


def test_gradient_noise_has_the_variance_asked_for(random, bind):
    noisy = bind(Noise(Sphere(40), sigma=0.3))
    theta = random.standard_normal(40)
    seeds = [np.random.default_rng(random.integers(2**60)) for _ in range(200)]
    errors = np.array([noisy.gradient(theta, noisy.draw(None, seed)) - 2 * theta for seed in seeds])
    assert_variance(errors, 0.3**2)
    assert abs(errors.mean()) < 6 * 0.3 / errors.size**0.5
    correlations = np.corrcoef(errors[:, :5].T) - np.eye(5)
    assert abs(correlations).max() < 6 / 200**0.5


def test_answers_of_a_step_share_the_noise(random, bind, slope):
    noisy = bind(Noise(Rosenbrock(), sigma=2.0))
    bare, theta = bind(Rosenbrock()), random.standard_normal(2)
    batch = noisy.draw(None, random)
    gradient = noisy.gradient(theta, batch)
    assert_allclose(gradient, slope(lambda x: noisy.loss(x, batch), theta), rtol=1e-5, atol=1e-5)
    assert abs(gradient - bare.gradient(theta)).max() > 1e-3
    assert_array_equal(noisy.hessian(theta, batch), bare.hessian(theta))
    assert_array_equal(noisy.hvp(theta, theta, batch), bare.hvp(theta, theta))
    assert_array_equal([noisy.partial(theta, i, batch) for i in range(2)], gradient)
    loss, both = noisy.loss_and_gradient(theta, batch)
    assert loss == noisy.loss(theta, batch)
    assert_array_equal(both, gradient)


@pytest.mark.parametrize("kind", [Noise, MultiplicativeNoise])
def test_what_is_measured_has_no_noise(kind, random, bind):
    noisy, bare = bind(kind(Rosenbrock())), bind(Rosenbrock())
    theta = random.standard_normal((3, 2))
    assert_array_equal(noisy.metrics(theta)["loss"], bare.loss(theta))
    assert_array_equal(noisy.loss(theta, noisy.draw(None, None)), bare.loss(theta))
    assert (noisy.minimum, noisy.size) == (0, 2)
    assert_array_equal(noisy.minimizer, [1, 1])
    assert_array_equal(noisy.start(random), [-1.2, 1])


def test_multiplicative_noise_is_one_factor_with_the_variance_asked_for(random, bind):
    noisy = bind(MultiplicativeNoise(Sphere(3), sigma=0.2))
    theta = random.standard_normal(3)
    seeds = [np.random.default_rng(random.integers(2**60)) for _ in range(3000)]
    ratios = np.array([noisy.gradient(theta, noisy.draw(None, s)) / (2 * theta) for s in seeds])
    assert_allclose(ratios, ratios[:, :1] * np.ones(3), rtol=1e-14)
    assert_variance(ratios[:, 0] - 1, 0.2**2)


def test_multiplicative_noise_multiplies_every_answer(random, bind):
    noisy, bare = bind(MultiplicativeNoise(Rosenbrock())), bind(Rosenbrock())
    theta, v = random.standard_normal((2, 2))
    batch = noisy.draw(None, random)
    factor = noisy.loss(theta, batch) / bare.loss(theta)
    assert factor != 1
    for word, arguments in (
        ("gradient", (theta,)),
        ("hessian", (theta,)),
        ("hvp", (theta, v)),
        ("partial", (theta, 1)),
    ):
        found = getattr(noisy, word)(*arguments, batch)
        assert_allclose(found, factor * getattr(bare, word)(*arguments), rtol=1e-12, err_msg=word)
    loss, gradient = noisy.loss_and_gradient(theta, batch)
    assert loss == noisy.loss(theta, batch)
    assert_array_equal(gradient, noisy.gradient(theta, batch))


def test_records_of_noise_have_the_variance_asked_for_and_no_mean(random, bind):
    noisy = bind(Noise(Sphere(2), sigma=3.0, fixed=10_000))
    draws = np.array([noisy.draw(np.array([i]), None).noise for i in range(10_000)])
    assert_allclose(draws.mean(axis=0), [0, 0], atol=1e-14)
    assert_variance(draws, 9.0)
    assert noisy.records == 10_000
    whole = noisy.draw(slice(None), None)
    assert_allclose(whole.noise, [0, 0], atol=1e-14)
    rows = random.integers(10_000, size=32)
    assert_allclose(noisy.draw(rows, None).noise, draws[rows].mean(axis=0), rtol=1e-12)
    assert_allclose(noisy.draw(slice(3, 7), None).noise, draws[3:7].mean(axis=0), rtol=1e-12)


def test_records_of_noise_come_from_the_instance_seed(bind):
    one, same, other = (
        bind(Noise(Sphere(2), fixed=5), seed=seed).draw(slice(0, 1), None).noise
        for seed in (1, 1, 2)
    )
    assert_array_equal(one, same)
    assert (one != other).all()
    assert Noise(Sphere(2), fixed=5).draws_instance
    assert not Noise(Sphere(2)).draws_instance


def test_records_around_records_are_refused():
    message = "records = 7 would give Logistic a second kind of minibatch"
    with pytest.raises(ValueError, match=message):
        Noise(Logistic(), fixed=7)


def test_noise_around_minibatches_adds_to_them(random, bind):
    noisy, bare = bind(Noise(Logistic(), sigma=0.1)), bind(Logistic())
    assert noisy.records == bare.records
    theta, rows = random.standard_normal(bare.size), np.arange(5)
    batch = noisy.draw(rows, random)
    expected = bare.gradient(theta, bare.draw(rows, None)) + batch.noise
    assert_array_equal(noisy.gradient(theta, batch), expected)
    assert abs(batch.noise).max() > 0
    assert_array_equal(noisy.draw(rows, None).noise, np.zeros(bare.size))


def test_every_optimizer_sees_the_same_noise():
    """From θ₀, one step of sgd shows the noise of step 0, whatever is beside it."""
    steps = {
        lr: optframe.minimize("sphere:size=3+noise", f"sgd:lr={lr}", steps=1, seed=5, iterates=True)
        for lr in (0.25, 0.5)
    }
    seen = [(run.iterates[0] - run.iterates[1]) / lr for lr, run in steps.items()]
    assert_allclose(seen[0], seen[1], rtol=1e-13)
    assert abs(seen[0] - 2).min() > 1e-6
    other = optframe.minimize("sphere:size=3+noise", "sgd:lr=0.5", steps=1, seed=6)
    assert (other.theta != steps[0.5].theta).all()


def test_the_order_of_transforms_matters(random, bind):
    """Noise outside of a rotation is drawn in its coordinates; inside, it is turned with it."""
    outside, inside = (
        bind(around, seed=3) for around in (Noise(Rotate(Sphere(3))), Rotate(Noise(Sphere(3))))
    )
    theta = np.zeros(3)
    draws = [np.random.default_rng(11) for _ in range(2)]
    plain = outside.gradient(theta, outside.draw(None, draws[0]))
    turned = inside.gradient(theta, inside.draw(None, draws[1]))
    assert_allclose(inside._back(plain), turned, rtol=1e-13)
    assert abs(plain - turned).max() > 1e-3


def test_flags_follow_the_problem_inside(bind):
    noisy = Noise(Quadratic())
    assert (noisy.draws_batch, noisy.deterministic, noisy.records) == (True, False, None)
    fixed = Noise(Quadratic(), fixed=9)
    assert (fixed.draws_batch, fixed.deterministic, fixed.records) == (True, True, 9)
    assert Shift(noisy).draws_batch
    assert not Shift(noisy).deterministic
    assert not Shift(Quadratic()).draws_batch
    assert Shift(Quadratic()).deterministic
    assert "coordinate_minimum" not in noisy.offers()
    assert {"gradient", "partial", "hvp"} <= noisy.offers()
