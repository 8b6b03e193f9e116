"""Each check of problems is failed by a problem that is broken in just that way."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from optframe import Function, StochasticProblem, UsageError
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


class WrongSign(Quartic):
    def gradient(self, theta):
        return self._a * theta - theta * theta * theta


class ForgottenFactor(Quartic):
    def gradient(self, theta):
        return self._a * theta + theta * theta * theta * (1 - 1e-5)


class WrongHessian(Quartic):
    def hessian(self, theta):
        return (self._a + 2 * theta * theta)[..., None] * self._eye


class LopsidedHessian(Quartic):
    def hessian(self, theta):
        return super().hessian(theta) + 1e-6 * self.asarray(np.eye(3, k=1))


class WrongProduct(Quartic):
    def hvp(self, theta, v):
        return (self._a + theta * theta) * v


class ShiftedPartial(Quartic):
    def partial(self, theta, i):
        return self.gradient(theta)[..., (i + 1) % 3]


class WrongCoordinate(Quartic):
    def coordinate_minimum(self, theta, i):
        return theta[..., i] / 2


class LowerThanItSays(Quartic):
    minimum = 0.5


class ElsewhereThanItSays(Quartic):
    minimizer = (0.0, 0.1, 0.0)


class HigherThanItSays(Quartic):
    minimum = -1.0


class SaysQuadratic(Quartic):
    quadratic = True


class ProjectsAgain(Quartic):
    def project(self, theta):
        return theta / 2


class PromotesPrecision(Quartic):
    def gradient(self, theta):
        return super().gradient(theta) * np.ones(3)


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


class StartsAnywhere(Quartic):
    def start(self, random):
        return np.random.standard_normal(3)


class HidesThatItDraws(Quartic):
    def start(self, random):
        return random.standard_normal(3)


class StartsNowhere(Quartic):
    def start(self, random):
        return np.array([1.0, np.nan, 1.0])


class WritesToTheta(Quartic):
    def gradient(self, theta):
        g = super().gradient(theta)
        theta += 0
        return g


class Remembers(Quartic):
    def gradient(self, theta):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return super().gradient(theta) * (1 + 1e-9 * count)


class HidesItsRotation(Quartic):
    @cached_property
    def _a(self):
        return self.asarray(self.instance_random().uniform(1, 3, 3))


class DrawsConstantsByItself(Quartic):
    @cached_property
    def _a(self):
        return self.asarray(np.random.uniform(1, 3, 3))


class MeasuresNothing(Quartic):
    def metrics(self, theta):
        return {"value": self.loss(theta)}


class MeasuresSomethingElse(Quartic):
    def metrics(self, theta):
        return {"loss": 2 * self.loss(theta)}


class ImportsNumpy(Quartic):
    def loss(self, theta):
        squared = np.square(theta)
        return self.xp.sum(self._a * squared / 2 + squared * squared / 4, axis=-1)


@dataclass(frozen=True)
class Unpicklable(Quartic):
    power: Any = field(default_factory=lambda: lambda x: x)


class Cancels(Quartic):
    """In float32 nothing of the gradient is left."""

    def gradient(self, theta):
        return (self._a * theta + theta * theta * theta + 1e8) - 1e8


BROKEN = {
    WrongSign: "gradient-is-the-slope-of-the-loss",
    ForgottenFactor: "gradient-is-the-slope-of-the-loss",
    WrongHessian: "hessian-is-the-slope-of-the-gradient",
    LopsidedHessian: "hessian-is-the-slope-of-the-gradient",
    WrongProduct: "hvp-is-the-hessian-times-v",
    ShiftedPartial: "partials-are-the-gradients-entries",
    WrongCoordinate: "coordinate-minimum-is-a-minimum",
    LowerThanItSays: "minimum-is-what-it-claims",
    ElsewhereThanItSays: "minimum-is-what-it-claims",
    HigherThanItSays: "minimum-is-what-it-claims",
    SaysQuadratic: "is-quadratic-as-declared",
    ProjectsAgain: "projects-once-and-for-all",
    PromotesPrecision: "keeps-shape-and-precision",
    SumsTooMuch: "leading-axes-are-runs",
    MixesRuns: "leading-axes-are-runs",
    StartsAnywhere: "starts-where-its-seed-says",
    HidesThatItDraws: "starts-where-its-seed-says",
    StartsNowhere: "starts-where-its-seed-says",
    WritesToTheta: "answers-are-repeatable",
    Remembers: "answers-are-repeatable",
    HidesItsRotation: "instances-depend-on-their-seed-alone",
    DrawsConstantsByItself: "instances-depend-on-their-seed-alone",
    MeasuresNothing: "measures-the-loss",
    MeasuresSomethingElse: "measures-the-loss",
    ImportsNumpy: "computes-with-the-array-standard",
    Unpicklable: "pickles",
    Cancels: "gradient-is-the-same-in-single-precision",
}


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


BROKEN_WITH_DATA = {
    ForgetsTheLast: "minibatches-average-to-the-whole",
    SumsPerSample: "gradients-per-sample-average-to-the-gradient",
    TakesSlicesOnly: "keeps-shape-and-precision",
}


@pytest.mark.parametrize("problem", [Quartic, Means])
def test_a_healthy_problem_fails_nothing(problem, ends):
    assert set(ends(check_problem(problem, seed=None)).values()) <= {"passed", "not applicable"}


def test_every_check_can_fail(ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    named = set(ends(check_problem(Quartic)))
    assert named == {*BROKEN.values(), *BROKEN_WITH_DATA.values(), *tested_elsewhere}


@pytest.mark.parametrize("broken", BROKEN | BROKEN_WITH_DATA, ids=lambda broken: broken.__name__)
def test_the_broken_are_found(broken, status):
    expected = (BROKEN | BROKEN_WITH_DATA)[broken]
    assert status(check_problem(broken, seed=None), expected) == "failed"


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


def test_central_differences_serve_where_complex_steps_cannot():
    found = {o.check: o for o in check_problem(Kinked, seed=None).run()}
    assert found["gradient-is-the-slope-of-the-loss"].status == "passed"


@dataclass(frozen=True)
class Rough(Quartic):
    def loss(self, theta):
        return super().loss(theta) + self.xp.sum(np.sin(1e9 * theta), axis=-1)


def test_a_rough_loss_says_that_nothing_can_be_said():
    found = {o.check: o for o in check_problem(Rough).run()}
    assert found["gradient-is-the-slope-of-the-loss"].status == "failed"


def test_what_is_no_problem_is_refused():
    with pytest.raises(UsageError, match="check_problem: "):
        check_problem(int)
