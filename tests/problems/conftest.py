"""Settings to bind problems to, and numerical derivatives to hold them against."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from optframe import Backend, Dataset, Part, Setting
from optframe.testing import ReadOnlyBackend, StrictBackend
from optframe_plugins.backends.cupy import CupyBackend
from optframe_problems.data.breast_cancer import BreastCancer
from optframe_problems.data.diabetes import Diabetes
from optframe_problems.data.digits import Digits

BACKENDS: dict[str, Backend] = {
    "numpy": ReadOnlyBackend(),
    "strict": StrictBackend(),
    "cupy": CupyBackend(),
}


def three_clouds() -> Dataset:
    """60 records with 5 features and 3 overlapping classes."""
    random = np.random.default_rng(3)
    targets = np.arange(60) % 3
    inputs = random.standard_normal((60, 5)) + targets[:, None]
    parts = [Part(inputs[rows], targets[rows]) for rows in np.split(np.arange(60), [30, 40])]
    return Dataset("three-clouds", *parts, classes=3)


def untested() -> Dataset:
    """The same without test records."""
    clouds = three_clouds()
    empty = Part(clouds.test.inputs[:0], clouds.test.targets[:0])
    return Dataset("untested", clouds.train, clouds.validation, empty, 3)


def unvalidated() -> Dataset:
    """The same without validation records."""
    clouds = three_clouds()
    empty = Part(clouds.test.inputs[:0], clouds.test.targets[:0])
    return Dataset("unvalidated", clouds.train, empty, clouds.test, 3)


def only_training() -> Dataset:
    """The same without validation and test records."""
    clouds = untested()
    return Dataset("only-training", clouds.train, clouds.test, clouds.test, 3)


def temperatures() -> Dataset:
    """A data set without classes."""
    part = Part(np.ones((4, 2)), np.array([0.5, 1.5, 2.5, 3.5]))
    return Dataset("temperatures", part, part, part, classes=0)


def thinned(dataset: Dataset, name: str, sparse: bool, numbers: bool) -> Dataset:
    """The same with half of its inputs 0, dense or CSR, with classes or with numbers as targets."""
    random = np.random.default_rng(5)

    def thin(part: Part) -> Part:
        inputs = part.inputs * (random.random(part.inputs.shape) < 0.5)
        noise = random.standard_normal(len(part))
        targets = inputs @ [3.0, -2, 0, 0.5, 1] + 4 + noise if numbers else part.targets
        return Part(csr_array(inputs) if sparse else inputs, targets)

    parts = [thin(part) for part in (dataset.train, dataset.validation, dataset.test)]
    return Dataset(name, *parts, classes=0 if numbers else dataset.classes)


@lru_cache
def dataset(name: str) -> Dataset:
    loaders: dict[str, Callable[[], Dataset]] = {
        "digits": Digits().load,
        "breast-cancer": BreastCancer().load,
        "three-clouds": three_clouds,
        "untested": untested,
        "unvalidated": unvalidated,
        "only-training": only_training,
        "temperatures": temperatures,
        "diabetes": Diabetes().load,
    }
    for name_of, sparse, numbers in (
        ("thin-clouds", False, False),
        ("sparse-clouds", True, False),
        ("numbers", False, True),
        ("sparse-numbers", True, True),
    ):
        loaders[name_of] = partial(thinned, three_clouds(), name_of, sparse, numbers)
    return loaders[name]()


@pytest.fixture
def bind():
    """Bind a problem: ``bind(problem, dtype="float64", backend="numpy", seed=0)``.

    The backend is a name of `BACKENDS`, or a backend.
    """

    def bound(problem: Any, dtype: str = "float64", backend: Any = "numpy", seed: int = 0) -> Any:
        chosen = BACKENDS[backend] if isinstance(backend, str) else backend
        missing = chosen.missing()
        if missing:
            pytest.skip(missing)
        return problem.bind(Setting(chosen, dtype, np.random.SeedSequence(seed), dataset))

    return bound


@pytest.fixture
def on_device():
    """Put NumPy arrays where a bound problem computes, read-only."""

    def put(problem: Any, *arrays: Any) -> Any:
        put = [problem.asarray(array) for array in arrays]
        return put[0] if len(put) == 1 else put

    return put


@pytest.fixture
def to_numpy():
    """Read a bound problem's answer."""
    return lambda problem, array: problem.setting.backend.to_numpy(array)


@pytest.fixture
def answers():
    """All that a bound problem answers, by name: ``answers(problem, theta, v, *batch)``."""

    def ask(problem: Any, theta: Any, v: Any, *batch: Any) -> dict[str, Any]:
        offered = problem.offers()
        found = {
            word: getattr(problem, word)(theta, *batch)
            for word in ("loss", "gradient", "hessian", "residuals", "jacobian", "per_sample")
            if word in offered
        }
        found["loss of both"], found["gradient of both"] = problem.loss_and_gradient(theta, *batch)
        if "hvp" in offered:
            found["hvp"] = problem.hvp(theta, v, *batch)
        for word in offered & {"partial", "coordinate_minimum"}:
            for i in {problem.size // 2, problem.size - 1}:
                found[f"{word} {i}"] = getattr(problem, word)(theta, i, *batch)
        if "measure" in offered:
            found["measured loss"], found["score"] = problem.measure(theta, *batch)
        return found

    return ask


@pytest.fixture
def random():
    """A generator that draws other points in every run; a failing test prints its seed."""
    seed = np.random.SeedSequence().entropy
    print(f"points drawn with np.random.default_rng({seed})")
    return np.random.default_rng(seed)


@pytest.fixture
def slope():
    """The derivative of ``function`` at ``theta``, by central differences in each coordinate.

    ``slope(function, theta)[..., i]`` is ∂function/∂θᵢ for one point θ of shape (P,), exact to
    about 1e-9 relative to the third derivatives of a function of order 1.
    """

    def central(function: Callable[[Any], Any], theta: Any, step: float = 1e-5) -> Any:
        columns = []
        for i in range(theta.size):
            shift = step * np.eye(theta.size)[i]
            columns.append((function(theta + shift) - function(theta - shift)) / (2 * step))
        return np.stack(columns, axis=-1)

    return central


@pytest.fixture
def data():
    """Sixty records of three classes as a user gives them, (60, 6) and (60,)."""
    random = np.random.default_rng(3)
    y = random.integers(3, size=60)
    return random.standard_normal((60, 6)) + y[:, None], y
