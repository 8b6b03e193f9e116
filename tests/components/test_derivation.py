"""What follows from what a problem was given agrees with closed forms."""

from types import SimpleNamespace

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem, Setting

SOURCES = ["hessian", "gradient", "hvp", "residuals", "partial", "complex-step", "differences"]


def bound(problem, backend, dtype="float64"):
    return problem.bind(Setting(backend, dtype, np.random.SeedSequence(0), None))


def host(backend, answer):
    return np.asarray(backend.to_numpy(answer) if hasattr(answer, "shape") else answer)


@pytest.fixture(params=SOURCES)
def quadratic(request, random, backend):
    """½‖B(θ − c)‖² + f* of five parameters, given by one of the sources; f* = 0 for residuals."""
    source = request.param
    b, c, start = random.standard_normal((7, 5)), *random.standard_normal((2, 5))
    least = 0.0 if source == "residuals" else 3.0

    def made(dtype="float64"):
        xp = backend.xp
        bb, aa, cc = (backend.asarray(x, dtype) for x in (b, b.T @ b, c))

        def loss(x):
            r = xp.matmul(xp.astype(bb, x.dtype), x - xp.astype(cc, x.dtype))
            return xp.sum(r * r) / 2 + least

        def gradient(x):
            return xp.matmul(aa, x - cc)

        given = {
            "hessian": {"loss": loss, "gradient": gradient, "hessian": lambda x: aa},
            "gradient": {"loss": loss, "gradient": gradient},
            "hvp": {"loss": loss, "gradient": gradient, "hvp": lambda x, v: xp.matmul(aa, v)},
            "residuals": {
                "residuals": lambda x: xp.matmul(bb, x - cc),
                "jacobian": lambda x: bb,
            },
            "partial": {"loss": loss, "partial": lambda x, i: xp.matmul(aa, x - cc)[i]},
            "complex-step": {"loss": loss, "gradient": "complex-step"},
            "differences": {"loss": loss, "gradient": "differences"},
        }[source]
        return bound(FunctionProblem(theta0=start, quadratic=True, **given), backend, dtype)

    return SimpleNamespace(made=made, a=b.T @ b, c=c, least=least, source=source)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_words_of_a_quadratic_are_those_of_its_formula(quadratic, dtype, random, backend):
    problem, a, c = quadratic.made(dtype), quadratic.a, quadratic.c
    theta, v = (x.astype(dtype).astype(float) for x in random.standard_normal((2, 5)))
    slope = a @ (theta - c)
    size = np.abs(a).max() * (1 + np.abs(theta).max() + np.abs(c).max())
    expected = [
        (("loss",), (theta - c) @ slope / 2 + quadratic.least),
        (("gradient",), slope),
        (("hessian",), a),
        (("hvp", v), a @ v),
        *((("partial", i), slope[i]) for i in range(5)),
        *((("coordinate_minimum", i), theta[i] - slope[i] / a[i, i]) for i in range(5)),
    ]
    tolerance = 1e-10 if dtype == "float64" else 2e-3
    for (word, *arguments), value in expected:
        at = [backend.asarray(x, dtype) if np.ndim(x) else x for x in (theta, *arguments)]
        found = host(backend, getattr(problem, word)(*at))
        assert found.dtype == dtype, word
        scale = size + size / a.diagonal().min()
        np.testing.assert_allclose(found, value, rtol=0, atol=tolerance * scale, err_msg=word)
    if quadratic.source != "residuals":  # whose JᵀJ is a library's
        h = host(backend, problem.hessian(backend.asarray(theta, dtype)))
        np.testing.assert_array_equal(h, h.T)
    both = problem.loss_and_gradient(backend.asarray(theta, dtype))
    np.testing.assert_allclose(host(backend, both[1]), slope, rtol=0, atol=tolerance * size)


def test_words_that_are_derived_do_not_depend_on_the_length_of_v(quadratic, random, backend):
    if quadratic.source == "differences":
        return  # of losses, which have no more digits
    problem, v = quadratic.made(), random.standard_normal(5)
    theta = backend.asarray(quadratic.c, "float64")
    for scale in (1e-150, 1e-9, 1e9):
        product = host(backend, problem.hvp(theta, backend.asarray(scale * v, "float64")))
        expected = quadratic.a @ v * scale
        np.testing.assert_allclose(product, expected, rtol=0, atol=1e-11 * abs(expected).max())


