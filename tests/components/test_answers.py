"""What is the user's stays the user's, and answers are checked."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest

import optframe
from optframe import Function, FunctionProblem, Solver, StochasticProblem, load_plugins
from optframe.components.answers import guard
from optframe.contracts.problem import Setting
from optframe.errors import PluginError, UsageError
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_problems.transforms.shift import Shift

SCALES = np.array([1.0, 10.0])


def bowl(**given):
    """½(x² + 10y²) from (1, 1), with some of its functions replaced."""
    functions = {
        "loss": lambda x: 0.5 * (SCALES * x * x).sum(),
        "gradient": lambda x: SCALES.astype(x.dtype) * x,
        "hessian": lambda x: np.diag(SCALES).astype(x.dtype),
    }
    return FunctionProblem(theta0=[1.0, 1.0], **{**functions, **given})


def assert_same_path(problem):
    """BFGS takes the steps that it takes on the bowl."""
    found, expected = (
        optframe.minimize(one, "bfgs", steps=5, iterates=True) for one in (problem, bowl())
    )
    np.testing.assert_array_equal(found.iterates, expected.iterates)


class Memo:
    """½‖θ‖², which keeps the last θ."""

    def __init__(self):
        self.theta, self.value = None, None

    def loss(self, theta):
        if self.theta is None or not np.array_equal(self.theta, theta):
            self.theta, self.value = theta, 0.5 * float(theta @ theta)
        return self.value

    def gradient(self, theta):
        self.loss(theta)
        return theta.copy()


def test_theta_that_a_function_keeps_is_not_overwritten():
    memo = Memo()
    problem = FunctionProblem(memo.loss, memo.gradient, theta0=np.full(70_000, np.sqrt(2)))
    found = optframe.minimize(problem, "sgd:lr=0.1", steps=20)
    assert found.loss == pytest.approx(70_000 * 0.9**40)


def test_a_function_may_overwrite_what_it_gets():
    def loss(theta):
        theta *= theta
        return 0.5 * (SCALES * theta).sum()

    def gradient(theta):
        theta *= SCALES
        return theta

    found = optframe.minimize(bowl(loss=loss, gradient=gradient), "sgd:lr=0.05", steps=3)
    np.testing.assert_allclose(found.theta, [0.95**3, 0.5**3])


@pytest.mark.parametrize("optimizer", ["bfgs", "lbfgs", "nonlinear-cg", "regularized-newton"])
def test_a_function_may_return_its_own_array_again(optimizer):
    buffers = np.empty(()), np.empty(2), np.empty((2, 2))

    def again(buffer, values):
        buffer[...] = values
        return buffer

    reused = bowl(
        loss=lambda x: again(buffers[0], 0.5 * (SCALES * x * x).sum()),
        gradient=lambda x: again(buffers[1], SCALES * x),
        hessian=lambda x: again(buffers[2], np.diag(SCALES)),
    )
    found = optframe.minimize(reused, optimizer, steps=6, iterates=True)
    expected = optframe.minimize(bowl(), optimizer, steps=6, iterates=True)
    np.testing.assert_array_equal(found.iterates, expected.iterates)
    assert found.counts == expected.counts


@pytest.mark.parametrize(
    "keep", [lambda x: x, lambda x: x[1:], memoryview, lambda x: x.reshape(2, 1), lambda x: [x.T]]
)
def test_what_a_function_keeps_of_theta_keeps_its_values(keep):
    kept, values = [], []

    def gradient(x):
        kept.append(keep(x))
        values.append(np.array(kept[-1]))
        return SCALES * x

    optframe.minimize(bowl(gradient=gradient), "sgd:lr=0.05", steps=4)
    assert len(kept) >= 4
    for one, value in zip(kept, values, strict=True):
        np.testing.assert_array_equal(one, value)


@pytest.mark.parametrize("part", [lambda a: a, lambda a: a[:], lambda a: (a, a)[1].reshape(-1)])
def test_what_a_function_keeps_of_its_answer_may_change(part):
    """The pairs of bfgs come from gradients that the function overwrites afterwards."""
    kept = []

    def gradient(x):
        for one in kept:
            one[...] = 7.0
        answer = SCALES * x
        kept.append(answer)
        return part(answer)

    assert_same_path(bowl(gradient=gradient))


def test_a_pair_that_a_function_keeps_may_change():
    @dataclass(frozen=True)
    class Keeps(Function):
        kept: list = field(default_factory=list)
        size: ClassVar[int] = 2

        def start(self, rng):
            return np.ones(2)

        def loss(self, theta):
            return 0.5 * (SCALES * theta * theta).sum(axis=-1)

        def gradient(self, theta):
            return SCALES * theta

        def loss_and_gradient(self, theta):
            for _, gradient in self.kept:
                gradient[...] = 7.0
            self.kept.append((self.loss(theta), SCALES * theta))
            return self.kept[-1]

    assert_same_path(Keeps())


def test_memory_that_nobody_keeps_is_used_again():
    places = set()

    def gradient(x):
        places.add(x.ctypes.data)
        return SCALES * x

    optframe.minimize(bowl(gradient=gradient), "sgd:lr=0.05", steps=30)
    assert len(places) <= 3  # of the rehearsal, the run and its measurement


def test_a_start_stays_as_it_was():
    start, own = np.ones(70_000), np.ones(70_000)
    problem = FunctionProblem(lambda x: x @ x / 2, lambda x: x, theta0=own)
    optframe.minimize(problem, "sgd:lr=0.1", steps=2, theta0=start)
    assert start.min() == own.min() == 1
    own[:] = 5.0
    assert optframe.minimize(problem, "sgd:lr=0.1", steps=1).theta[0] == 0.9


WRONG_ARRAYS = {
    "float64 (1,)": lambda x: np.ones(1),
    "float64 ()": lambda x: np.float64(1.0),
    "a float": lambda x: 1.0,
    "float64 (3,)": lambda x: np.ones(3),
    "float64 (1, 2)": lambda x: np.ones((1, 2)),
    "float32 (2,)": lambda x: np.ones(2, np.float32),
    "complex128 (2,)": lambda x: x + 0j,
    "object (2,)": lambda x: x.astype(object),
    "bool (2,)": lambda x: x > 0,
    "int64 (2,)": lambda x: np.ones(2, np.int64),
    "<U3 (2,)": lambda x: np.array(["nan", "nan"]),
    "None": lambda x: None,
    "a list": lambda x: [1.0, 1.0],
    "2 values": lambda x: (1.0, 1.0),
}


@pytest.mark.parametrize("optimizer", ["sgd", "bfgs"])
@pytest.mark.parametrize("shown", WRONG_ARRAYS)
def test_a_gradient_of_another_shape_or_type_is_named(shown, optimizer):
    with pytest.raises(PluginError) as caught:
        optframe.minimize(bowl(gradient=WRONG_ARRAYS[shown]), optimizer, steps=2)
    assert str(caught.value) == (
        f"FunctionProblem.gradient returned {shown}; expected float64 (2,), as θ is float64 (2,)"
    )


def test_a_gradient_in_double_precision_does_not_blame_the_optimizer():
    problem = bowl(gradient=lambda x: SCALES * x)
    with pytest.raises(PluginError, match=r"gradient returned float64 \(2,\); expected float32"):
        optframe.minimize(problem, "sgd", steps=2, dtype="float32")


@pytest.mark.parametrize(
    ("shown", "hessian"),
    [
        ("float64 (2,)", lambda x: np.ones(2)),
        ("float64 (2, 1)", lambda x: np.ones((2, 1))),
        ("float64 (3, 3)", lambda x: np.eye(3)),
        ("int64 (2, 2)", lambda x: np.eye(2, dtype=np.int64)),
        ("a float", lambda x: 2.0),
    ],
)
def test_a_hessian_of_another_shape_is_not_called_singular(shown, hessian):
    with pytest.raises(PluginError) as caught:
        optframe.minimize(bowl(hessian=hessian), "newton", steps=2)
    assert str(caught.value) == (
        f"FunctionProblem.hessian returned {shown}; expected float64 (2, 2), as θ is float64 (2,)"
    )


@pytest.mark.parametrize(
    ("shown", "loss"),
    [
        ("float64 (1,)", lambda x: np.ones(1)),
        ("float64 (2,)", lambda x: x),
        ("a complex", lambda x: 1j),
        ("a bool", lambda x: True),
        ("a str", lambda x: "nan"),
        ("object ()", lambda x: np.array(1.0, object)),
        ("None", lambda x: None),
        ("a list", lambda x: [1.0]),
    ],
)
def test_a_loss_that_is_no_real_number_is_named(shown, loss):
    with pytest.raises(PluginError) as caught:
        optframe.minimize(bowl(loss=loss), "sgd", steps=2)
    assert str(caught.value) == f"FunctionProblem.loss returned {shown}; expected a real number"


@pytest.mark.parametrize("kind", [float, np.float32, np.longdouble, np.array, int])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loss_may_be_any_real_number(kind, dtype):
    problem = bowl(loss=lambda x: kind(round(0.5 * float((SCALES * x * x).sum()))))
    found = optframe.minimize(problem, "bfgs", steps=2, dtype=dtype)
    assert found.curve["loss"][0] == 6
    assert found.theta.dtype == dtype


@dataclass(frozen=True)
class Every(Function):
    """½‖θ‖² with every method; ``wrong`` gives the answers of some."""

    wrong: dict = field(default_factory=dict)
    size: ClassVar[int] = 2

    def start(self, random):
        return np.ones(2)

    def _answer(self, word, right):
        return self.wrong.get(word, right)

    def loss(self, theta):
        return self._answer("loss", 0.5 * (theta * theta).sum(axis=-1))

    def gradient(self, theta):
        return self._answer("gradient", theta)

    def loss_and_gradient(self, theta):
        return self._answer("loss_and_gradient", (self.loss(theta), theta))

    def metrics(self, theta):
        return self._answer("metrics", {"loss": self.loss(theta)})

    def hessian(self, theta):
        return self._answer("hessian", np.eye(2))

    def hvp(self, theta, v):
        return self._answer("hvp", v)

    def partial(self, theta, i):
        return self._answer("partial", theta[..., i])

    def coordinate_minimum(self, theta, i):
        return self._answer("coordinate_minimum", 0.0)

    def per_sample(self, theta):
        return self._answer("per_sample", theta[..., None, :])

    def residuals(self, theta):
        return self._answer("residuals", theta)

    def jacobian(self, theta):
        return self._answer("jacobian", np.eye(2))

    def prox(self, theta, t):
        return self._answer("prox", theta)

    def project(self, theta):
        return self._answer("project", theta)


ASKED = {
    "loss": ((), "a real number"),
    "gradient": ((), "float64 (2,), as θ is float64 (2,)"),
    "loss_and_gradient": ((), "(loss, gradient)"),
    "metrics": ((), "a mapping from names to numbers"),
    "hessian": ((), "float64 (2, 2), as θ is float64 (2,)"),
    "hvp": ((np.ones(2),), "float64 (2,), as θ is float64 (2,)"),
    "partial": ((0,), "a real number"),
    "coordinate_minimum": ((0,), "a real number"),
    "per_sample": ((), "float64 (B, 2), as θ is float64 (2,)"),
    "residuals": ((), "float64 (m,), as θ is float64 (2,)"),
    "jacobian": ((), "float64 (m, 2), as θ is float64 (2,)"),
    "prox": ((1.0,), "float64 (2,), as θ is float64 (2,)"),
    "project": ((), "float64 (2,), as θ is float64 (2,)"),
}


def bound(problem):
    """The problem as a run gets it."""
    made = problem.bind(Setting(NumpyBackend(), "float64", np.random.SeedSequence(0), None))
    guard(made)
    return made


@pytest.mark.parametrize("word", ASKED)
def test_every_method_is_checked(word):
    arguments, expected = ASKED[word]
    for wrong, shown in ((None, "None"), (np.ones((1, 1, 1)), "float64 (1, 1, 1)")):
        problem = bound(Every({word: wrong}))
        with pytest.raises(PluginError) as caught:
            getattr(problem, word)(np.ones(2), *arguments)
        assert str(caught.value) == f"Every.{word} returned {shown}; expected {expected}"
    getattr(bound(Every()), word)(np.ones(2), *arguments)


def test_every_method_gets_copies_and_its_answers_are_copied():
    problem, theta = bound(Every()), np.ones(2)
    for word in ("gradient", "residuals", "project", "hessian", "jacobian"):
        assert not np.may_share_memory(getattr(problem, word)(theta), theta)
    v = np.ones(2)
    assert not np.may_share_memory(problem.hvp(theta, v), v)


def test_answers_for_a_batch_of_runs_have_its_shape():
    problem, theta = bound(Every({"loss": 1.0, "gradient": np.ones(2)})), np.ones((3, 2))
    with pytest.raises(PluginError, match=r"real numbers of shape \(3,\), as θ is float64 \(3, 2"):
        problem.loss(theta)
    with pytest.raises(PluginError, match=r"returned float64 \(2,\); expected float64 \(3, 2\)"):
        problem.gradient(theta)
    assert bound(Every()).loss(theta).shape == (3,)


def test_a_metric_is_named():
    problem = bound(Every({"metrics": {"loss": 1.0, "accuracy": 1j}}))
    with pytest.raises(PluginError, match="metrics returned accuracy as a complex; expected a"):
        problem.metrics(np.ones(2))


def test_inside_a_transform_the_function_itself_is_named():
    @dataclass(frozen=True)
    class Short(Every):
        def gradient(self, theta):
            return np.ones(1)

    problem = bound(Shift(Short()))
    with pytest.raises(PluginError, match=r"Short.gradient returned float64 \(1,\)"):
        problem.gradient(np.ones(2))


@dataclass(frozen=True)
class Fast(Every):
    """The same, without copies."""

    copies = False


def test_without_copies_the_first_answer_is_checked():
    assert bound(Fast()).gradient.__func__ is Every.gradient
    with pytest.raises(PluginError, match=r"Fast.gradient returned float64 \(1,\)"):
        optframe.minimize(Fast({"gradient": np.ones(1)}), "sgd", steps=3)


def test_our_own_problems_are_not_copied():
    registry = load_plugins()
    for kind in ("problems", "transforms"):
        for name in registry.names(kind):
            assert not registry.load(kind, name).copies, name


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (np.ones(2) * 1j, r"complex128 \(2,\); expected real numbers of shape \(2,\)"),
        (["a", "b"], r"<U1 \(2,\); expected real numbers"),
        (None, r"object \(\); expected real numbers"),
        (np.ones((1, 2)), r"the shape \(1, 2\); expected \(2,\)"),
    ],
)
def test_a_start_is_checked(start, shown):
    class Begun(Every):
        def start(self, random):
            return start

    with pytest.raises(PluginError, match=f"Begun.start returned {shown}"):
        optframe.minimize(Begun(), "sgd", steps=1)


@pytest.mark.parametrize("theta0", [["a"], [1j], [[1.0], [1.0, 2.0]], [], [None], [True]])
def test_theta0_is_checked(theta0):
    with pytest.raises(UsageError, match=r"FunctionProblem: theta0 is .*; expected real numbers"):
        FunctionProblem(sum, sum, theta0=theta0)


def test_a_known_minimum_is_checked():
    with pytest.raises(UsageError, match="known_minimum is 'zero'; expected a number"):
        bowl(known_minimum="zero")


@dataclass(frozen=True)
class Library(Solver):
    """Reports and returns what it is given."""

    reported: object = None
    returned: object = None

    def minimize(self, theta, oracle, report):
        report(theta if self.reported is None else self.reported)
        return self.returned


@pytest.mark.parametrize(
    ("solver", "shown"),
    [
        (Library(np.ones(2, np.float32)), r"minimize reported θ as float32 \(2,\)"),
        (Library(np.ones(1)), r"minimize reported θ as float64 \(1,\)"),
        (Library([1.0, 1.0]), "minimize reported θ as list"),
        (Library(None, np.ones(3)), r"minimize returned θ as float64 \(3,\)"),
    ],
)
def test_what_a_solver_reports_and_returns_is_checked(solver, shown):
    with pytest.raises(PluginError, match=f"Library.{shown}"):
        optframe.minimize("rosenbrock", solver, steps=3)


def test_an_optimizers_solution_is_checked():
    class Averaging(optframe.Optimizer):
        def step(self, theta, state, oracle):
            return theta - 0.1 * oracle.gradient(theta), state

        def solution(self, theta, state):
            return theta.mean()

    made = dataclass(frozen=True)(Averaging)()
    with pytest.raises(PluginError, match=r"Averaging.solution returned θ as float64 \(\)"):
        optframe.minimize(bowl(), made, steps=1)


class Means(StochasticProblem):
    """½(θ − mean)² with the mean of four records, and a gradient without its axis."""

    size = 1
    records = 4

    def start(self, random):
        return np.zeros(1)

    def draw(self, indices, random):
        return np.arange(4.0)[indices]

    def metrics(self, theta):
        return {"loss": self.loss(theta, self.draw(slice(None), None))}

    def loss(self, theta, batch):
        return 0.5 * (theta[..., 0] - batch.mean()) ** 2

    def gradient(self, theta, batch):
        return theta[..., 0] - batch.mean()


def test_a_gradient_on_a_minibatch_is_checked():
    with pytest.raises(PluginError, match=r"Means.gradient returned float64 \(\); expected"):
        optframe.minimize(dataclass(frozen=True)(Means)(), "sgd", epochs=1, sampler="full")
