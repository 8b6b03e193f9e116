"""The metrics of every registered transform belong to its own loss, on whichever records."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
import optframe_problems
from optframe import Dataset, Problem, Setting, Transform
from optframe.testing import ReadOnlyBackend
from optframe_problems.functions.quadratic_deep import QuadraticDeep
from optframe_problems.regression.logistic import Logistic
from optframe_problems.regression.ridge import Ridge
from optframe_problems.regression.softmax import Softmax
from optframe_problems.regression.streaming_regression import StreamingRegression
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.scale import Scale
from optframe_problems.transforms.shift import Shift

PARAMETERS = {
    "rotate": {},
    "scale": {"condition": 30.0, "factor": 7.0},
    "shift": {"by": 0.4},
    "noise": {"sigma": 2.0},
    "multiplicative-noise": {"sigma": 3.0},
}
"""A choice for each registered transform that changes what there is to change."""

REGISTRY = optframe.load_plugins()
TRANSFORMS = sorted(optframe_problems.optframe_transforms())
PARTS = {"": "train", "validation_": "validation", "test_": "test"}


@dataclass(frozen=True)
class Halved(Transform):
    """A plugin's transform: half of the square root of the loss at 2θ."""

    problem: Problem

    def inward(self, theta):
        return 2 * theta

    def of_loss(self, loss):
        return 0.5 * self.xp.sqrt(loss)

    def loss(self, theta, *batch):
        return 0.5 * self.xp.sqrt(self.inside.loss(2 * theta, *batch))

    def gradient(self, theta, *batch):
        loss, gradient = self.inside.loss_and_gradient(2 * theta, *batch)
        return 0.5 * gradient / self.xp.sqrt(loss)[..., None]


def around(name):
    if name == "halved":
        return Halved
    return lambda problem: REGISTRY.make(
        "transforms", name, {**PARAMETERS[name], "problem": problem}
    )


def bound(problem, dataset):
    seed = np.random.SeedSequence(5)
    return problem.bind(Setting(ReadOnlyBackend(), "float64", seed, lambda _: dataset))


def clouds(classes):
    random = np.random.default_rng(2)
    targets = np.arange(60) % 3 if classes else random.standard_normal(60)
    inputs = random.standard_normal((60, 4)) + targets[:, None]
    parts = [optframe.Part(inputs[r], targets[r]) for r in np.split(np.arange(60), [30, 40])]
    return Dataset("clouds", *parts, classes=3 if classes else 0)


def everything(problem):
    return problem.draw(slice(None), None)


@pytest.mark.parametrize("name", [*TRANSFORMS, "halved"])
@pytest.mark.parametrize("model", [Logistic("clouds"), Softmax("clouds"), Ridge("clouds", l2=0.0)])
def test_each_loss_is_the_transforms_own_on_those_records(name, model, random):
    """The part on which a loss is measured is the training part of another data set."""
    dataset = clouds(model.score == "accuracy")
    changed = bound(around(name)(model), dataset)
    theta = random.standard_normal((3, changed.size))
    found = changed.metrics(theta)
    assert list(found) == [f"{prefix}{what}" for prefix in PARTS for what in ("loss", model.score)]
    for prefix, part in PARTS.items():
        own = bound(around(name)(model), replace(dataset, train=getattr(dataset, part)))
        assert_allclose(found[f"{prefix}loss"], own.loss(theta, everything(own)), rtol=1e-12)
        score = own.problem.metrics(changed.inward(theta))[model.score]
        assert_allclose(found[f"{prefix}{model.score}"], score, rtol=1e-12)


@pytest.mark.parametrize("name", [*TRANSFORMS, "halved"])
@pytest.mark.parametrize("model", [Logistic("clouds", l2=0.3), Softmax("clouds", l2=0.3)])
def test_the_loss_is_the_one_over_all_data_with_its_penalty(name, model, random):
    changed = bound(around(name)(model), clouds(True))
    theta = random.standard_normal(changed.size)
    assert changed.metrics(theta)["loss"] == pytest.approx(
        changed.loss(theta, everything(changed)), rel=1e-12
    )
    for transform in (Shift, lambda problem: Scale(problem, factor=3.0), Rotate):
        twice = bound(transform(around(name)(model)), clouds(True))
        assert twice.metrics(theta)["loss"] == pytest.approx(
            twice.loss(theta, everything(twice)), rel=1e-12
        )


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("model", [StreamingRegression(5), QuadraticDeep(5)])
def test_an_expected_loss_is_the_transforms_own_too(name, model, random):
    """With few parameters and many records, the mean over records is near the expectation."""
    many = replace(model, count=50_000)
    changed = bound(around(name)(many), None)
    theta = random.standard_normal(changed.size)
    found = changed.metrics(theta)
    assert found["loss"] == pytest.approx(changed.loss(theta, everything(changed)), rel=1e-12)
    assert found["test_loss"] == pytest.approx(found["loss"], rel=0.05)


def test_the_gap_of_a_scaled_loss_is_the_scaled_gap(random):
    bare, scaled = (bound(problem, clouds(True)) for problem in scaled_by(10.0))
    theta = random.standard_normal(bare.size)
    before, after = bare.metrics(theta), scaled.metrics(theta)
    for part in ("validation", "test"):
        gap = before[f"{part}_loss"] - before["loss"]
        assert after[f"{part}_loss"] - after["loss"] == pytest.approx(10 * gap, rel=1e-9)


def scaled_by(factor):
    return Logistic("clouds"), Scale(Logistic("clouds"), factor=factor)
