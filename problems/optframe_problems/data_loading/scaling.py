"""Make the inputs of a data set dense, and standardize them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from optframe import Dataset, UsageError
from optframe_problems.data_loading.finite import check_finite

__all__ = ["dense", "mapped", "standardized"]


def mapped(dataset: Dataset, change: Callable[[Any], Any]) -> Dataset:
    """Return the data set with the inputs of each part changed in the same way."""
    train, validation, test = (
        replace(part, inputs=change(part.inputs))
        for part in (dataset.train, dataset.validation, dataset.test)
    )
    return replace(dataset, train=train, validation=validation, test=test)


def dense(dataset: Dataset) -> Dataset:
    """Return a data set of few sparse inputs with dense ones."""
    return mapped(dataset, lambda inputs: inputs.toarray())


def standardized(dataset: Dataset) -> Dataset:
    """Return it with (x − mean) / deviation for each dense input x, both over the training part.

    An input that is the same number in all training records is only shifted, since its deviation is
    0.

    Raises
    ------
    UsageError
        Where a training input is not finite, or too large for a deviation.
    """
    train = dataset.train.inputs
    check_finite(dataset.name, "train", dataset.train)
    constant = np.ptp(train, axis=0) == 0
    with np.errstate(over="ignore", invalid="ignore"):
        # By rounding, the mean of equal numbers may differ from them.
        mean = np.where(constant, train[0], train.mean(axis=0))
        deviation = np.where(constant, 1.0, train.std(axis=0))
    if not np.isfinite(deviation).all():
        feature = int(np.argmin(np.isfinite(deviation)))
        raise UsageError(
            f"{dataset.name}: the training inputs of feature {feature} (from 0) are too large to "
            f"be standardized, up to {np.abs(train[:, feature]).max():g}"
        )
    return mapped(dataset, lambda inputs: (inputs - mean) / deviation)
