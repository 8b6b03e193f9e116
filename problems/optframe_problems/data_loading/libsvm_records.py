"""From files in LIBSVM's text format to a data set, and the site that offers such files."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import DataFile, Dataset, Part, UsageError
from optframe_problems.data_loading.split import Division, shuffled, stratified
from optframe_problems.data_loading.svmlight_format import read

__all__ = ["SITE", "load_libsvm"]

SITE = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/"


def load_libsvm(
    name: str,
    files: tuple[DataFile, ...],
    division: Division,
    target: str = "auto",
) -> Dataset:
    """Read the records of a file, number their classes, and split them, as `libsvm` does.

    Those of a second file are the test part.
    """
    train_path, *test_paths = (file.fetch() for file in files)
    inputs, targets = read(train_path)
    labels = np.unique(targets)
    whole = bool((labels == np.round(labels)).all())
    if target == "class" and not whole:
        raise UsageError(
            f"{train_path}: the target {labels[labels != np.round(labels)][0]} is no whole number; "
            "expected classes"
        )
    classes = whole and target != "number"
    if classes:
        records = Part(inputs, np.searchsorted(labels, targets))
        known = tuple(map(int, labels.tolist()))  # which may have more than 64 bits
        dataset = stratified(name, records, division, known)
    else:
        dataset = shuffled(name, Part(inputs, targets), division)
    if not test_paths:
        return dataset
    test_inputs, test_targets = read(test_paths[0])
    if classes:
        strange = np.setdiff1d(test_targets, labels)
        if len(strange):
            raise UsageError(
                f"{test_paths[0]}: found the target {strange[0]:g}; expected one of the classes of "
                f"{train_path}, {', '.join(map(str, dataset.labels))}"
            )
        test_targets = np.searchsorted(labels, test_targets)
    return _with_test(dataset, test_inputs, test_targets)


def _with_test(dataset: Dataset, inputs: Any, targets: NDArray[Any]) -> Dataset:
    """Return the data set with these test records, all parts as wide as the widest."""
    width = max(dataset.train.inputs.shape[1], inputs.shape[1])

    def widened(matrix: Any) -> Any:
        wide = matrix.copy()
        wide.resize((matrix.shape[0], width))
        return wide

    return replace(
        dataset,
        train=replace(dataset.train, inputs=widened(dataset.train.inputs)),
        validation=replace(dataset.validation, inputs=widened(dataset.validation.inputs)),
        test=Part(widened(inputs), targets),
    )
