"""Each check of optimizers is failed by an optimizer that is broken in just that way."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from optframe import (
    Fraction,
    Optimizer,
    Positive,
    Schedule,
    Solver,
    Space,
    UsageError,
    Wrapper,
    elementwise,
)
from optframe.testing import check_optimizer
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_plugins.wrappers.polyak import Polyak

MEMORY: dict[int, int] = {}


@elementwise
def update(theta, g, v, lr, momentum):
    v = momentum * v - lr * g
    return theta + v, v


@dataclass
class Velocity:
    v: Any
    k: int = 0


@dataclass(frozen=True)
class Healthy(Optimizer):
    lr: Positive = 0.05
    momentum: Fraction = 0.5

    def init(self, theta, oracle):
        return Velocity(oracle.xp.zeros_like(theta))

    def step(self, theta, state, oracle):
        theta, state.v = update(theta, oracle.gradient(theta), state.v, self.lr, self.momentum)
        return theta, state


@dataclass(frozen=True)
class Descent(Optimizer):
    """For breaking: θ ← θ − ε·g."""

    lr: Positive = 0.05

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class Bent(Descent):
    """Its steps follow ``direction(g, xp)``, and it claims what it may not hold."""

    direction: Callable[[Any, Any], Any] = field(default=lambda g, xp: g)
    claims: Any = frozenset()

    def step(self, theta, state, oracle):
        g = self.direction(oracle.gradient(theta), oracle.xp)
        return theta - self.lr * g, state

    def invariances(self):
        return self.claims


class Promotes(Descent):
    def step(self, theta, state, oracle):
        return theta - np.float64(self.lr) * oracle.gradient(theta).astype(np.float64), state


class ReturnsTheta(Descent):
    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta)


class TakesOneRate(Descent):
    def step(self, theta, state, oracle):
        lr = oracle.xp.max(oracle.xp.asarray(self.lr))
        return theta - lr * oracle.gradient(theta), state


class ComputesBeforeTheRun(Descent):
    def __post_init__(self):
        object.__setattr__(self, "double", 2 * self.lr)

    def step(self, theta, state, oracle):
        return theta - self.double / 2 * oracle.gradient(theta), state


class WritesToTheGradient(Descent):
    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        g *= self.lr
        return theta - g, state


@dataclass(frozen=True)
class ChangesItself(Descent):
    def step(self, theta, state, oracle):
        object.__setattr__(self, "lr", self.lr * 0.99)
        return theta - self.lr * oracle.gradient(theta), state


class KeepsTheta(Healthy):
    """It takes θ for what it was before the rule overwrote it."""

    def step(self, theta, state, oracle):
        new, state.v = update(theta, oracle.gradient(theta), state.v, self.lr, self.momentum)
        return theta + (new - theta), state


class HidesThatItDraws(Descent):
    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta) * oracle.random.uniform(0.5, 1), state


class RemembersElsewhere(Descent):
    def init(self, theta, oracle):
        MEMORY[0] = 0

    def step(self, theta, state, oracle):
        MEMORY[0] += 1
        return theta - self.lr / MEMORY[0] * oracle.gradient(theta), state


class RemembersInALambda(Descent):
    def init(self, theta, oracle):
        return lambda: 1

    def step(self, theta, state, oracle):
        return theta - self.lr * state() * oracle.gradient(theta), state


class RemembersInASet(Descent):
    def init(self, theta, oracle):
        return {"k", 0}


class RemembersInADictionary(Descent):
    """Lists and dicts can be saved."""

    def init(self, theta, oracle):
        return {"k": [0]}

    def step(self, theta, state, oracle):
        state["k"][0] += 1
        return theta - self.lr / state["k"][0] * oracle.gradient(theta), state


class RemembersInAnObject(Descent):
    """A state of another library, which it dumps and loads."""

    def init(self, theta, oracle):
        return iter(range(1, 10**6))

    def step(self, theta, state, oracle):
        return theta - self.lr / next(state) * oracle.gradient(theta), state

    def dump(self, state):
        return state.__reduce__()[2]

    def load(self, theta, plain, oracle):
        return iter(range(1 + plain, 10**6))


class RaisesWhenDumped(Descent):
    def dump(self, state):
        raise KeyError("momentum")


@dataclass
class Counted:
    inner: Any
    k: int = 0


@dataclass(frozen=True)
class CountsSteps(Wrapper):
    """It has a state of its own, and leaves the inner one in it."""

    optimizer: Optimizer = Healthy()

    def init(self, theta, oracle):
        return Counted(self.optimizer.init(theta, oracle))

    def step(self, theta, state, oracle):
        theta, state.inner = self.optimizer.step(theta, state.inner, oracle)
        return theta, state

    def dump(self, state):
        return state

    def load(self, theta, plain, oracle):
        return plain


class RaisesAtNaN(Descent):
    def step(self, theta, state, oracle):
        g = oracle.gradient(theta)
        if not oracle.xp.all(g == g):
            raise FloatingPointError("NaN")
        return theta - self.lr * g, state


class AsksForMore(Descent):
    def step(self, theta, state, oracle):
        oracle.loss(theta)
        return theta - self.lr * oracle.gradient(theta), state


class AsksForTheMinimum(Descent):
    def step(self, theta, state, oracle):
        return theta - (self.lr + oracle.minimum) * oracle.gradient(theta), state


class Talks(Descent):
    def step(self, theta, state, oracle):
        print("step", file=sys.stderr)
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class ClaimsAUnit(Bent):
    """It claims that its rate alone has the unit of the loss."""

    def on_scaled_loss(self, factor):
        return replace(self, lr=self.lr / factor)


class ClaimsAnotherWay(Descent):
    def displacement(self, gradient, steps):
        return -self.lr * (steps + 1) * gradient


@dataclass(frozen=True)
class HalfAStep(Wrapper):
    """It takes θ for what it was before the optimizer inside overwrote it."""

    optimizer: Optimizer = Healthy()

    def step(self, theta, state, oracle):
        new, state = self.optimizer.step(theta, state, oracle)
        return theta + 0.5 * (new - theta), state


@dataclass(frozen=True)
class HasASpace(Healthy):
    spaces = {  # noqa: RUF012
        "momentum": Space(0.6, 0.9, source="here, which the default is too small for"),
        "lr": Space(0.01, 0.1, source="here"),
    }


def spaced(spaces):
    return type("Spaced", (Descent,), {"spaces": spaces})()


BROKEN = {
    "keeps-shape-and-precision": {"promotes": Promotes, "returns theta": ReturnsTheta},
    "works-with-one-parameter": {
        "wants two": Bent(direction=lambda g, xp: g / (1 + abs(g[..., 1:2])))
    },
    "runs-together-are-runs-alone": {
        "mixes runs": Bent(direction=lambda g, xp: g / xp.sqrt(xp.sum(g * g)))
    },
    "hyperparameters-broadcast": {"takes one rate": TakesOneRate},
    "hyperparameters-may-be-schedules": {"computes before the run": ComputesBeforeTheRun},
    "leaves-what-it-is-given": {
        "writes to the gradient": WritesToTheGradient,
        "changes itself": ChangesItself,
    },
    "needs-no-theta-that-a-rule-overwrote": {"keeps theta": KeepsTheta, "half a step": HalfAStep},
    "computes-with-the-array-standard": {"imports NumPy": Bent(direction=lambda g, xp: np.tanh(g))},
    "repeats-to-the-bit": {
        "draws by itself": Bent(direction=lambda g, xp: g * np.random.uniform(0.5, 1))
    },
    "says-whether-it-draws": {
        "hides that it draws": HidesThatItDraws,
        "says that it draws": type("SaysThatItDraws", (Descent,), {"random": True}),
    },
    "goes-on-from-a-saved-state": {
        "remembers elsewhere": RemembersElsewhere,
        "remembers in a lambda": RemembersInALambda,
        "keeps the inner state as it is": CountsSteps,
    },
    "state-is-numbers-and-arrays": {
        "remembers in a set": RemembersInASet,
        "remembers in a lambda": RemembersInALambda,
        "raises when dumped": RaisesWhenDumped,
    },
    "pickles": {"holds a function": Bent(direction=lambda g, xp: g)},
    "stays-at-a-zero-gradient": {
        "never rests": Bent(direction=lambda g, xp: g / xp.sqrt(xp.sum(g * g, axis=-1))),
        "drifts": Bent(direction=lambda g, xp: g + 0.001),
    },
    "does-not-hide-a-gradient-that-is-no-number": {
        "hides NaN": Bent(direction=lambda g, xp: xp.where(g == g, g, 0.0)),
        "raises at NaN": RaisesAtNaN,
    },
    "asks-only-what-it-needs": {"more": AsksForMore, "the minimum": AsksForTheMinimum},
    "prints-nothing": {"talks": Talks},
    "lowers-the-loss": {"climbs": Bent(direction=lambda g, xp: -g)},
    "is-invariant-as-declared": {
        "rotation": Bent(direction=lambda g, xp: g * abs(g), claims=frozenset({"rotation"})),
        "loss scale": Bent(claims=frozenset({"loss scale"})),
        "parameter scale": Bent(claims=frozenset({"parameter scale"})),
        "nonsense": Bent(claims=frozenset({"rotations"})),
        "a list": Bent(claims=["rotation"]),
    },
    "takes-the-same-steps-on-a-scaled-loss": {
        "clips": ClaimsAUnit(direction=lambda g, xp: xp.clip(g, -1, 1)),
        "a test with a unit": ClaimsAUnit(direction=lambda g, xp: xp.where(abs(g) > 0.1, g, 2 * g)),
        "loses digits": ClaimsAUnit(direction=lambda g, xp: (g + 1) - 1),
        "claims none": Bent(claims=frozenset({"loss scale"})),
    },
    "moves-by-its-formula-on-a-constant-gradient": {"another way": ClaimsAnotherWay},
    "spaces-fit-their-fields": {
        "no mapping": spaced([Space(0.01, 0.1)]),
        "no space": spaced({"lr": (0.01, 0.1)}),
        "no field": spaced({"rate": Space(0.01, 0.1, source="here")}),
        "beyond the field": spaced({"lr": Space(0.0, 0.1, source="here")}),
        "without a source": spaced({"lr": Space(0.01, 0.1)}),
        "without the default": spaced({"lr": Space(0.1, 1.0, source="here")}),
    },
}


HEALTHY = [
    Healthy,
    Descent,
    Healthy(lr=0.3, momentum=0.0),
    HasASpace,
    RemembersInADictionary,
    RemembersInAnObject,
    Polyak(RemembersInAnObject()),
    ClipNorm(Polyak(RemembersInAnObject())),
]


@pytest.mark.parametrize("optimizer", HEALTHY)
def test_a_healthy_optimizer_fails_nothing(optimizer, ends):
    assert {"failed", "warned"}.isdisjoint(ends(check_optimizer(optimizer, seed=None)).values())


def test_every_check_can_fail(ends):
    named = set(ends(check_optimizer(Healthy)))
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    assert named == {*BROKEN, *tested_elsewhere}


@pytest.mark.parametrize(("check", "name"), [(c, name) for c in BROKEN for name in BROKEN[c]])
def test_the_broken_are_found(check, name, status):
    assert status(check_optimizer(BROKEN[check][name], seed=None), check) == "failed"


def test_the_reason_says_where_it_was_raised():
    (outcome,) = [o for o in check_optimizer(RaisesAtNaN).run() if "no-number" in o.check]
    assert outcome.reason.startswith("raised FloatingPointError: NaN (test_optimizer_checks.py:")
    assert isinstance(outcome.error, FloatingPointError)


def test_an_import_of_something_heavy_is_found(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import pandas\n"
        "from dataclasses import dataclass\n"
        "from optframe import Optimizer\n"
        "@dataclass(frozen=True)\n"
        "class Slow(Optimizer):\n"
        "    def step(self, theta, state, oracle):\n"
        "        return theta - 0.1 * oracle.gradient(theta), state\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from slow_to_import import Slow

    (outcome,) = [o for o in check_optimizer(Slow).run() if o.check == "imports-nothing-heavy"]
    assert outcome.status == "failed"
    assert outcome.reason == "importing slow_to_import imports pandas; import it where it is used"


@dataclass(frozen=True)
class NeedsMuch(Descent):
    needs = frozenset({"gradient", "moon phase"})


def test_what_no_problem_serves_has_not_been_checked():
    outcomes = check_optimizer(NeedsMuch).run()
    assert outcomes[-1].check == "enough-checks-apply"
    assert outcomes[-1].status == "failed"
    assert "no standard problem supports all that it needs (gradient, moon phase)" in (
        outcomes[-1].reason
    )


@dataclass(frozen=True)
class OneAtATime(Descent):
    vectorized = False
    resumable = False

    def init(self, theta, oracle):
        return iter(range(10**6))


def test_what_the_contract_does_not_ask_is_not_asked(ends, status):
    found = ends(check_optimizer(OneAtATime))
    spared = {name for name, status in found.items() if status == "not applicable"}
    assert spared == {
        "spaces-fit-their-fields",
        "runs-together-are-runs-alone",
        "hyperparameters-broadcast",
        "goes-on-from-a-saved-state",
        "state-is-numbers-and-arrays",
        "is-invariant-as-declared",
        "takes-the-same-steps-on-a-scaled-loss",
        "moves-by-its-formula-on-a-constant-gradient",
    }
    assert "failed" not in found.values()


@dataclass(frozen=True)
class Declares(Descent):
    """What it declares holds for no hyperparameters, and one of them has the name of a method."""

    displacement: float = 1.0

    def invariances(self):
        return frozenset()


class HasNoFormula(Descent):
    def displacement(self, gradient, steps):
        return None


@pytest.mark.parametrize(
    ("optimizer", "of_invariances", "of_displacement"),
    [
        (Descent, "is optional and not defined", "is optional and not defined"),
        (Declares, "names none for these hyperparameters", "is optional and not defined"),
        (HasNoFormula, "is optional and not defined", "has no formula for these hyperparameters"),
    ],
)
def test_declarations_are_optional(optimizer, of_invariances, of_displacement):
    found = {o.check: (o.status, o.reason) for o in check_optimizer(optimizer).run()}
    assert found["is-invariant-as-declared"] == (
        "not applicable",
        f"invariances() {of_invariances}",
    )
    assert found["moves-by-its-formula-on-a-constant-gradient"] == (
        "not applicable",
        f"displacement() {of_displacement}",
    )


@dataclass(frozen=True)
class Newton(Solver):
    needs = frozenset({"gradient", "hessian"})

    def minimize(self, theta, oracle, report):
        for _ in range(20):
            g, h = oracle.gradient(theta), oracle.hessian(theta)
            theta = theta - oracle.xp.linalg.solve(h, g)
            if not report(theta):
                break
        return theta


class GoesOn(Newton):
    def minimize(self, theta, oracle, report):
        for _ in range(20):
            g, h = oracle.gradient(theta), oracle.hessian(theta)
            theta = theta - 0.1 * oracle.xp.linalg.solve(h, g)
            report(theta)
        return theta


class Promoting(Newton):
    def minimize(self, theta, oracle, report):
        theta = np.asarray(theta, np.float64)
        report(theta)
        return theta


class Rolling(Newton):
    def minimize(self, theta, oracle, report):
        for _ in range(5):
            theta = theta - np.random.uniform(0.1, 0.2) * oracle.gradient(theta)
            if not report(theta):
                break
        return theta


class Asking(Newton):
    needs = frozenset({"hessian"})


class Idle(Newton):
    def minimize(self, theta, oracle, report):
        report(theta)
        return theta


class Indexing(Newton):
    def minimize(self, theta, oracle, report):
        assert theta.shape[0] > 1
        return super().minimize(theta, oracle, report)


@dataclass(frozen=True)
class Unpicklable(Newton):
    power: Any = field(default_factory=lambda: lambda x: x)


@dataclass(frozen=True)
class Spaced(Newton):
    spaces = {"curvature": Space(1.0, 2.0, source="here")}  # noqa: RUF012


BROKEN_SOLVERS = {
    Promoting: "keeps-shape-and-precision",
    Indexing: "works-with-one-parameter",
    GoesOn: "ends-when-report-says-so",
    Rolling: "repeats-to-the-bit",
    Asking: "asks-only-what-it-needs",
    Idle: "lowers-the-loss",
    Unpicklable: "pickles",
    Spaced: "spaces-fit-their-fields",
}


def test_a_healthy_solver_fails_nothing(ends):
    found = ends(check_optimizer(Newton))
    assert set(found.values()) <= {"passed", "not applicable"}
    assert set(found) == {
        *BROKEN_SOLVERS.values(),
        "imports-nothing-heavy",
        "enough-checks-apply",
    }


@pytest.mark.parametrize("broken", BROKEN_SOLVERS, ids=lambda broken: broken.__name__)
def test_broken_solvers_are_found(broken, status):
    assert status(check_optimizer(broken), BROKEN_SOLVERS[broken]) == "failed"


@pytest.mark.parametrize("wrong", [3, Velocity, Schedule, "adam"])
def test_what_is_no_optimizer_is_refused(wrong):
    with pytest.raises(UsageError, match="check_optimizer: "):
        check_optimizer(wrong)


def test_a_class_that_needs_parameters_is_refused():
    @dataclass(frozen=True)
    class Demanding(Descent):
        depth: int = field(kw_only=True)

    with pytest.raises(UsageError, match=r"'depth'; pass an object, not its class"):
        check_optimizer(Demanding)
