"""The base class of problems on a data set: records on the device, minibatches, metrics."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Dataset, Indices, Part, Setting, StochasticProblem, UsageError
from optframe_problems.data_loading.finite import check_finite, is_sparse
from optframe_problems.sparse import SparseRows

__all__ = ["Batch", "LearningProblem"]


@dataclass(slots=True)
class Batch:
    """Records: ``inputs`` (B, d) and ``targets`` (B,), or (R, B, d) and (R, B), a set per run.

    The inputs are an array, or `SparseRows` in a problem that takes them.
    """

    inputs: Any
    targets: Array

    def spread(self, theta: Array) -> Batch:
        """Return records that broadcast against θ, which may have candidate axes after its runs."""
        run_axes = self.inputs.ndim - 2
        candidate_axes = theta.ndim - 1 - run_axes
        if run_axes == 0 or candidate_axes <= 0:
            return self
        index = (slice(None),) * run_axes + (None,) * candidate_axes + (...,)
        inputs = self.inputs
        sparse = isinstance(inputs, SparseRows)
        return Batch(
            inputs.spread(candidate_axes) if sparse else inputs[index], self.targets[index]
        )


class LearningProblem(StochasticProblem):
    """Fit a model to the training part of a data set, and measure it on all parts.

    A subclass is a frozen dataclass with a field ``data``, the name of a data set (parameters
    after a colon: ``"digits:split=1"``). The objective is the mean loss of the records plus a
    penalty. It can be computed once the problem is bound to a setting, which knows where data is.
    """

    copies = False
    data: str

    takes_sparse: ClassVar[bool] = False
    """Whether inputs may be SciPy's CSR; batches then hold `SparseRows`."""

    score: ClassVar[str] = "accuracy"
    """What is measured beside the loss."""

    @abstractmethod
    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the records' mean loss without the penalty, and their score, (...).

        The score ``accuracy`` is the fraction of records that θ classifies correctly.
        """

    @abstractmethod
    def penalty(self, theta: Array) -> Array:
        """Return what the objective adds to the mean loss, shape (...) or 0."""

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure θ on all training, all validation and all test records.

        With the score ``accuracy``, the names are ``loss``, ``accuracy``, ``validation_loss``,
        ``validation_accuracy``, ``test_loss`` and ``test_accuracy``. ``loss`` is the objective,
        penalty included. The other losses are the mean loss alone, so that they compare across
        penalties. A part without records has no metrics.
        """
        loss, score = self.measure(theta, self.training)
        metrics = {"loss": loss + self.penalty(theta), self.score: score}
        if len(self.dataset.validation):
            loss, score = self.measure(theta, self.validation)
            metrics |= {"validation_loss": loss, f"validation_{self.score}": score}
        if len(self.dataset.test):
            loss, score = self.measure(theta, self.testing)
            metrics |= {"test_loss": loss, f"test_{self.score}": score}
        return metrics

    @property
    def records(self) -> int:
        """How many training records there are."""
        return len(self.dataset.train)

    @property
    def classes(self) -> int:
        """How many classes the records fall into."""
        return self.classes_of(self.dataset)

    def classes_of(self, dataset: Dataset) -> int:
        """Return how many classes a data set has, at least two."""
        if dataset.classes < 2:
            raise UsageError(
                f"{type(self).__name__}: data = {self.data!r} has "
                f"{'one class only' if dataset.classes else 'no classes'}, but this problem "
                f"classifies; choose a data set with classes, such as 'digits'"
            )
        return dataset.classes

    def check(self, dataset: Dataset) -> None:
        """Raise UsageError where this problem cannot learn from a data set; by default, it can."""

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return each training record's ``class`` or ``subject``, where the data set has them."""
        if by == "class" and self.dataset.classes:
            return self.dataset.train.targets
        return self.dataset.train.groups if by == "subject" else None

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Batch:
        """Return the training records with these indices, of shape (B,) or (R, B).

        A slice gives views (of sparse records, copies). None, and a slice of all records, give the
        whole part itself.
        """
        training = self.training
        if indices is None:
            return training
        if isinstance(indices, slice):
            if indices.indices(self.records) == (0, self.records, 1):
                return training
            inputs = training.inputs
            part = inputs.rows(indices) if isinstance(inputs, SparseRows) else inputs[indices]
            return Batch(part, training.targets[indices])
        xp = self.xp
        rows = self._home.backend.asarray(indices, "int64")
        if isinstance(training.inputs, SparseRows):
            return Batch(training.inputs.rows(rows), training.targets[rows])
        if rows.ndim == 1:
            return Batch(
                xp.take(training.inputs, rows, axis=0), xp.take(training.targets, rows, axis=0)
            )
        shape, one = indices.shape, indices.strides[0] == 0
        # The runs of one seed share the memory of their records, which are taken once.
        rows = xp.reshape(rows[:1, :] if one else rows, (-1,))
        inputs = xp.take(training.inputs, rows, axis=0)
        targets = xp.take(training.targets, rows, axis=0)
        if one:
            return Batch(
                xp.broadcast_to(inputs, (*shape, inputs.shape[-1])), xp.broadcast_to(targets, shape)
            )
        return Batch(xp.reshape(inputs, (*shape, -1)), xp.reshape(targets, shape))

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, on the host, after a check whether this problem can learn from it."""
        dataset = self._home.dataset(self.data)
        for name in ("train", "validation", "test"):
            check_finite(f"data {self.data!r}", name, getattr(dataset, name))
        if is_sparse(dataset.train.inputs) and not self.takes_sparse:
            raise UsageError(
                f"{type(self).__name__}: the inputs of data = {self.data!r} are sparse, but this "
                f"problem needs dense ones; choose another data set, or a linear model"
            )
        self.check(dataset)
        return dataset

    @cached_property
    def training(self) -> Batch:
        """The training part, on the device."""
        return self._on_device(self.dataset.train)

    @cached_property
    def validation(self) -> Batch:
        """The validation part, on the device."""
        return self._on_device(self.dataset.validation)

    @cached_property
    def testing(self) -> Batch:
        """The test part, on the device."""
        return self._on_device(self.dataset.test)

    def features(self, inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the numbers per record that the model sees, by default the inputs."""
        return inputs

    def labels(self, targets: np.ndarray[Any, Any]) -> Array:
        """Put the targets on the device, by default as integers."""
        return self._home.backend.asarray(targets, "int64")

    def _on_device(self, part: Part) -> Batch:
        inputs, targets = self.features(part.inputs), self.labels(part.targets)
        if is_sparse(inputs):
            matrix = self._home.backend.csr(inputs, self._home.dtype)
            return Batch(SparseRows(self.xp, (matrix,)), targets)
        return Batch(self.asarray(inputs), targets)

    @property
    def _home(self) -> Setting:
        if self.setting is None:
            raise UsageError(
                f"{type(self).__name__}: data = {self.data!r} cannot be found before the problem "
                f"is bound to a setting; run it by name or object, or call bind(setting) first"
            )
        return self.setting
