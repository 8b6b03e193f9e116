"""Methods with searches and products, on losses in any unit and at the ends of the numbers.

The kit asks all optimizers for the same steps on a loss times 2^±60 in float64, 2^±30 in float32.
Methods without squares of gradients are asked here for 2^±60 in float32, and for more steps.
"""

import math

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem
from optframe.testing import check_optimizer
from optframe.testing.optimizers.mathematics import SpoiledAfter
from optframe.testing.standard_problems import Bowl, Trough
from optframe.testing.stepping import serves, walk
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.conjugate_gradient import ConjugateGradient
from optframe_plugins.optimizers.coordinate_descent import CoordinateDescent
from optframe_plugins.optimizers.delta_bar_delta import DeltaBarDelta
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.lion import Lion
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.newton import Newton
from optframe_plugins.optimizers.nonlinear_cg import NonlinearCG
from optframe_plugins.optimizers.regularized_newton import RegularizedNewton
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.searches.exact import Exact
from optframe_problems.functions.rosenbrock import Rosenbrock

REGISTRY = optframe.load_plugins()
METHODS = [
    BFGS(scale_first=True),
    BFGS(Armijo(), scale_first=True),
    BFGS(Exact(), scale_first=True),
    LBFGS(),
    LBFGS(memory=3, search=Armijo()),
    *(NonlinearCG(formula) for formula in ("fr", "pr+", "hs", "dy")),
    NonlinearCG("pr+", Exact()),
    NonlinearCG("pr+", Armijo()),
    ConjugateGradient(),
    Newton(),
    CoordinateDescent(),
    CoordinateDescent("greedy"),
    Lion(lr=0.01),
]
"""Those whose steps do not change with the loss. The others of ours:

bfgs with H = I and lbfgs without scale: I has the unit of θ²/f, as SciPy's has. adadelta: its one
δ is added to squares of θ's changes and to squares of gradients. adam, adamw, amsgrad, nadam,
adagrad, rmsprop hold squares of gradients, which leave the numbers of float32 at 2^-60.
"""
WITH_UNITS = [
    SGD(),
    Momentum(),
    DeltaBarDelta(),
    RegularizedNewton(),
    CoordinateDescent("greedy", "gradient"),
]
LINES = [BFGS(), BFGS(scale_first=True), LBFGS(), NonlinearCG(), LBFGS(search=Armijo())]
CURVATURES = np.array([1.0, 10.0, 100.0])

SPREAD = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
A = (SPREAD * np.geomspace(1, 100, 5)) @ SPREAD.T
CENTER = np.linspace(-1, 2, 5)


