"""Shift, rotate and scale: their values, derivatives, and the methods that see through them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.functions.trid import Trid
from optframe_problems.functions.zakharov import Zakharov
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.softmax import Softmax
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.scale import Scale
from optframe_problems.transforms.shift import Shift

AROUND = {
    "shift": lambda problem: Shift(problem, by=0.7),
    "rotate": Rotate,
    "scale": lambda problem: Scale(problem, condition=9.0, factor=2.5),
    "all": lambda problem: Shift(Rotate(Scale(Rotate(problem), condition=4.0)), by=-0.3),
}


@pytest.fixture(params=AROUND)
def around(request):
    return AROUND[request.param]


def test_shift_moves_by_one_number_or_by_one_each(random, bind):
    theta = random.standard_normal((4, 2))
    bare = bind(Rosenbrock())
    assert_array_equal(bind(Shift(Rosenbrock(), 0.5)).loss(theta), bare.loss(theta - 0.5))
    moved = bind(Shift(Rosenbrock(), (0.5, -2.0)))
    assert_array_equal(moved.loss(theta), bare.loss(theta - [0.5, -2]))
    assert_allclose(moved.minimizer, [1.5, -1], rtol=1e-15)
    assert_allclose(moved.start(random), [-0.7, -1], rtol=1e-15)


def test_shift_refuses_another_number_of_numbers(bind):
    message = "shift: by has 3 numbers; expected one, or 2, the problem's size"
    with pytest.raises(optframe.UsageError, match=message):
        _ = bind(Shift(Rosenbrock(), (1.0, 2.0, 3.0))).size


def test_scale_gives_a_round_bowl_the_condition_number_asked_for(bind):
    bowl = bind(Scale(Quadratic(4, condition=1.0), condition=1000.0, factor=2.0))
    assert_allclose(np.diag(bowl.hessian(np.ones(4))), 2 * np.geomspace(1, 1000, 4), rtol=1e-13)
    assert_allclose(bowl.start(None), np.geomspace(1, 1000, 4) ** -0.5, rtol=1e-13)


def test_scale_multiplies_loss_and_minimum_and_no_other_metric(random, bind):
    trid = bind(Scale(Trid(), factor=3.0))
    assert trid.minimum == -150
    assert trid.loss(trid.minimizer) == pytest.approx(-150, rel=1e-13)
    softmax, bare = bind(Scale(Softmax("three-clouds"), factor=3.0)), bind(Softmax("three-clouds"))
    theta = random.standard_normal(softmax.size)
    found, expected = softmax.metrics(theta), bare.metrics(theta)
    assert found["loss"] == pytest.approx(3 * expected["loss"], rel=1e-14)
    assert found["test_accuracy"] == expected["test_accuracy"]


def test_rotations_are_orthogonal_and_drawn_from_the_settings_seed(bind):
    def rotation(seed):
        turned = bind(Rotate(Quadratic(6, condition=10.0)), seed=seed)
        return turned.inward(np.eye(6)).T

    q = rotation(1)
    assert_allclose(q.T @ q, np.eye(6), atol=1e-14)
    assert_array_equal(q, rotation(1))
    assert abs(q - rotation(2)).max() > 0.1
    assert Rotate(Rosenbrock()).draws_instance
    assert not Shift(Rosenbrock()).draws_instance
    assert Shift(Rotate(Rosenbrock())).draws_instance


def test_rotations_are_uniform_over_orthogonal_matrices(bind):
    """Of a Haar matrix in 2-d, E Q = 0, E Q₁₁² = ½, E Q₁₁⁴ = 3/8, and det Q = ±1 equally often."""
    q = np.array(
        [bind(Rotate(Rosenbrock()), seed=seed).inward(np.eye(2)).T for seed in range(2000)]
    )
    assert_allclose(q.mean(axis=0), np.zeros((2, 2)), atol=0.08)  # 5 standard deviations
    assert (q[:, 0, 0] ** 2).mean() == pytest.approx(1 / 2, abs=0.04)
    assert (q[:, 0, 0] ** 4).mean() == pytest.approx(3 / 8, abs=0.04)
    assert np.linalg.det(q).mean() == pytest.approx(0, abs=0.12)


def test_two_rotations_are_two_and_the_problem_inside_draws_what_it_draws_alone(bind):
    inside = Quadratic(5, rotate=True)
    twice = bind(Rotate(Rotate(inside)), seed=4)
    basis = np.eye(5)
    assert abs(twice.inward(basis) - twice.problem.inward(basis)).max() > 0.1
    alone = bind(inside, seed=4)
    assert_array_equal(twice.problem.problem.hessian(basis[0]), alone.hessian(basis[0]))


def test_transformed_loss_is_the_loss_at_the_transformed_point(around, random, bind):
    bare, changed = bind(Zakharov(3)), bind(around(Zakharov(3)))
    phi = random.standard_normal((4, 3))
    theta = np.array([outward(changed, point) for point in phi])
    factor = 2.5 if isinstance(changed, Scale) else 1
    assert_allclose(changed.loss(theta), factor * bare.loss(phi), rtol=1e-12)


def outward(problem, phi):
    """Where a point of the innermost problem is in the outermost one's parameters."""
    if not isinstance(problem, optframe.Transform):
        return phi
    return problem._outward(outward(problem.problem, phi))


