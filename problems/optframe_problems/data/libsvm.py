"""Data sets in LIBSVM's text format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Lt

from optframe import Dataset, DatasetLoader, Part, UsageError
from optframe_problems.data.files import find
from optframe_problems.data.split import check_fractions, shuffled, stratified
from optframe_problems.data.svmlight import read

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Libsvm", "load_libsvm"]

SOURCE = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/"
ENDINGS = ("", ".bz2", ".gz")


@dataclass(frozen=True)
class Libsvm(DatasetLoader):
    """Records in a file of LIBSVM's format; the inputs are sparse.

    Parameters
    ----------
    path
        The file, as it is or in the folder OPTFRAME_DATA, perhaps with ``.bz2`` or ``.gz`` behind
        its name.
    test
        The file with the test records, by default none.
    target
        ``class``: whole numbers, whose sorted values become the classes 0, 1, ...; ``number``: for
        regression; ``auto``: classes where all are whole numbers.
    test_fraction
        The share of the file's records that tests where there is no file for them, in [0, 1).
    validation_fraction
        The share of the file's records that validates, in [0, 1); the rest trains.
    split
        The seed of the split, which keeps the shares of the classes, at least 0.
    """

    path: str = ""
    test: str = ""
    target: Literal["auto", "class", "number"] = "auto"
    test_fraction: Annotated[float, Ge(0), Lt(1)] = 0.0
    validation_fraction: Annotated[float, Ge(0), Lt(1)] = 0.0
    split: Annotated[int, Ge(0)] = 0

    def __post_init__(self) -> None:
        check_fractions(self.test_fraction, self.validation_fraction)
        if self.test and self.test_fraction:
            raise ValueError(
                f"test_fraction = {self.test_fraction} beside test = {self.test!r}; give one"
            )

    def load(self) -> Dataset:
        """Read and split the records."""
        if not self.path:
            raise UsageError("libsvm: path is missing; write libsvm:path=FILE")
        fractions = (self.test_fraction, self.validation_fraction)
        return load_libsvm(self.path, self.path, self.test, fractions, self.split, self.target)


def load_libsvm(
    name: str,
    path: str,
    test: str = "",
    fractions: tuple[float, float] = (0.0, 0.0),
    seed: int = 0,
    target: str = "auto",
) -> Dataset:
    """Read records, number their classes, and split them: see `Libsvm`."""
    import numpy as np

    train_path = find(path, "libsvm", SOURCE, ENDINGS)
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
        targets = np.searchsorted(labels, targets)
        known = tuple(labels.astype(int).tolist())
        dataset = stratified(name, inputs, targets, fractions, seed, known)
    else:
        dataset = shuffled(name, inputs, targets, fractions, seed)
    if not test:
        return dataset
    test_path = find(test, "libsvm", SOURCE, ENDINGS)
    test_inputs, test_targets = read(test_path)
    if classes:
        strange = np.setdiff1d(test_targets, labels)
        if len(strange):
            raise UsageError(
                f"{test_path}: found the target {strange[0]:g}; expected one of the classes of "
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
