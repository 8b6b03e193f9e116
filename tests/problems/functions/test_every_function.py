"""What every registered function owes, checked on each of them in several dimensions.

The transforms of a function without symmetries are in the table, too.
"""

from contextlib import suppress

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
import optframe_problems
from optframe import Function, load_plugins
from optframe.errors import UsageError
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.functions.zakharov import Zakharov
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.scale import Scale
from optframe_problems.transforms.shift import Shift


def every_function():
    for name in optframe_problems.optframe_problems():
        component = REGISTRY.load("problems", name)
        if issubclass(component, Function):
            sized = "size" in component.__dataclass_fields__
            for size in (None, 1, 2, 5) if sized else (None,):
                given = {} if size is None else {"size": size}
                with suppress(UsageError):  # there are dimensions that it does not have
                    problem = optframe.make(name, **given)
                    yield pytest.param(problem, id=f"{name}-{size}" if given else name)


REGISTRY = load_plugins()
VARIANTS = {
    "quadratic-rotated": Quadratic(size=6, condition=50.0, rotate=True),
    "shifted": Shift(Zakharov(3), by=0.7),
    "rotated": Rotate(Zakharov(3)),
    "scaled": Scale(Zakharov(3), condition=9.0, factor=2.5),
    "shifted-rotated-scaled": Shift(Rotate(Scale(Rotate(Zakharov(3)), condition=4.0)), by=-0.3),
}
PROBLEMS = [
    *every_function(),
    *(pytest.param(problem, id=name) for name, problem in VARIANTS.items()),
]
TO_THE_BIT = (Rosenbrock, Quadratic, Shift, Rotate, Scale)
"""Of these a run among others has the bits that it has alone."""


def those_with(fact):
    """The functions that know a fact."""
    return [one for one in PROBLEMS if getattr(one.values[0], fact, None) is not None]


@pytest.fixture(params=PROBLEMS)
def problem(request, bind):
    return bind(request.param)


def points(problem, random, *shape):
    """Points around the start, a tenth away from it in each coordinate."""
    start = np.asarray(problem.start(random), float)
    return start + 0.1 * random.standard_normal((*shape, problem.size))


def derivative(function, theta, step=1e-4):
    """The derivative by each coordinate of one point, on a new last axis.

    Central differences of fourth order in extended precision: their error is about step⁴ times
    the fifth derivative, and needs no analytic continuation (arctan2, abs, maximum have none).
    """
    shift = step * np.eye(theta.size, dtype=np.longdouble)
    near = np.stack([function(theta + s) - function(theta - s) for s in shift], axis=-1)
    far = np.stack([function(theta + 2 * s) - function(theta - 2 * s) for s in shift], axis=-1)
    return (8 * near - far) / (12 * step)


def assert_close(actual, expected, tolerance):
    """Compare arrays up to a share of the largest entry, or of 1/1000 where all are smaller."""
    assert_allclose(actual, expected, rtol=0, atol=tolerance * max(abs(expected).max(), 1e-3))


def test_gradient_is_the_derivative_of_the_loss(problem, random):
    theta = points(problem, random).astype(np.longdouble)
    assert_close(problem.gradient(theta), derivative(problem.loss, theta), 1e-8)


def test_hessian_is_the_derivative_of_the_gradient(problem, random):
    theta = points(problem, random).astype(np.longdouble)
    hessian = problem.hessian(theta)
    assert_close(hessian, derivative(problem.gradient, theta), 1e-8)
    assert_close(hessian, hessian.T, 1e-15)


def test_hvp_is_the_hessian_times_v(problem, random):
    theta = points(problem, random, 4, 3)
    v = random.standard_normal(theta.shape)
    expected = np.matmul(problem.hessian(theta), v[..., None])[..., 0]
    assert_close(problem.hvp(theta, v), expected, 1e-13 * problem.size)


def test_partials_and_the_gradient_beside_the_loss_are_the_gradient(problem, random):
    theta = points(problem, random, 4)
    loss, gradient = problem.loss_and_gradient(theta)
    assert_array_equal(loss, problem.loss(theta))
    assert_array_equal(gradient, problem.gradient(theta))
    for i in range(problem.size) if "partial" in problem.offers() else ():
        assert_allclose(
            problem.partial(theta, i),
            gradient[..., i],
            rtol=1e-12,
            atol=1e-14 * abs(gradient).max(),
        )


