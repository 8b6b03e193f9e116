"""An optimizer whose state is no plain data, as that of another library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optframe.contracts import Array, Optimizer, Wrapper
from optframe.contracts.oracle import Oracle

__all__ = ["Sealed"]


class _Live:
    """A state that nobody can copy or save, but by `Sealed.dump`."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("a live state cannot be copied")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("a live state cannot be pickled")


@dataclass(frozen=True)
class Sealed(Wrapper):
    """The same optimizer, with its state inside an object."""

    optimizer: Optimizer

    def init(self, theta: Array, oracle: Oracle) -> _Live:
        """Return the inner state in an object."""
        return _Live(self.optimizer.init(theta, oracle))

    def step(self, theta: Array, state: _Live, oracle: Oracle) -> tuple[Array, _Live]:
        """Do the inner optimizer's step."""
        theta, state.inner = self.optimizer.step(theta, state.inner, oracle)
        return theta, state

    def solution(self, theta: Array, state: _Live) -> Array:
        """Return the inner optimizer's solution."""
        return self.optimizer.solution(theta, state.inner)

    def dump(self, state: _Live) -> dict[str, Any]:
        """Return the inner state as plain data, in a dict."""
        return {"inner": self.optimizer.dump(state.inner)}

    def load(self, theta: Array, plain: dict[str, Any], oracle: Oracle) -> _Live:
        """Return the inner state in an object."""
        return _Live(self.optimizer.load(theta, plain["inner"], oracle))
