"""Steps of Keras on PyTorch: its variables are views of one array, which is the run's θ."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch

from optframe_plugins.keras_optimizer.on_backends.precision import computing_in

__all__ = ["OnTorch"]


class OnTorch:
    """An optimizer of Keras on parameters that share θ's memory."""

    def __init__(
        self, component: Any, blocks: tuple[tuple[str, tuple[int, ...]], ...], theta: Any
    ) -> None:
        self.dtype = str(theta.dtype)
        memory = torch.from_numpy(np.array(theta)).clone()  # in torch's memory, which is aligned
        gradient = torch.empty_like(memory)
        self.theta, self.gradient = memory.numpy(), gradient.numpy()
        self.parameters, self.gradients, begin = [], [], 0
        with computing_in(self.dtype):
            for name, shape in blocks:
                span = slice(begin, begin := begin + int(np.prod(shape)))
                view = memory[span].view(shape)
                named = name.replace("/", "_")
                variable = keras.Variable(self.theta[span].reshape(shape), self.dtype, name=named)
                variable.value.data = view
                self.parameters.append(variable)
                self.gradients.append(gradient[span].view(shape))
            self.optimizer = component.made()
            self.optimizer.build(self.parameters)
        self.rate: float | None = None
        plain = keras.optimizers.Optimizer.finalize_variable_values
        own = type(self.optimizer).finalize_variable_values
        self.finalizes = self.optimizer.use_ema or own is not plain

    def step(self, theta: Any, gradient: Any, rate: float | None, values: dict[str, Any]) -> Any:
        """Return the next θ, in memory of its own; the gradient is copied."""
        if theta is not self.theta:
            self.theta[...] = theta
        self.gradient[...] = gradient
        with computing_in(self.dtype):
            if rate != self.rate:
                self.optimizer.learning_rate = self.rate = rate
            for name, value in values.items():
                setattr(self.optimizer, name, value)
            self.optimizer.apply(self.gradients)
        return self.theta

    def average(self, theta: Any) -> Any:
        """Return the average; before the first step it is 0 in Keras, and θ here."""
        if not self.finalizes or not int(self.optimizer._iterations.value):
            return theta
        before = self.theta.copy()
        self.theta[...] = theta
        with computing_in(self.dtype):
            self.optimizer.finalize_variable_values(self.parameters)
        average = self.theta.copy()
        self.theta[...] = before
        return average

    def arrays(self) -> list[Any]:
        """Return copies of the variables."""
        return [variable.value.detach().numpy().copy() for variable in self.optimizer.variables]

    def restore(self, arrays: list[Any]) -> None:
        """Set the variables."""
        with computing_in(self.dtype):
            for variable, array in zip(self.optimizer.variables, arrays, strict=True):
                variable.assign(array)
        self.rate = None