def test_the_minimum_of_a_quadratic_follows_from_its_hessian(quadratic, backend):
    problem = quadratic.made()
    if quadratic.source not in ("hessian", "residuals"):
        assert problem.minimum is None
        assert problem.minimizer is None
        return
    assert problem.knows_minimum
    assert problem.minimum == pytest.approx(quadratic.least, abs=1e-12)
    np.testing.assert_allclose(problem.minimizer, quadratic.c, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("hessian", "known"),
    [([[2.0, 0], [0, 1]], True), ([[2, 0], [0, 0]], False), ([[1, 2], [2, 1]], False)],
)
def test_a_quadratic_without_one_minimizer_has_no_minimum(hessian, known):
    a = np.array(hessian, float)
    problem = FunctionProblem(
        lambda x: x @ a @ x / 2, lambda x: a @ x, [1.0, 1.0], lambda x: a, quadratic=True
    )
    assert (bound(problem, optframe.make("numpy")).minimum == 0.0) == known


def test_along_a_coordinate_without_curvature_nothing_moves_or_all_is_lost():
    a, b = np.diag([2.0, 0.0, 0.0, -1.0]), np.array([0.0, 0.0, 3.0, 1.0])
    problem = FunctionProblem(
        lambda x: x @ a @ x / 2 + b @ x, lambda x: a @ x + b, np.ones(4), quadratic=True
    )
    theta = np.array([5.0, 6.0, 7.0, 8.0])
    found = [problem.coordinate_minimum(theta, i) for i in range(4)]
    np.testing.assert_array_equal(found, [0.0, 6.0, -np.inf, np.inf])


def test_the_hessian_of_a_quadratic_is_computed_once():
    asked = {"gradient": 0, "hessian": 0}

    def count(word, answer):
        asked[word] += 1
        return answer

    problem = FunctionProblem(
        lambda x: x @ x,
        lambda x: count("gradient", 2 * x),
        np.ones(3),
        lambda x: count("hessian", 2 * np.eye(3)),
        quadratic=True,
    )
    for i in range(3):
        assert problem.hvp(np.ones(3), np.arange(3.0))[i] == 2.0 * i
        assert problem.partial(np.ones(3), i) == 2.0
        assert problem.coordinate_minimum(np.ones(3), i) == 0.0
    assert asked == {"gradient": 1, "hessian": 1}


@pytest.mark.parametrize("optimizer", ["conjugate-gradient", "newton", "nonlinear-cg:search=exact"])
@pytest.mark.parametrize("source", ["gradient", "residuals"])
def test_methods_for_quadratics_find_its_minimum(source, optimizer):
    b, c = np.array([[3.0, 1.0], [1.0, 2.0], [0.0, 1.0]]), np.array([0.5, -2.0])
    given = {
        "gradient": {
            "loss": lambda x: np.sum((b @ (x - c)) ** 2) / 2,
            "gradient": lambda x: b.T @ (b @ (x - c)),
        },
        "residuals": {"residuals": lambda x: b @ (x - c), "jacobian": lambda x: b},
    }[source]
    problem = FunctionProblem(theta0=[1e3, 1e-3], quadratic=True, minimum=0.0, **given)
    found = optframe.minimize(problem, optimizer, steps=3, target=1e-18)
    assert found.status == "converged"
    exact = optframe.minimize(problem, "coordinate-descent", steps=100, target=1e-18)
    assert exact.status == "converged"


def bent(x):
    """Four residuals of two parameters."""
    return np.stack([x[0] * x[1] - 2, np.exp(x[0] / 4), x[1] - x[0] * x[0], np.sin(x[1])])


def slopes_of_bent(x):
    one = np.ones_like(x[0])
    rows = [
        [x[1], x[0]],
        [np.exp(x[0] / 4) / 4, 0 * one],
        [-2 * x[0], one],
        [0 * one, np.cos(x[1])],
    ]
    return np.array(rows, x.dtype)


def test_a_loss_from_residuals_is_half_their_square(random):
    problem = FunctionProblem(residuals=bent, jacobian=slopes_of_bent, theta0=[1.0, 1.0])
    x, y = theta = random.uniform(-2, 2, 2)
    e, s = np.exp(x / 4), y - x * x
    value = ((x * y - 2) ** 2 + e**2 + s**2 + np.sin(y) ** 2) / 2
    slope = [(x * y - 2) * y + e * e / 4 - 2 * x * s, (x * y - 2) * x + s + np.sin(y) * np.cos(y)]
    assert problem.loss(theta) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(problem.gradient(theta), slope, rtol=1e-11, atol=1e-12)
    loss, gradient = problem.loss_and_gradient(theta)
    assert loss == problem.loss(theta)
    np.testing.assert_array_equal(gradient, problem.gradient(theta))
    assert not problem.offers() & {"hessian", "hvp", "coordinate_minimum"}