def problems(factor):
    return [Bowl(factor * (A + A.T) / 2, CENTER), Trough(factor * np.linspace(0.5, 2, 5), CENTER)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("method", METHODS + WITH_UNITS, ids=repr)
@np.errstate(all="ignore")
def test_iterates_do_not_change_with_the_unit_of_the_loss(method, dtype):
    for number, problem in enumerate(problems(1.0)):
        if not serves(problem, method.requires()):
            continue
        plain = walk(method, problem, 30, dtype=dtype)
        assert len(plain.iterates) > 3
        for exponent in (-60, -31, -1, 1, 30, 60):
            factor = 2.0**exponent
            scaled = method.on_scaled_loss(factor) if method in WITH_UNITS else method
            found = walk(scaled, problems(factor)[number], 30, dtype=dtype)
            np.testing.assert_array_equal(found.iterates, plain.iterates)
            assert found.stopped == plain.stopped


@pytest.mark.parametrize("method", [m for m in METHODS if not isinstance(m, Lion)], ids=repr)
@np.errstate(all="ignore")
def test_float64_reaches_further(method):
    for number, problem in enumerate(problems(1.0)):
        if serves(problem, method.requires()):
            plain = walk(method, problem, 12)
            for exponent in (-900, -540, 540, 900):
                found = walk(method, problems(2.0**exponent)[number], 12)
                np.testing.assert_array_equal(found.iterates, plain.iterates)


@pytest.mark.parametrize("method", LINES, ids=repr)
def test_curvatures_above_one_by_eps_are_learned(method):
    """1/ε is 8e6 in float32. The steepest descent needs hundreds of steps at this condition."""
    bowl = Bowl(1e8 * np.diag(CURVATURES), np.zeros(3))
    found = optframe.minimize(bowl, method, steps=30, theta0=[1.0, 1.0, 1.0], dtype="float32")
    assert found.loss < 1e-10 * 5.55e9


def test_bfgs_learns_curvatures_that_are_further_apart_than_one_by_eps():
    found = optframe.minimize("quadratic:condition=1e8", BFGS(), steps=150, dtype="float32")
    assert found.loss < 1e-6


@pytest.mark.parametrize("method", [*LINES, ConjugateGradient()], ids=repr)
def test_a_gradient_whose_square_underflows_is_not_zero(method):
    sphere = Bowl(np.diag([1.0, 2.0]), np.zeros(2))
    start = [1e-23, 1e-23]
    found = optframe.minimize(sphere, method, steps=1, theta0=start, dtype="float32")
    assert found.theta.tolist() != start or found.reason != "the gradient is zero"
    moved = optframe.minimize(sphere, ConjugateGradient(), steps=2, theta0=start, dtype="float32")
    assert abs(moved.theta).max() < 1e-29
    zero = optframe.minimize(sphere, method, steps=3, theta0=[0.0, 0.0], dtype="float32")
    assert zero.reason in ("the gradient is zero", "the residual is zero")


@pytest.mark.parametrize("method", LINES, ids=repr)
def test_a_gradient_whose_square_overflows_has_a_length(method):
    """From |g| = 4e20 in float32, where g·g is inf, and from e^400, where it is in float64."""
    far = optframe.minimize("rosenbrock", method, steps=20, theta0=[1e6, 1e6], dtype="float32")
    assert far.loss < 1e-8 * 1e26
    exponential = FunctionProblem(
        loss=lambda x: float(np.exp(x[0]) - x[0]), gradient=lambda x: np.exp(x) - 1, theta0=[400.0]
    )
    found = optframe.minimize(exponential, method, steps=700)
    assert found.loss == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "method",
    [BFGS(Exact()), LBFGS(search=Exact()), NonlinearCG(search=Exact()), ConjugateGradient()],
    ids=repr,
)
def test_a_quadratic_of_1e160_is_solved(method):
    bowl = Bowl(1e160 * np.diag(CURVATURES), np.zeros(3))
    found = optframe.minimize(bowl, method, steps=4, theta0=[1.0, 1.0, 1.0])
    assert found.loss < 1e-20 * 5.55e161


@pytest.mark.parametrize("factor", [1e-30, 1e-100, 1e60])
@pytest.mark.parametrize("method", LINES, ids=repr)
def test_a_scaled_rosenbrock_is_minimized(method, factor):
    inside = Rosenbrock()
    scaled = FunctionProblem(
        loss=lambda x: factor * float(inside.loss(x)),
        gradient=lambda x: factor * inside.gradient(x),
        theta0=[-1.2, 1.0],
    )
    found = optframe.minimize(scaled, method, steps=150)
    np.testing.assert_allclose(found.theta, 1, atol=1e-6)


@pytest.mark.parametrize("method", LINES, ids=repr)
def test_no_point_is_asked_about_twice_in_a_search(method):
    """The least loss in float32 is reached, and steps become shorter than the spacing of θ."""
    asked = []

    def loss(x):
        asked.append(x.tobytes())
        return np.float32(((x - np.float32(1e4)) ** 2).sum())

    bowl = FunctionProblem(
        loss=loss, gradient=lambda x: 2 * (x - np.float32(1e4)), theta0=[9999.0, 10001.5]
    )
    found = optframe.minimize(bowl, method, steps=50, dtype="float32")
    assert found.status == "stopped"
    assert len(asked) - len(set(asked)) <= 4 * len(found.rows)  # checkpoints ask, too


