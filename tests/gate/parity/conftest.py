"""Built-in optimizers that hide their conventions behind the numbers that libraries show."""

import dataclasses

import pytest

import optframe
from optframe import Fraction, NonNegative, Optimizer, Positive

KINDS = {
    "learning_rate": ("lr", Positive),
    "epsilon": ("eps", NonNegative),
    "beta_1": ("beta1", Fraction),
    "b2": ("beta2", Fraction),
    "alpha": ("rho", Fraction),
    "momentum": ("momentum", Fraction),
    "weight_decay": ("weight_decay", NonNegative),
}
"""What is shown: its name, ours, and its type."""


def replaced(optimizer, values):
    """Return the optimizer with other values of the fields that it has, inside of wrappers."""
    if isinstance(optimizer, optframe.Wrapper):
        inside = replaced(optimizer.optimizer, values)
        if type(optimizer).__name__ == "WeightDecay" and "weight_decay" in values:
            return dataclasses.replace(optimizer, optimizer=inside, decay=values["weight_decay"])
        return dataclasses.replace(optimizer, optimizer=inside)
    known = {field.name for field in dataclasses.fields(optimizer)}
    return dataclasses.replace(optimizer, **{k: v for k, v in values.items() if k in known})


class Hidden(Optimizer):
    """Steps as a built-in does; ``spoil(k, theta)`` may change what it returns."""

    def init(self, theta, oracle):
        return self.inside().init(theta, oracle)

    def step(self, theta, state, oracle):
        theta, state = self.inside().step(theta, state, oracle)
        return (self.spoil(oracle.step, theta) if self.spoil else theta), state

    def inside(self):
        shown = {
            ours: getattr(self, name) for name, (ours, _) in KINDS.items() if name in self.shown
        }
        if "lr" in shown:
            shown["lr"] *= self.factor
        return replaced(self.built_in, shown)


def hide(notation, name, spoil=None, factor=1.0, **shown):
    """Return an optimizer of this name that steps as a built-in, and shows these numbers.

    Its learning rate is multiplied by ``factor``.
    """
    fields = [(one, KINDS[one][1], value) for one, value in shown.items()]
    namespace = {
        "built_in": optframe.make(notation),
        "shown": {*shown},
        "spoil": staticmethod(spoil) if spoil else None,
        "factor": factor,
    }
    return dataclasses.make_dataclass(
        name, fields, bases=(Hidden,), namespace=namespace, frozen=True
    )()


@pytest.fixture
def hidden():
    """Return `hide`."""
    return hide
