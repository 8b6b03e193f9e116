"""A module on one device, in one precision, whose parameters are θ; its loss and derivatives."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from optframe import Array, Backend, PluginError
from optframe_problems.torch_models.random_state import generators
from optframe_problems.torch_models.records import Records
from optframe_problems.torch_models.template import Template

__all__ = ["UNUSED", "LiveModule", "TorchBatch", "total"]

COPIED = 2**17
"""A θ of at most so many numbers is copied: NumPy's optimizers return a new array in each step, and
to set views of it takes longer. The choice may not depend on what was asked before, since some sums
depend on how memory is aligned."""


UNUSED: Any = {"allow_unused": True}
"""A parameter that the loss does not depend on has None for a derivative, and raises nothing."""


@dataclass(slots=True)
class TorchBatch:
    """Records on the device, and the seed of the step's noise; None where nothing is drawn.

    ``mode`` is that of the module, see `LiveModule`.
    """

    records: Records
    seed: int | None = None
    mode: str = "step"


class LiveModule:
    """A copy of a template's module, and the loss of its outputs.

    The parameters are views of θ, or of a copy of a small θ. The modes are ``step`` (the module
    trains), ``still`` (the same without noise) and ``measure`` (the module is evaluated). Batch
    normalization uses the batch's statistics in the first two, and keeps none of them.
    """

    def __init__(
        self, template: Template, criterion: Callable[..., Any], backend: Backend | None, dtype: str
    ) -> None:
        self.backend = backend
        self.dtype = getattr(torch, dtype)
        self.device = torch.device("cpu")
        if backend is not None and backend.xp is not np:
            probe = backend.zeros((1,), dtype)
            if hasattr(probe, "__cuda_array_interface__"):
                self.device = torch.from_dlpack(probe).device
        self.module = self.own(template.module)
        self.criterion = self.own(criterion)
        self.names = template.names
        found = dict(self.module.named_parameters())
        self.parameters: tuple[Any, ...] = tuple(found[name] for name in self.names)
        self.shapes = [parameter.shape for parameter in self.parameters]
        self.sizes = [parameter.numel() for parameter in self.parameters]
        self._flat = torch.empty(sum(self.sizes), dtype=self.dtype, device=self.device)
        self._viewed: Any = None
        self.generators = generators(self.device)
        self._mode = ""
        self.enter("step")
        norms = [m for m in self.module.modules() if isinstance(m, _BatchNorm) and m.training]
        self.batch_norms = [(m, m.momentum) for m in norms if m.running_mean is not None]
        self.couples = bool(norms)
        """Whether a record's outputs depend on the other records of its batch."""
        for norm, _ in self.batch_norms:
            norm.track_running_stats = False
        self.most = 2**62
        """How many records go through at a time, where their outputs are their own."""

    def own(self, given: Any) -> Any:
        """Return a copy of a module on the device and in the precision; a function as it is."""
        if not isinstance(given, torch.nn.Module):
            return given

        def move(tensor: Any) -> Any:
            return tensor.to(self.device, self.dtype if tensor.is_floating_point() else None)

        return copy.deepcopy(given)._apply(move)

    def tensors(self, records: Records) -> Records:
        """Return records on the device, with numbers in the precision."""
        return tuple(
            part.to(self.device, self.dtype if part.is_floating_point() else None)
            for part in records
        )

    def rows(self, indices: Array) -> torch.Tensor:
        """Return the indices of records as a tensor on the device."""
        rows = self.tensor(indices if indices.dtype == np.int64 else indices.astype(np.int64))
        return rows if self.device.type == "cpu" else rows.to(self.device)

    def parameters_at(self, theta: Array) -> tuple[Any, ...]:
        """Return the parameters as views of θ's memory, set anew only if θ is another array."""
        if theta is not self._viewed:
            self._view(self.tensor(theta))
            self._viewed = theta
        return self.parameters

    def place(self, theta: Array) -> None:
        """Let the parameters hold θ."""
        if theta is self._viewed:
            return
        if theta.size > COPIED:
            self.parameters_at(theta)
            return
        if self._viewed is not self._flat:
            self._view(self._flat)
            self._viewed = self._flat
        tensor = self.tensor(theta)
        self._check(tensor)
        self._flat.copy_(tensor)

    def _check(self, flat: torch.Tensor) -> None:
        if flat.dtype is not self.dtype or flat.shape != self._flat.shape:
            found, expected = (
                f"{str(one.dtype).removeprefix('torch.')} {tuple(one.shape)}"
                for one in (flat, self._flat)
            )
            raise PluginError(f"TorchProblem: found θ as {found}; expected {expected}")

    def _view(self, flat: torch.Tensor) -> None:
        self._check(flat)
        parts = flat.split(self.sizes)
        for parameter, part, shape in zip(self.parameters, parts, self.shapes, strict=True):
            parameter.data = part.view(shape)

    def tensor(self, theta: Array) -> torch.Tensor:
        """Return a tensor that shares θ's memory."""
        if isinstance(theta, np.ndarray):
            if theta.flags.writeable:
                return torch.from_numpy(theta)
            with warnings.catch_warnings():  # it must not be written to, and is not
                warnings.simplefilter("ignore")
                return torch.from_numpy(theta)
        if hasattr(theta, "__cuda_array_interface__"):
            return torch.from_dlpack(theta)
        assert self.backend is not None
        return torch.from_numpy(np.array(self.backend.to_numpy(theta)))

    def array(self, tensor: torch.Tensor) -> Array:
        """Return a tensor as the backend's array, which shares its memory where it can."""
        if self.device.type == "cpu" and (self.backend is None or self.backend.xp is np):
            return tensor.numpy()[()]
        assert self.backend is not None
        if self.device.type == "cpu":
            return self.backend.asarray(tensor.numpy())
        return self.backend.xp.from_dlpack(tensor)

    def enter(self, mode: str) -> None:
        """Let the module train or be evaluated."""
        if mode == self._mode:
            return
        self.module.train(mode == "step")
        if mode == "still":
            for norm, _ in self.batch_norms:
                norm.train()
        self._mode = mode

    def seed(self, seed: int) -> None:
        """Seed the generators that the module may draw from."""
        for generator in self.generators:
            generator.manual_seed(seed)

    def value(self, records: Records) -> Any:
        """Return the loss of some records, a tensor of shape ()."""
        return self.checked(self.module(*records[:-1]), records[-1])

    def checked(self, outputs: Any, targets: torch.Tensor) -> Any:
        """Return the loss of outputs, after a check that it is one number."""
        loss = self.criterion(outputs, targets)
        if not isinstance(loss, torch.Tensor) or loss.ndim:
            loss = self._number(loss)
        return loss if loss.dtype is self.dtype else loss.to(self.dtype)

    def _number(self, loss: Any) -> Any:
        if isinstance(loss, torch.Tensor) and loss.numel() == 1:
            return loss.reshape(())
        found = f"a {type(loss).__name__}"
        if isinstance(loss, torch.Tensor):
            found = f"{loss.numel()} numbers of shape {tuple(loss.shape)}"
        raise PluginError(
            f"TorchProblem: the loss returned {found}; expected a tensor with one number, the mean "
            "over the records"
        )

    def values(self, batch: TorchBatch) -> Iterator[tuple[float, Any]]:
        """Yield the losses of a batch's pieces, each with its share of the records."""
        self.enter(batch.mode)
        if batch.seed is not None:
            self.seed(batch.seed)
        records = batch.records
        count = len(records[-1])
        if self.couples or count <= self.most:
            yield 1.0, self.value(records)
            return
        for first in range(0, count, self.most):
            piece = tuple(part[first : first + self.most] for part in records)
            yield len(piece[-1]) / count, self.value(piece)

    def loss(self, theta: Array, batch: TorchBatch) -> torch.Tensor:
        """Return the batch's loss."""
        self.place(theta)
        with torch.no_grad():
            return total([share * value for share, value in self.values(batch)])

    def loss_and_gradient(
        self, theta: Array, batch: TorchBatch
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the batch's loss and its gradient, of shape (P,)."""
        self.place(theta)
        losses, gradients = [], []
        for share, value in self.values(batch):
            loss = value if share == 1 else share * value
            gradients.append(self.joined(torch.autograd.grad(loss, self.parameters, **UNUSED)))
            losses.append(loss.detach())
        return total(losses), total(gradients)

    def backward(self, theta: Array, batch: TorchBatch) -> torch.Tensor:
        """Leave the gradient in the parameters' ``grad``, and return the batch's loss."""
        parameters = self.parameters_at(theta)
        for parameter in parameters:
            parameter.grad = None
        losses = []
        for share, value in self.values(batch):
            loss = value if share == 1 else share * value
            loss.backward()
            losses.append(loss.detach())
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        return total(losses)

    def joined(self, parts: Sequence[Any]) -> torch.Tensor:
        """Return derivatives by the parameters as one new tensor, (P,); zeros where there is none.

        A parameter that the loss does not depend on has no derivative.
        """
        return torch.cat(
            [
                part.reshape(-1) if part is not None else self._flat.new_zeros(size)
                for part, size in zip(parts, self.sizes, strict=True)
            ]
        )


_BatchNorm: Any = torch.nn.modules.batchnorm._BatchNorm


def total(parts: list[torch.Tensor]) -> torch.Tensor:
    """Return the sum of the pieces' parts."""
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum(0)
