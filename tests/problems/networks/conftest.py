"""Small stand-ins for the data sets of the named networks, of the same shapes."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from optframe import Dataset, Part

SHAPES = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3), "postcards": (6, 7, 2)}


@lru_cache
def stand_in(name: str) -> Dataset:
    """30 training, 5 validation and 7 test images, dark in places, in ten classes (or three)."""
    random = np.random.default_rng(8)
    shape, classes = SHAPES[name], 3 if name == "postcards" else 10
    inputs = np.maximum(0, random.standard_normal((42, *shape))).reshape(42, -1)
    targets = random.integers(0, classes, 42)
    parts = [Part(inputs[rows], targets[rows]) for rows in np.split(np.arange(42), [30, 35])]
    return Dataset(name, *parts, classes=classes, shape=shape)


@pytest.fixture
def bind(bind):
    """The same, with stand-ins."""

    def bound(problem: Any, *arguments: Any, **keywords: Any) -> Any:
        setting = bind(problem, *arguments, **keywords).setting

        def dataset(name: str) -> Dataset:
            return stand_in(name) if name in SHAPES else setting.dataset(name)

        return problem.bind(dataclasses.replace(setting, dataset=dataset))

    return bound


@pytest.fixture
def bind_to():
    """Bind a problem to a data set: ``bind_to(problem, dataset)``."""
    from optframe import Setting
    from optframe.testing import ReadOnlyBackend

    def bound(problem: Any, dataset: Dataset, dtype: str = "float64") -> Any:
        seeds = np.random.SeedSequence(0)
        return problem.bind(Setting(ReadOnlyBackend(), dtype, seeds, lambda name: dataset))

    return bound