def cubic(x):
    return np.sum(x**3) + x[0] * x[1] * x[2]


def slope_of_cubic(x):
    return 3 * x**2 + np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]], x.dtype)


def bend_of_cubic(x):
    return np.diag(6 * x) + np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]], x.dtype)


DERIVED = {
    "hvp from hessian": {"gradient": slope_of_cubic, "hessian": bend_of_cubic},
    "hessian from hvp": {"gradient": slope_of_cubic, "hvp": lambda x, v: bend_of_cubic(x) @ v},
    "gradient from partials": {"partial": lambda x, i: slope_of_cubic(x)[i]},
    "gradient from per_sample": {
        "per_sample": lambda x: np.stack([0.5 * slope_of_cubic(x), 1.5 * slope_of_cubic(x)])
    },
    "both from the pair": {
        "loss": None,
        "loss_and_gradient": lambda x: (cubic(x), slope_of_cubic(x)),
    },
}


@pytest.mark.parametrize("given", DERIVED.values(), ids=DERIVED)
def test_what_follows_anywhere_agrees_with_its_formula(given, random):
    problem = FunctionProblem(**{"loss": cubic, "theta0": np.ones(3), **given})
    theta, v = random.standard_normal((2, 3))
    assert problem.loss(theta) == pytest.approx(cubic(theta), rel=1e-14)
    np.testing.assert_allclose(problem.gradient(theta), slope_of_cubic(theta), rtol=1e-13)
    np.testing.assert_allclose(
        problem.loss_and_gradient(theta)[1], slope_of_cubic(theta), rtol=1e-13
    )
    for i in range(3):
        assert problem.partial(theta, i) == pytest.approx(slope_of_cubic(theta)[i], rel=1e-13)
    if "hvp" in given or "hessian" in given:
        h = problem.hessian(theta)
        np.testing.assert_allclose(h, bend_of_cubic(theta), rtol=1e-13)
        np.testing.assert_array_equal(h, h.T)
        np.testing.assert_allclose(problem.hvp(theta, v), bend_of_cubic(theta) @ v, rtol=1e-10)
    else:
        assert problem.hessian is None
        assert problem.hvp is None


LOSS, GRADIENT, HESSIAN = 1 / 3, 1.0, 2.0  # of three parameters: P(P + 1)/6 = 2

PRICES = [
    ({"gradient": slope_of_cubic, "hessian": bend_of_cubic}, "hvp", HESSIAN),
    ({"gradient": slope_of_cubic, "hvp": lambda x, v: v}, "hessian", 3 * 2.0),
    ({"gradient": slope_of_cubic}, "partial", GRADIENT),
    ({"gradient": slope_of_cubic}, "loss_and_gradient", GRADIENT),
    ({"gradient": slope_of_cubic, "partial": lambda x, i: 0.0}, "partial", GRADIENT / 3),
    ({"partial": lambda x, i: 0.0}, "gradient", GRADIENT),
    ({"loss": None, "loss_and_gradient": slope_of_cubic}, "loss", GRADIENT),
    ({"loss": None, "residuals": bent}, "loss", LOSS),
    ({"loss": None, "residuals": bent, "jacobian": bent}, "gradient", LOSS + GRADIENT),
    ({"loss": None, "residuals": bent, "jacobian": bent}, "loss_and_gradient", LOSS + GRADIENT),
    ({"gradient": "complex-step"}, "gradient", 3 * LOSS),
    ({"gradient": "complex-step"}, "partial", 3 * LOSS),
    ({"gradient": "differences"}, "gradient", 6 * LOSS),
    ({"gradient": "differences"}, "loss_and_gradient", 7 * LOSS),
    ({"gradient": slope_of_cubic, "quadratic": True}, "hvp", 2 * GRADIENT),
    ({"gradient": slope_of_cubic, "quadratic": True}, "coordinate_minimum", GRADIENT / 3),
]


@pytest.mark.parametrize(("given", "word", "expected"), PRICES)
def test_an_answer_costs_what_the_answers_cost_that_it_is_made_of(given, word, expected):
    given = {"loss": cubic, "theta0": np.ones(3), **given}
    if given.get("residuals") and "jacobian" not in given:
        given["gradient"] = "differences"
    found = optframe.contracts.oracle.price(FunctionProblem(**given), word)
    assert found == pytest.approx(expected)
