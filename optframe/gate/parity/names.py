"""What libraries call the hyperparameters and methods that optframe has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ALIGNED", "FAMILIES", "NAMED_VALUES", "SWITCHES", "family_of", "spelling_in"]

ALIGNED = ("lr", "eps", "beta1", "beta2", "rho", "momentum", "weight_decay")
"""The numbers that all contenders get alike, unless they are typed."""

SWITCHES = ("momentum", "weight_decay")
"""Those of which 0 is another method: a default of 0 stays."""

NAMES: dict[str, tuple[str, ...]] = {
    "lr": ("lr", "learning_rate"),
    "eps": ("eps", "epsilon"),
    "beta1": ("beta1", "b1", "beta_1"),
    "beta2": ("beta2", "b2", "beta_2"),
    "rho": ("rho",),
    "initial": ("initial", "initial_accumulator_value", "initial_scale"),
}
"""What a hyperparameter is called. One that is not here has the same name everywhere."""

OF_FAMILY = {"rmsprop": {"rho": ("rho", "alpha", "decay")}}
"""Names that mean something else in other methods."""

NAMED_VALUES: dict[str, tuple[float, ...]] = {
    "momentum_decay": (0.0, 0.004, 1.0),
    "initial": (0.0, 0.1, 1.0),
    "dampening": (0.0, 0.5, 0.9),
}
"""Numbers that are conventions: the values that libraries have."""

FAMILIES = (
    *("adam", "adamw", "amsgrad", "nadam", "sgd", "momentum", "nesterov"),
    *("rmsprop", "adagrad", "adadelta", "lion"),
)
"""The built-in optimizers that others have under the same name."""


def spelling_in(known: Mapping[str, Any], name: str, family: str | None) -> str | None:
    """Return what a hyperparameter is called among ``known`` names; None if it is not there.

    ``betas`` is both β₁ and β₂.
    """
    names = OF_FAMILY.get(family or "", {}).get(name, NAMES.get(name, (name,)))
    if name in ("beta1", "beta2"):
        names = (*names, "betas")
    return next((one for one in names if one in known), None)


def family_of(name: str, value: Any) -> str | None:
    """Return the built-in optimizer that has a contender's name; None if there is none.

    ``value(name)`` is the contender's value of a parameter, or None. SGD with momentum is the
    built-in ``momentum`` or ``nesterov``, and Adam with ``amsgrad`` is ``amsgrad``.
    """
    word = name.replace(":", ".").rpartition(".")[2].lower().replace("_", "")
    if word == "nadamw":
        return "nadam"
    if word in ("adam", "adamw") and value("amsgrad") is True:
        return "amsgrad"
    if word == "sgd" and value("momentum"):
        return "nesterov" if value("nesterov") is True else "momentum"
    return word if word in FAMILIES else None