@pytest.mark.parametrize(
    "asked", [one for one in PROBLEMS if "coordinate_minimum" in one.values[0].offers()]
)
def test_coordinate_minimum_makes_the_partial_zero_and_the_loss_least(asked, bind, random):
    problem = bind(asked)
    theta = points(problem, random, 5)
    for i in range(problem.size):
        moved = theta.copy()
        moved[..., i] = problem.coordinate_minimum(theta, i)
        curvature = problem.hessian(moved)[..., i, i]
        assert_allclose(problem.partial(moved, i), 0, atol=1e-11 * (1 + abs(curvature).max()))
        lowest = problem.loss(moved)
        assert (lowest <= problem.loss(theta) + 1e-13 * abs(problem.loss(theta))).all()
        for shift in (-0.1, 0.1):
            aside = moved.copy()
            aside[..., i] += shift
            assert (problem.loss(aside) >= lowest - 1e-13 * abs(lowest)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "backend", ["numpy", "strict", pytest.param("cupy", marks=pytest.mark.gpu)]
)
@pytest.mark.parametrize("asked", PROBLEMS)
def test_runs_together_equal_runs_alone(
    asked, backend, dtype, bind, random, answers, on_device, to_numpy
):
    problem, numpy = bind(asked, dtype, backend), bind(asked, dtype)
    theta = points(problem, random, 2, 3)
    v = random.standard_normal(theta.shape)
    together = answers(problem, *on_device(problem, theta, v))
    rounding = 8 * problem.size * np.finfo(dtype).eps
    exactness = 0 if isinstance(asked, TO_THE_BIT) else rounding
    for word, expected in answers(numpy, *on_device(numpy, theta, v)).items():
        assert_close(to_numpy(problem, together[word]), expected, rounding)
    for run in np.ndindex(2, 3):
        alone = answers(problem, *on_device(problem, theta[run], v[run]))
        for word, answer in together.items():
            answer, expected = to_numpy(problem, answer), to_numpy(problem, alone[word])
            assert answer.dtype == dtype, word
            assert answer[run].shape == expected.shape, word
            assert_close(answer[run], expected, exactness)


def test_starts_at_a_point_of_its_size(problem, random):
    start = np.asarray(problem.start(random), float)
    assert start.shape == (problem.size,)
    assert np.isfinite(problem.loss(start))
    if not problem.draws_start:
        assert_array_equal(start, problem.start(np.random.default_rng(5)))
    if problem.minimum is not None and problem.size > 1:
        assert problem.loss(start) > problem.minimum  # else there is nothing to do


def rounding_of_the_minimum(problem):
    start = np.asarray(problem.start(np.random.default_rng(0)), float)
    return 1e-12 * abs(problem.minimum) + 1e-15 * abs(problem.loss(start))


@pytest.mark.parametrize("asked", those_with("minimum"))
def test_nothing_is_lower_than_the_minimum(asked, bind, random):
    problem = bind(asked)
    anywhere = np.asarray(problem.start(random)) + random.standard_normal((200, problem.size))
    assert (problem.loss(anywhere) >= problem.minimum - rounding_of_the_minimum(problem)).all()


@pytest.mark.parametrize("asked", those_with("minimizer"))
def test_minimum_is_reached_at_the_minimizer_and_nothing_nearby_is_lower(asked, bind, random):
    problem = bind(asked)
    tolerance = rounding_of_the_minimum(problem)
    minimizer = np.asarray(problem.minimizer, float)
    assert minimizer.shape == (problem.size,)
    assert problem.loss(minimizer) == pytest.approx(problem.minimum, rel=0, abs=tolerance)
    steepest = abs(problem.hessian(minimizer)).max()
    rounding = 4 * problem.size * np.finfo(float).eps * (1 + abs(minimizer).max())
    assert abs(problem.gradient(minimizer)).max() <= rounding * steepest
    for distance in (1e-4, 1e-2, 1.0):
        nearby = minimizer + distance * random.standard_normal((200, problem.size))
        assert (problem.loss(nearby) >= problem.minimum - tolerance).all()


def test_quadratic_functions_have_a_constant_hessian_and_no_others_do(problem, random):
    theta = points(problem, random, 2)
    hessian = problem.hessian(theta)
    if problem.size > 1:
        assert problem.quadratic == np.allclose(hessian[0], hessian[1], rtol=1e-9, atol=1e-12)
