"""What all problems on a data set share: its records on the device, minibatches, metrics."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from optframe import Array, Dataset, Indices, Part, Setting, StochasticProblem, UsageError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch", "LearningProblem"]


@dataclass(slots=True)
class Batch:
    """Records: ``inputs`` (B, d) and ``targets`` (B,), or (R, B, d) and (R, B), a set per run."""

    inputs: Array
    targets: Array

    def spread(self, theta: Array) -> Batch:
        """Return records that broadcast against θ, which may have candidate axes after its runs."""
        run_axes = self.inputs.ndim - 2
        candidate_axes = theta.ndim - 1 - run_axes
        if run_axes == 0 or candidate_axes <= 0:
            return self
        index = (slice(None),) * run_axes + (None,) * candidate_axes + (...,)
        return Batch(self.inputs[index], self.targets[index])


class LearningProblem(StochasticProblem):
    """Fit a model to the training part of a data set, and measure it on the test part.

    A subclass is a frozen dataclass with a field ``data``, the name of a data set (parameters
    after a colon: ``"digits:split=1"``). The objective is the mean loss of the records plus a
    penalty. It exists once the problem is bound to a setting, which knows where data is.
    """

    data: str

    @abstractmethod
    def measure(self, theta: Array, batch: Batch) -> tuple[Array, Array]:
        """Return the records' mean loss without the penalty and the share it gets right, (...)."""

    @abstractmethod
    def penalty(self, theta: Array) -> Array:
        """Return what the objective adds to the mean loss, shape (...) or 0."""

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure θ on all training and all test records.

        ``loss`` is the objective, penalty included. ``test_loss`` is the mean loss alone, so that
        it compares across penalties. Without test records there is no ``test_...``.
        """
        loss, accuracy = self.measure(theta, self.training)
        metrics = {"loss": loss + self.penalty(theta), "train_accuracy": accuracy}
        if len(self.dataset.test):
            metrics["test_loss"], metrics["test_accuracy"] = self.measure(theta, self.testing)
        return metrics

    @property
    def records(self) -> int:
        """How many training records there are."""
        return len(self.dataset.train)

    @property
    def classes(self) -> int:
        """How many classes the records fall into."""
        if self.dataset.classes < 2:
            raise UsageError(
                f"{type(self).__name__}: data = {self.data!r} has no classes, but this problem "
                f"classifies; choose a data set with classes, such as 'digits'"
            )
        return self.dataset.classes

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Batch:
        """Return the training records with these indices, of shape (B,) or (R, B).

        A slice gives views, ``slice(None)`` and None the whole part itself.
        """
        training = self.training
        if indices is None or isinstance(indices, slice):
            if indices is None or indices == slice(None):
                return training
            return Batch(training.inputs[indices], training.targets[indices])
        xp = self.xp
        rows = self._home.backend.asarray(indices, "int64")
        if rows.ndim == 1:
            return Batch(
                xp.take(training.inputs, rows, axis=0), xp.take(training.targets, rows, axis=0)
            )
        shape, rows = rows.shape, xp.reshape(rows, (-1,))
        inputs = xp.take(training.inputs, rows, axis=0)
        targets = xp.take(training.targets, rows, axis=0)
        return Batch(xp.reshape(inputs, (*shape, -1)), xp.reshape(targets, shape))

    @cached_property
    def dataset(self) -> Dataset:
        """The data set, on the host."""
        return self._home.dataset(self.data)

    @cached_property
    def training(self) -> Batch:
        """The training part, on the device."""
        return self._on_device(self.dataset.train)

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
        return Batch(self.asarray(self.features(part.inputs)), self.labels(part.targets))

    @property
    def _home(self) -> Setting:
        if self.setting is None:
            raise UsageError(
                f"{type(self).__name__}: data = {self.data!r} cannot be found before the problem "
                f"is bound to a setting; run it by name or object, or call bind(setting) first"
            )
        return self.setting
