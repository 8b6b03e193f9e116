"""Coordinate descent against Gauss and Seidel's method, and what it asks for."""

from itertools import pairwise

import numpy as np
import pytest

import optframe
from optframe.testing.standard_problems import Bowl
from optframe_plugins.optimizers.coordinate_descent import CoordinateDescent

A = np.array([[4.0, 1.0, -1.0, 0.5], [1.0, 5.0, 2.0, 0.0], [-1.0, 2.0, 6.0, 1.0], [0.5, 0, 1, 3]])
B = np.array([1.0, -2.0, 0.5, 3.0])
SOLUTION = np.linalg.solve(A, B)
START = np.array([1.0, 1.0, -1.0, 2.0])


def run(method, steps, **given):
    """On f(θ) = ½ θᵀAθ − bᵀθ, but for a constant."""
    return optframe.minimize(
        Bowl(A, SOLUTION), method, steps=steps, theta0=START, iterates=True, **given
    )


def test_exact_steps_in_cyclic_order_are_gauss_and_seidel():
    found = run(CoordinateDescent(), 40).iterates[::4]
    lower, upper = np.tril(A), np.triu(A, 1)
    theta = START
    for sweep in range(1, 11):
        theta = np.linalg.solve(lower, B - upper @ theta)
        np.testing.assert_allclose(found[sweep], theta, rtol=1e-13)


@pytest.mark.parametrize("order", ["cyclic", "random", "greedy"])
@pytest.mark.parametrize("step_rule", ["exact", "gradient"])
def test_each_step_changes_one_coordinate_and_they_lead_to_the_minimum(order, step_rule):
    found = run(CoordinateDescent(order, step_rule, 0.1), 600)
    assert ((np.diff(found.iterates, axis=0) != 0).sum(axis=1) <= 1).all()
    np.testing.assert_allclose(found.theta, SOLUTION, rtol=1e-9)


def test_a_gradient_step_goes_down_the_partial_derivative():
    path = run(CoordinateDescent("cyclic", "gradient", 0.05), 3).iterates
    for k in range(3):
        expected = path[k].copy()
        expected[k] -= 0.05 * (A[k] @ path[k] - B[k])
        np.testing.assert_allclose(path[k + 1], expected, rtol=1e-13)


def test_the_greedy_order_takes_the_steepest_coordinate():
    path = run(CoordinateDescent("greedy"), 10).iterates
    for before, after in pairwise(path):
        (changed,) = np.flatnonzero(after != before)
        assert changed == np.argmax(abs(A @ before - B))


def test_the_random_order_visits_all_coordinates_and_differs_by_seed():
    def visited(seed):
        path = run(CoordinateDescent("random", "gradient", 1e-6), 200, seed=seed).iterates
        return np.argmax(np.diff(path, axis=0) != 0, axis=1)

    first, second = visited(0), visited(1)
    assert np.bincount(first, minlength=4).min() > 25
    assert (first != second).any()
    np.testing.assert_array_equal(first, visited(0))


@pytest.mark.parametrize(
    ("order", "step_rule", "words", "gradients"),
    [
        ("cyclic", "exact", {"coordinate_minimum"}, 2.0),
        ("random", "gradient", {"partial"}, 2.0),
        ("greedy", "gradient", {"gradient"}, 8.0),
        ("greedy", "exact", {"gradient", "coordinate_minimum"}, 10.0),
    ],
)
def test_it_asks_for_what_its_fields_need_and_for_no_more(order, step_rule, words, gradients):
    method = CoordinateDescent(order, step_rule)
    assert method.requires() == words
    assert run(method, 8).counts.gradients == gradients


def test_a_zero_gradient_stops_the_greedy_order():
    found = optframe.minimize(
        "rosenbrock",
        "coordinate-descent:order=greedy,step=gradient",
        steps=5,
        theta0=[1.0, 1.0],
    )
    assert (found.status, found.reason) == ("stopped", "the gradient is zero")