def test_start_minimum_and_metrics_are_those_of_the_problem_inside(around, random, bind):
    bare, changed = bind(Rosenbrock()), bind(around(Rosenbrock()))
    assert_allclose(changed.start(random), outward(changed, bare.start(random)), rtol=1e-15)
    assert_allclose(changed.loss(changed.minimizer), changed.minimum, atol=1e-25)
    assert_allclose(changed.gradient(changed.minimizer), [0, 0], atol=1e-11)
    theta = random.standard_normal(2)
    assert changed.metrics(theta)["loss"] == changed.loss(theta)
    seeds = [np.random.default_rng(7) for _ in range(2)]
    drawn = outward(changed, bare.random_start(seeds[0]))
    assert_allclose(changed.random_start(seeds[1]), drawn, rtol=1e-14)


def test_derivatives_are_those_of_the_batchs_transformed_loss(around, random, bind, slope):
    changed = bind(around(Logistic("breast-cancer", l2=0.1)))
    batch = changed.draw(np.arange(3, 20), None)
    theta, v = 0.3 * random.standard_normal((2, changed.size))
    hessian = changed.hessian(theta, batch)
    loss = lambda point: changed.loss(point, batch)  # noqa: E731
    gradient = lambda point: changed.gradient(point, batch)  # noqa: E731
    assert_allclose(gradient(theta), slope(loss, theta), atol=1e-6)
    assert_allclose(hessian, slope(gradient, theta), atol=1e-6)
    assert_allclose(changed.hvp(theta, v, batch), hessian @ v, atol=1e-10)
    assert changed.records == changed.problem.records > 0


@pytest.mark.parametrize("kind", [Shift, Scale])
def test_coordinates_still_have_their_minimum_where_the_partial_derivative_vanishes(
    kind, random, bind
):
    changed = bind(kind(Quadratic(4, condition=20.0, rotate=True), 3.0))
    for i in range(4):
        theta = random.standard_normal((3, 4))
        theta[:, i] = changed.coordinate_minimum(theta, i)
        assert_allclose(changed.partial(theta, i), np.zeros(3), atol=1e-12)


def test_it_offers_what_the_problem_inside_offers_and_what_stays_true(bind):
    offers = {
        name: bind(around(inside())).offers()
        for name, around, inside in (
            ("shifted", Shift, Quadratic),
            ("turned", Rotate, Quadratic),
            ("valley", Shift, Rosenbrock),
            ("learning", Shift, lambda: Logistic("breast-cancer")),
        )
    }
    assert {"hessian", "hvp", "partial", "coordinate_minimum"} <= offers["shifted"]
    assert {"hessian", "hvp"} <= offers["turned"]
    assert not {"partial", "coordinate_minimum"} & offers["turned"]
    assert "partial" in offers["valley"]
    assert "coordinate_minimum" not in offers["valley"]
    assert {"hessian", "hvp", "draw"} <= offers["learning"]
    assert bind(Rotate(Quadratic())).quadratic
    assert not bind(Rotate(Rosenbrock())).quadratic


@pytest.mark.parametrize("method", ["sgd:lr=0.002", "momentum:lr=0.001", "newton"])
@pytest.mark.parametrize("change", ["rotate", "shift:by=2.5"])
def test_methods_without_coordinates_walk_the_changed_path(method, change):
    bare = optframe.minimize("zakharov:size=3", method, steps=8, iterates=True).iterates
    found = optframe.minimize(f"zakharov:size=3+{change}", method, steps=8, iterates=True).iterates
    changed = optframe.make(f"zakharov:size=3+{change}")
    if change == "rotate":  # some rotation maps one path to the other: all angles are the same
        assert_allclose(found @ found.T, bare @ bare.T, rtol=1e-9, atol=1e-12)
        assert abs(found - bare).max() > 1e-3
    else:
        assert_allclose(found, changed._outward(bare), rtol=1e-11)


def test_gradient_descent_takes_the_same_minibatch_steps_turned(random):
    bare, turned = (
        optframe.minimize(name, "sgd:lr=0.5", steps=20, sampler="shuffled:batch_size=10", seed=3)
        for name in ("logistic", "logistic+rotate")
    )
    assert turned.loss == pytest.approx(bare.loss, rel=1e-9)
    assert abs(turned.theta - bare.theta).max() > 1e-3


def test_newton_takes_the_same_steps_in_other_units():
    bare, scaled = (
        optframe.minimize(name, "newton", steps=6, iterates=True)
        for name in ("rosenbrock", "rosenbrock+scale:condition=100,factor=7")
    )
    assert_allclose(scaled.iterates * [1, 10], bare.iterates, rtol=1e-9)
