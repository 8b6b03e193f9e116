"""A live optimizer of torch: its parameters are views of one flat tensor, which is θ."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import torch

from optframe import Array, Oracle, PluginError
from optframe_plugins.torch_optimizer import generators
from optframe_plugins.torch_optimizer.construction import construct
from optframe_plugins.torch_optimizer.facts import Facts
from optframe_plugins.torch_optimizer.memory import Memory
from optframe_plugins.torch_optimizer.packing import Packing
from optframe_plugins.torch_optimizer.rates import Rates
from optframe_plugins.torch_optimizer.second_order import differentiable_gradient

__all__ = ["Live"]


class Live:
    """The state of a run: torch's optimizer, its parameters, and the memory of θ.

    On a problem that has parameters of torch itself, they are the problem's own, and nothing is
    copied. The loop hands θ back as the array that it was given, so that nothing is copied then,
    either.
    """

    def __init__(
        self, component: Any, theta: Array, oracle: Oracle, facts: Facts, named: bool = True
    ) -> None:
        self.facts = facts
        self.path = component.path
        self.memory = Memory(theta, oracle.backend)
        self.memory.write(theta)
        self._gradient = Memory(theta, oracle.backend)
        self._layout = oracle.layout
        self._views = self.memory.views(self._layout)
        problem: Any = oracle.problem
        self._own = hasattr(problem, "parameters_at") and oracle.direct and not facts.second
        self._problem = problem
        if self._own:
            self.parameters = tuple(problem.parameters_at(self.memory.read()))
        else:
            self.parameters = tuple(torch.nn.Parameter(view) for view in self._views)
        self._gradients = self._gradient.views(self._layout)
        pairs = zip(self.parameters, self._views, strict=True)
        self._pointers = [(parameter, view.data_ptr()) for parameter, view in pairs]
        self._oracle: Oracle | None = None
        if facts.draws:
            self._seed(oracle)
        module = getattr(problem, "module", None) if self._own else None
        with self._quiet():
            self.optimizer = construct(
                component, facts.form, tuple(self._layout), self.parameters, module, named
            )
            self.averages = all(
                callable(getattr(self.optimizer, name, None)) for name in ("train", "eval")
            )
            if self.averages:
                self.optimizer.train()
        self.rates = Rates(component, self.optimizer)
        self._step = self.optimizer.step
        self._closure = self._close()

    @property
    def nbytes(self) -> int:
        """The number of bytes in the tensors of the optimizer's state."""
        return _bytes(list(self.optimizer.state.values()))

    def step(self, theta: Array, component: Any, oracle: Oracle) -> Array:
        """Do one step from θ, and return the next θ."""
        memory, facts = self.memory, self.facts
        if theta is not memory.given:  # of a wrapper
            memory.write(theta)
        if self.rates.scheduled:
            self.rates.set(component)
        if facts.draws:
            self._seed(oracle)
        self._oracle = oracle
        try:
            if not facts.closure:
                self._evaluate(oracle)
                if facts.prints:
                    with self._quiet():
                        self._step()
                else:
                    self._step()
            else:
                self._close_step(oracle)
        finally:
            self._oracle = None
        for parameter, pointer in self._pointers:
            if parameter.data_ptr() != pointer:
                self.gather()
                break
        return memory.read()

    def _close_step(self, oracle: Oracle) -> None:
        """Do a step that calls the closure."""
        if self.facts.before:
            self._evaluate(oracle)
        elif self._own:
            self._attach()
        with self._quiet():
            self._step(self._closure)

    def solution(self, theta: Array) -> Array:
        """Return θ in the optimizer's evaluation mode; θ and the optimizer stay as they are.

        The methods ``eval`` and ``train`` move the parameters there and back with rounding.
        """
        if not self.averages:
            return theta
        memory = self.memory
        kept = memory.flat.clone()
        if theta is not memory.given:
            memory.write(theta)
        if self._own:
            self._attach()
        with self._quiet():
            self.optimizer.eval()
            self.gather()
            found = memory.copy()
            self.optimizer.train()
            self.gather()
        memory.flat.copy_(kept)
        return found

    def dump(self) -> dict[str, Any]:
        """Return what `load` restores: numbers, texts, arrays, lists and dicts."""
        return Packing(self.parameters, self.memory.flat).dump(self.optimizer)

    def load(self, plain: dict[str, Any]) -> None:
        """Restore what `dump` has returned."""
        Packing(self.parameters, self.memory.flat).load(self.optimizer, plain)

    def gather(self) -> None:
        """Put the parameters back into the memory of θ, where the optimizer has moved them.

        Raises
        ------
        PluginError
            If it has changed a shape.
        """
        for (parameter, pointer), view, block in zip(
            self._pointers, self._views, self._layout, strict=True
        ):
            if parameter.shape != view.shape:
                raise PluginError(
                    f"{self.path} changed the shape of {block.name} from {tuple(view.shape)} to "
                    f"{tuple(parameter.shape)}; expected a step to change values alone"
                )
            if parameter.data_ptr() != pointer:
                view.copy_(parameter.data)
                parameter.data = view

    def blocks_of(self, values: Array) -> list[Any]:
        """Return an array of shape (P,) by blocks, in fresh memory of torch's own."""
        fresh = Memory(self.memory.read(), self._oracle.backend)  # type: ignore[union-attr]
        fresh.write(values)
        return fresh.views(self._layout)

    def array_of(self, blocks: Sequence[Any]) -> Array:
        """Return blocks as an array of shape (P,), in fresh memory; None is a block of zeros."""
        fresh = Memory(self.memory.read(), self._oracle.backend)  # type: ignore[union-attr]
        for view, block in zip(fresh.views(self._layout), blocks, strict=True):
            if block is None:
                view.zero_()
            else:
                view.copy_(block)
        return fresh.read()

    def _evaluate(self, oracle: Oracle, loss: bool = False) -> Any:
        """Put the gradient at θ into the parameters; return the loss if it is wanted."""
        found: Any = None
        if self._own and oracle.direct:
            with oracle.counted(losses=int(loss), gradients=1) as batch:
                return self._problem.backward(self.memory.read(), *batch)
        if self.facts.second:
            blocks: Sequence[Any] = differentiable_gradient(self, oracle)
            if loss:
                found = oracle.loss(self.memory.read())
        else:
            if loss:
                found, gradient = oracle.loss_and_gradient(self.memory.read())
            else:
                gradient = oracle.gradient(self.memory.read())
            if self.facts.keeps:
                blocks = self.blocks_of(gradient)
            else:
                self._gradient.write(gradient)
                blocks = self._gradients
            if self._own:
                self._attach()
        for parameter, block in zip(self.parameters, blocks, strict=True):
            parameter.grad = block
        return found

    def _attach(self) -> None:
        """Let the problem's own parameters be θ; another run may have had them in between."""
        self._problem.parameters_at(self.memory.read())

    def _close(self) -> Any:
        """Return the function that an optimizer calls for the loss and the gradient."""
        flat = self.memory.flat

        def closure() -> Any:
            if self._oracle is None:
                raise PluginError(f"{self.path} called its closure outside of a step")
            self.gather()
            with torch.enable_grad():
                loss = self._evaluate(self._oracle, loss=True)
            return loss if hasattr(loss, "detach") else flat.new_tensor(float(loss))

        return closure

    def _seed(self, oracle: Oracle) -> None:
        generators.seed(self.facts.draws, self.memory.flat.device, oracle.random)

    @staticmethod
    def _quiet() -> contextlib.AbstractContextManager[Any]:
        """Keep what a class prints from standard output."""
        return contextlib.redirect_stdout(io.StringIO())


def _bytes(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes, value))
    return int(getattr(value, "nbytes", 0))
