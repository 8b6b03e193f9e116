"""Each check of problems is failed by a problem that is broken in just that way."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from optframe import Block, Function, Layout, StochasticProblem, UsageError
from optframe.testing import check_problem


@dataclass(frozen=True)
class Quartic(Function):
    """f(θ) = Σ aᵢθᵢ²/2 + θᵢ⁴/4, with its minimum 0 at 0."""

    size = 3
    minimum = 0.0
    minimizer = (0.0, 0.0, 0.0)

    def start(self, random):
        return np.ones(3)

    def loss(self, theta):
        squared = theta * theta
        return self.xp.sum(self._a * squared / 2 + squared * squared / 4, axis=-1)

    def gradient(self, theta):
        return self._a * theta + theta * theta * theta

    def hessian(self, theta):
        return (self._a + 3 * theta * theta)[..., None] * self._eye

    def hvp(self, theta, v):
        return (self._a + 3 * theta * theta) * v

    def partial(self, theta, i):
        return self.gradient(theta)[..., i]

    def coordinate_minimum(self, theta, i):
        return self.xp.zeros_like(theta[..., i])

    def project(self, theta):
        return self.xp.where(theta > 2, 2.0, theta)

    @cached_property
    def _a(self):
        return self.asarray([1.0, 2.0, 3.0])

    @cached_property
    def _eye(self):
        return self.asarray(np.eye(3))


def but(base=Quartic, **changes):
    """A problem, but for these methods and constants."""
    return type("Broken", (base,), changes)


def drawn_order(self):
    sizes = (1, 2) if self.instance_random().random() < 0.6 else (2, 1)
    return Layout(tuple(Block(name, (size,)) for name, size in zip("ab", sizes, strict=True)))


class Rough(Quartic):
    def loss(self, theta):
        return super().loss(theta) + self.xp.sum(np.sin(1e9 * theta), axis=-1)


class SumsTooMuch(Quartic):
    def loss(self, theta):
        squared = theta * theta
        return self.xp.sum(self._a * squared / 2 + squared * squared / 4)


class MixesRuns(Quartic):
    def gradient(self, theta):
        return self._a * theta + theta * theta * theta * np.ndim(theta)

    def loss(self, theta):
        squared = theta * theta
        quartic = squared * squared * np.ndim(theta) / 4
        return self.xp.sum(self._a * squared / 2 + quartic, axis=-1)


class WritesToTheta(Quartic):
    def gradient(self, theta):
        g = super().gradient(theta)
        theta += 0
        return g


class Remembers(Quartic):
    def gradient(self, theta):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return super().gradient(theta) * (1 + 1e-9 * count)


class ImportsNumpy(Quartic):
    def loss(self, theta):
        squared = np.square(theta)
        return self.xp.sum(self._a * squared / 2 + squared * squared / 4, axis=-1)


class Squares(Quartic):
    """The same as the sum of the squares of rᵢ = θᵢ √(aᵢ/2 + θᵢ²/4)."""

    def residuals(self, theta):
        return theta * self._roots(theta)

    def jacobian(self, theta):
        roots = self._roots(theta)
        return (roots + theta * theta / (4 * roots))[..., None] * self._eye

    def _roots(self, theta):
        return self.xp.sqrt(self._a / 2 + theta * theta / 4)


class OtherResiduals(Squares):
    """Consistent residuals of another loss."""

    def residuals(self, theta):
        return theta * theta

    def jacobian(self, theta):
        return 2 * theta[..., None] * self._eye


@dataclass(frozen=True)
class Unpicklable(Quartic):
    power: Any = field(default_factory=lambda: lambda x: x)


@dataclass(frozen=True)
class Means(StochasticProblem):
    """f(θ) = mean over records of ½‖θ − x‖²."""

    records = 40
    size = 2
    draws_instance = True
    quadratic = True

    def start(self, random):
        return np.zeros(2)

    def draw(self, indices, random):
        return self._x[slice(None) if indices is None else indices]

    def loss(self, theta, batch):
        return ((theta[..., None, :] - batch) ** 2).sum(-1).mean(-1) / 2

    def gradient(self, theta, batch):
        return theta - batch.mean(axis=0)

    def per_sample(self, theta, batch):
        return theta[..., None, :] - batch

    def metrics(self, theta):
        return {"loss": self.loss(theta, self._x)}

    @cached_property
    def _x(self):
        return self.asarray(self.instance_random().standard_normal((40, 2)))


class ForgetsTheLast(Means):
    """Its whole is not its records."""

    def draw(self, indices, random):
        whole = isinstance(indices, slice) and indices == slice(None)
        return self._x[:-1] if whole else super().draw(indices, random)


class SumsPerSample(Means):
    def per_sample(self, theta, batch):
        return super().per_sample(theta, batch) / 40


class TakesSlicesOnly(Means):
    def draw(self, indices, random):
        if isinstance(indices, np.ndarray):
            raise TypeError("no arrays")
        return super().draw(indices, random)


BROKEN = {
    "gradient-is-the-slope-of-the-loss": {
        "wrong sign": but(gradient=lambda self, x: self._a * x - x * x * x),
        "forgotten factor": but(gradient=lambda self, x: self._a * x + x * x * x * (1 - 1e-5)),
        "rough": Rough,
    },
    "hessian-is-the-slope-of-the-gradient": {
        "wrong": but(hessian=lambda self, x: (self._a + 2 * x * x)[..., None] * self._eye),
        "lopsided": but(
            hessian=lambda self, x: Quartic.hessian(self, x) + self.asarray(1e-6 * np.eye(3, k=1))
        ),
    },
    "hvp-is-the-hessian-times-v": {
        "wrong product": but(hvp=lambda self, x, v: (self._a + x * x) * v)
    },
    "jacobian-is-the-slope-of-the-residuals": {
        "not diagonal": but(
            Squares,
            jacobian=lambda self, x: Squares.jacobian(self, x) + self.asarray(np.eye(3, k=1)),
        ),
        "of another sign": but(Squares, jacobian=lambda self, x: -Squares.jacobian(self, x)),
        "of another loss": OtherResiduals,
        "of a loss with a constant": but(Squares, loss=lambda self, x: Squares.loss(self, x) + 1),
    },
    "partials-are-the-gradients-entries": {
        "shifted": but(partial=lambda self, x, i: self.gradient(x)[..., (i + 1) % 3])
    },
    "coordinate-minimum-is-a-minimum": {
        "half way": but(coordinate_minimum=lambda self, x, i: x[..., i] / 2)
    },
    "minimum-is-what-it-claims": {
        "lower than it says": but(minimum=0.5),
        "elsewhere than it says": but(minimizer=(0.0, 0.1, 0.0)),
        "higher than it says": but(minimum=-1.0),
    },
    "is-quadratic-as-declared": {"says quadratic": but(quadratic=True)},
    "projects-once-and-for-all": {"projects again": but(project=lambda self, x: x / 2)},
    "keeps-shape-and-precision": {
        "promotes": but(gradient=lambda self, x: Quartic.gradient(self, x) * np.ones(3)),
        "takes slices only": TakesSlicesOnly,
    },
    "leading-axes-are-runs": {"sums too much": SumsTooMuch, "mixes runs": MixesRuns},
    "starts-where-its-seed-says": {
        "anywhere": but(start=lambda self, random: np.random.standard_normal(3)),
        "hides that it draws": but(start=lambda self, random: random.standard_normal(3)),
        "nowhere": but(start=lambda self, random: np.array([1.0, np.nan, 1.0])),
    },
    "blocks-cover-theta": {
        "one block too few": but(layout=lambda self: Layout.single(2)),
        "no layout": but(layout=lambda self: (("all", 3),)),
        "drawn": but(layout=drawn_order),
    },
    "answers-are-repeatable": {"writes to theta": WritesToTheta, "remembers": Remembers},
    "instances-depend-on-their-seed-alone": {
        "hides its rotation": but(
            _a=cached_property(lambda self: self.asarray(self.instance_random().uniform(1, 3, 3)))
        ),
        "draws constants by itself": but(
            _a=cached_property(lambda self: self.asarray(np.random.uniform(1, 3, 3)))
        ),
    },
    "measures-the-loss": {
        "nothing": but(metrics=lambda self, x: {"value": self.loss(x)}),
        "something else": but(metrics=lambda self, x: {"loss": 2 * self.loss(x)}),
    },
    "computes-with-the-array-standard": {"imports NumPy": ImportsNumpy},
    "pickles": {"unpicklable": Unpicklable},
    "gradient-is-the-same-in-single-precision": {
        "cancels": but(gradient=lambda self, x: (self._a * x + x * x * x + 1e8) - 1e8)
    },
    "minibatches-average-to-the-whole": {"forgets the last": ForgetsTheLast},
    "gradients-per-sample-average-to-the-gradient": {"sums": SumsPerSample},
}


@pytest.mark.parametrize("problem", [Quartic, Means, Squares])
def test_a_healthy_problem_fails_nothing(problem, ends):
    assert set(ends(check_problem(problem, seed=None)).values()) <= {"passed", "not applicable"}


def test_every_check_can_fail(ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    named = set(ends(check_problem(Quartic)))
    assert named == {*BROKEN, *tested_elsewhere}


@pytest.mark.parametrize(("check", "name"), [(c, name) for c in BROKEN for name in BROKEN[c]])
def test_the_broken_are_found(check, name, status):
    assert status(check_problem(BROKEN[check][name], seed=None), check) == "failed"


class Short(Quartic):
    def layout(self):
        return Layout.single(2)


def test_wrong_blocks_fail_one_check_alone():
    failed = [(o.check, o.reason) for o in check_problem(Short).run() if o.status == "failed"]
    reason = "Short.layout() has blocks of 2 numbers in all; expected size = 3"
    assert failed == [("blocks-cover-theta", reason)]


@dataclass(frozen=True)
class Kinked(Quartic):
    """Its absolute values know no complex numbers."""

    def loss(self, theta):
        return super().loss(theta) + self.xp.sum(abs(theta) * abs(theta) * theta, axis=-1)

    def gradient(self, theta):
        return super().gradient(theta) + 3 * theta * theta

    hessian = None
    hvp = None
    coordinate_minimum = None


def test_central_differences_serve_where_complex_steps_cannot(status):
    checks = check_problem(Kinked, seed=None)
    assert status(checks, "gradient-is-the-slope-of-the-loss") == "passed"


def test_what_is_no_problem_is_refused():
    with pytest.raises(UsageError, match="check_problem: "):
        check_problem(int)
