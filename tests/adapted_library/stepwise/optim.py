"""The library's optimizers. Parameters are a list of floats, which `step` changes in place."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from somewhere import Tensor

__all__ = ["Base", "Careful", "Descent", "Heavy", "Ramp", "norm"]


class Base:
    """What all optimizers of the library are."""

    def __init__(self, params, defaults):
        self.params = params
        self.defaults = defaults


class Descent(Base):
    """Descends along the gradient.

    With momentum, along an average of gradients.
    """

    def __init__(
        self,
        params,
        lr: "float | Tensor" = 0.1,
        momentum: float = 0,
        betas: tuple[float, float] = (0.9, 0.999),
        nesterov: bool = False,
        steps=10,
        weights=None,
        random=0,
        start: str | None = None,
        *,
        foreach: bool | None = None,
        callback=print,
    ):
        if momentum and nesterov and momentum > 1:
            raise ValueError(f"Invalid momentum: {momentum}")
        super().__init__(params, {"lr": lr})
        self.lr, self.momentum, self.velocity = lr, momentum, [0.0] * len(params)

    def step(self, gradients):
        for i, gradient in enumerate(gradients):
            self.velocity[i] = self.momentum * self.velocity[i] + gradient
            self.params[i] -= self.lr * self.velocity[i]


class Heavy(Descent):
    """Descends with further options, which it does not name."""

    def __init__(self, params, lr, **options):
        if {*options} - {"momentum"}:
            raise TypeError(f"unknown option {min(options)}")
        super().__init__(params, lr, **options)


class Careful(Base):
    """Goes around a model, which no plain data gives."""

    def __init__(self, params, model: Base):
        super().__init__(params, {})


class Ramp:
    """From nothing to the value."""

    def __init__(self, value: float, steps: int = 5):
        self.value, self.steps = value, steps

    def at(self, k):
        return self.value * min(1, k / self.steps)


def norm(x: float):
    return abs(x)