LOST = FunctionProblem(loss=lambda x: float(x @ x), gradient=lambda x: x * np.nan, theta0=[1.0, 2])
LATER = FunctionProblem(
    loss=lambda x: float(x @ x),
    gradient=lambda x: 2 * x if x[0] == 1 else x * np.nan,
    theta0=[1.0, 2],
)
NOWHERE = FunctionProblem(
    loss=lambda x: float(x @ x) if x[0] == 1 else math.nan,
    gradient=lambda x: 2 * x,
    theta0=[1.0, 2],
)


@pytest.mark.parametrize("problem", [LOST, LATER, NOWHERE], ids=["at once", "later", "loss"])
@pytest.mark.parametrize("method", [*LINES, SGD(lr=0.1)], ids=repr)
def test_nan_is_no_end_that_a_method_found(method, problem):
    found = optframe.minimize(problem, method, steps=9)
    assert found.status == "diverged"
    assert found.reason in ("at step 1", "at step 2")


class Broken(Bowl):
    """A Hessian with a NaN, singular where the NaN is not."""

    def hvp(self, theta, v):
        return math.nan * v

    def hessian(self, theta):
        return np.array([[math.nan, 0.0], [0.0, 0.0]])

    def gradient(self, theta):
        return theta - self._center

    def coordinate_minimum(self, theta, i):
        return math.nan


@pytest.mark.parametrize(
    "method",
    [
        Newton(),
        RegularizedNewton(damping=0.0),
        ConjugateGradient(),
        NonlinearCG(search=Exact()),
        BFGS(search=Exact()),
        CoordinateDescent(),
    ],
    ids=repr,
)
def test_a_hessian_or_coordinate_minimum_of_nan_is_no_end(method):
    found = optframe.minimize(Broken(np.eye(2), np.zeros(2)), method, steps=5, theta0=[1.0, 1.0])
    assert (found.status, found.reason) == ("diverged", "at step 1")


def test_a_greedy_coordinate_of_nan_is_not_skipped():
    problem = Bowl(np.eye(2), np.zeros(2))

    def spoiled(before, answer):
        return answer * np.array([1.0, math.nan]) if answer.shape else answer

    found = walk(CoordinateDescent("greedy"), problem, 1, np.ones(2), change=spoiled)
    assert np.isnan(found.iterates[-1]).any()


def test_one_run_of_a_batch_that_meets_nan_does_not_stand_still():
    class Half(Bowl):
        def hvp(self, theta, v):
            return np.where(theta[..., :1] > 0, v, math.nan)

        def gradient(self, theta):
            return theta - self._center

    starts = np.array([[1.0, 2.0], [-1.0, 2.0], [0.0, 0.0]])
    found = walk(ConjugateGradient(), Half(np.eye(2), np.zeros(2)), 1, starts).iterates[-1]
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[[0, 2]], 0)


@pytest.mark.parametrize("vectors", [False, True], ids=["all answers", "gradients alone"])
@pytest.mark.parametrize("name", [*REGISTRY.names("optimizers"), "bfgs:search=armijo"])
@np.errstate(all="ignore")
def test_theta_becomes_nan_after_nan_wherever_a_search_meets_it(name, vectors):
    """In a search, too, whose first trials were sound."""
    method = optframe.make(name)
    for problem in problems(1.0):
        for answers in range(2, 12):
            change = SpoiledAfter(answers, vectors)
            found = walk(method, problem, 40, change=change)
            ends_before = found.stopped in ("the gradient is zero", "the residual is zero")
            assert ends_before or not change.met or np.isnan(found.iterates[-1]).any()


@pytest.mark.parametrize("method", [Adam(eps=0.0), RMSProp(eps=0.0), AdaGrad(eps=0.0)], ids=repr)
def test_without_delta_the_adaptive_methods_have_no_unit(method):
    outcomes = {outcome.check: outcome for outcome in check_optimizer(method).run()}
    assert outcomes["takes-the-same-steps-on-a-scaled-loss"].status == "passed"
