"""The inputs of a data set, made dense and brought to one scale."""

from __future__ import annotations

from dataclasses import replace

from optframe import Dataset, Part

__all__ = ["dense", "standardized"]


def dense(dataset: Dataset) -> Dataset:
    """Return a data set of sparse inputs, few enough of them, with dense ones."""

    def filled(part: Part) -> Part:
        return replace(part, inputs=part.inputs.toarray())

    return replace(
        dataset,
        train=filled(dataset.train),
        validation=filled(dataset.validation),
        test=filled(dataset.test),
    )


def standardized(dataset: Dataset) -> Dataset:
    """Return it with (x − mean) / deviation for each dense input x, both of the training part.

    An input that is constant there is only shifted.
    """
    import numpy as np

    train = dataset.train.inputs
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)

    def scaled(part: Part) -> Part:
        return replace(part, inputs=(part.inputs - mean) / deviation)

    return replace(
        dataset,
        train=scaled(dataset.train),
        validation=scaled(dataset.validation),
        test=scaled(dataset.test),
    )
