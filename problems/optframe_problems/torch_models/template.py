"""A module as the user gave it: its parameters that are trained, and where they start."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from optframe import Layout, UsageError
from optframe.errors import described
from optframe_problems.torch_models.block_kinds import layout_of_module
from optframe_problems.torch_models.random_state import drawing_from

__all__ = ["Template"]

PRECISIONS = (torch.float32, torch.float64)


class Template:
    """A ready module, which is copied, or a function that makes one.

    The parameters with ``requires_grad`` are θ, in the order of ``named_parameters``; tied weights
    are there once. All else (frozen parameters, buffers) is that of the copy, or of the module
    that the function makes under seed 0.

    Raises
    ------
    UsageError
        If ``given`` is neither, or the module has no parameters that can be trained.
    """

    def __init__(self, given: Any) -> None:
        self._make: Any = None
        if isinstance(given, torch.nn.Module):
            try:
                self.module = copy.deepcopy(given)
            except Exception as error:
                raise UsageError(
                    f"TorchProblem: {type(given).__name__} cannot be copied: {described(error)}; "
                    "give a function that makes it, such as `lambda: Net()`"
                ) from error
            self._check()
        elif callable(given):
            self._make = given
        else:
            raise UsageError(
                f"TorchProblem: module is {given!r:.60}; expected a torch.nn.Module, or a function "
                "without arguments that makes one"
            )

    @cached_property
    def module(self) -> Any:
        """The module that θ is taken from."""
        module = self._made(0)
        self.__dict__["module"] = module
        self._check()
        return module

    @property
    def title(self) -> str:
        """The name of the module's class."""
        return type(self.module).__name__

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters that θ consists of."""
        return tuple(n for n, p in self.module.named_parameters() if p.requires_grad and p.numel())

    @cached_property
    def frozen(self) -> tuple[str, ...]:
        """The names of the parameters that are not trained."""
        return tuple(n for n, p in self.module.named_parameters() if not p.requires_grad)

    @cached_property
    def layout(self) -> Layout:
        """The blocks of θ."""
        return layout_of_module(self.module, self.names)

    @cached_property
    def dtype(self) -> str:
        """``float64`` if all parameters of θ are that, else ``float32``."""
        parameters = dict(self.module.named_parameters())
        double = all(parameters[name].dtype == torch.float64 for name in self.names)
        return "float64" if double else "float32"

    @cached_property
    def draws_start(self) -> bool:
        """Whether another seed makes another start.

        Raises
        ------
        UsageError
            If the same seed does.
        """
        if self._make is None:
            return False
        one, same, other = (self.start(seed) for seed in (1, 1, 2))
        if not np.array_equal(one, same, equal_nan=True):
            raise UsageError(
                f"TorchProblem: the function that makes {self.title} makes another start under the "
                "same seed; let it draw from the global generators of torch, NumPy or Python, "
                "which are seeded before each call"
            )
        return not np.array_equal(one, other, equal_nan=True)

    def start(self, seed: int) -> NDArray[Any]:
        """Return the module's parameters, or those of one that is made under a seed, (P,)."""
        layout = self.layout
        module = self.module if self._make is None else self._made(seed)
        found = {n: p for n, p in module.named_parameters() if n in layout.slices}
        for block in layout:
            shape = tuple(found[block.name].shape) if block.name in found else "missing"
            if shape != block.shape:
                raise UsageError(
                    f"TorchProblem: the function that makes {self.title} makes another module when "
                    f"it is called again: {block.name!r} has shape {block.shape}, then {shape}"
                )
        parts = [found[name].detach().cpu().reshape(-1).numpy() for name in self.names]
        return np.concatenate(parts)

    def _made(self, seed: int) -> Any:
        try:
            with drawing_from(seed):
                module = self._make()
        except TypeError as error:
            if "argument" not in str(error):
                raise
            raise UsageError(
                f"TorchProblem: the function that makes the module raised {described(error)}; "
                "expected a function without arguments, such as `lambda: Net(32)`"
            ) from error
        if not isinstance(module, torch.nn.Module):
            raise UsageError(
                f"TorchProblem: the function that makes the module returned {module!r:.60}; "
                "expected a torch.nn.Module"
            )
        return module

    def _check(self) -> None:
        who = f"TorchProblem: {type(self.module).__name__}"
        if isinstance(self.module, torch.jit.ScriptModule):
            raise UsageError(f"{who} is compiled by torch.jit; give the module itself")
        for name, parameter in self.module.named_parameters():
            if torch.nn.parameter.is_lazy(parameter):
                raise UsageError(
                    f"{who}: parameter {name!r} has no shape yet; call the module once on some "
                    "records, then give it"
                )
            if parameter.device.type == "meta":
                raise UsageError(
                    f"{who}: parameter {name!r} is on the device 'meta', which holds no numbers; "
                    "expected a module that was made with its numbers, such as on 'cpu'"
                )
            if parameter.requires_grad and parameter.dtype not in PRECISIONS:
                what = str(parameter.dtype).removeprefix("torch.")
                hint = "call module.float() before"
                if parameter.dtype.is_complex:
                    hint = "hold its parts as real numbers and use torch.view_as_complex in forward"
                raise UsageError(
                    f"{who}: parameter {name!r} is {what}; expected float32 or float64: {hint}"
                )
        if not self.names:
            raise UsageError(
                f"{who} has no parameters to train; expected at least one with requires_grad = True"
            )
