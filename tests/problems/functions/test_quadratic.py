import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from optframe_problems.functions.quadratic import Quadratic


def test_starts_at_ones():
    assert_array_equal(Quadratic(size=6).start(np.random.default_rng(0)), np.ones(6))


def test_loss_on_a_case_worked_by_hand(bind):
    problem = bind(Quadratic(size=3, condition=9.0, spectrum="linspace"))
    assert problem.loss(np.array([1.0, 2.0, -1.0])) == 0.5 * (1 * 1 + 5 * 4 + 9 * 1)
    assert_array_equal(problem.gradient(np.array([1.0, 2.0, -1.0])), [1, 10, -9])


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize(
    ("spectrum", "eigenvalues"),
    [
        ("linspace", [1, 25.75, 50.5, 75.25, 100]),
        ("logspace", [1, 10**0.5, 10, 10**1.5, 100]),
        ("clustered", [1, 1.05, 1.1, 100 / 1.1, 100]),
    ],
)
def test_hessian_has_the_eigenvalues_asked_for(bind, spectrum, eigenvalues, rotate):
    problem = bind(Quadratic(5, 100.0, spectrum, rotate))
    hessian = problem.hessian(np.zeros(5))
    assert_allclose(np.linalg.eigvalsh(hessian), eigenvalues, rtol=1e-12)
    assert_allclose(np.linalg.cond(hessian), 100, rtol=1e-11)


@pytest.mark.parametrize("spectrum", ["linspace", "logspace", "clustered"])
@pytest.mark.parametrize("rotate", [False, True])
def test_one_parameter_and_condition_one_work(bind, spectrum, rotate):
    alone = bind(Quadratic(1, 100.0, spectrum, rotate))
    assert_allclose(alone.hessian(np.ones(1)), [[1.0]], rtol=1e-15)
    assert_allclose(alone.gradient(np.array([3.0])), [3.0], rtol=1e-15)
    round_bowl = bind(Quadratic(4, 1.0, spectrum, rotate))
    assert_allclose(round_bowl.hessian(np.ones(4)), np.eye(4), atol=1e-13)


def test_rotations_are_uniform_over_orthogonal_matrices(bind):
    """Of a uniform unit vector q in d dimensions, E q = 0 and E q⁴ = 3 / (d (d + 2)).

    With κ = 2 and P = 2, A − I = qqᵀ for the second eigenvector q, so A₁₁ − 1 = q₁² has mean ½
    and second moment 3/8, and A₁₂ = q₁q₂ has mean 0.
    """
    matrices = np.array(
        [
            bind(Quadratic(2, 2.0, rotate=True), seed=seed).hessian(np.ones(2))
            for seed in range(2000)
        ]
    )
    q = matrices[:, 0, 0] - 1
    assert q.mean() == pytest.approx(1 / 2, abs=0.03)
    assert (q * q).mean() == pytest.approx(3 / 8, abs=0.03)
    assert matrices[:, 0, 1].mean() == pytest.approx(0, abs=0.03)
