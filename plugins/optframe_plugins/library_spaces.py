"""The usual spaces of well-known optimizers of other libraries: those of the method here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

from optframe import Space
from optframe_plugins.optimizers.adadelta import AdaDelta
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.lion import Lion
from optframe_plugins.optimizers.nadam import NAdam
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.usual_spaces import DECOUPLED_DECAY, MOMENTUM

__all__ = ["library_spaces"]

METHODS: Final[Mapping[str, Mapping[str, Space]]] = {
    "sgd": {**SGD.spaces, "momentum": MOMENTUM},
    "adagrad": AdaGrad.spaces,
    "adadelta": AdaDelta.spaces,
    "rmsprop": RMSProp.spaces,
    "adam": Adam.spaces,
    "amsgrad": Adam.spaces,
    "adamax": Adam.spaces,
    "radam": Adam.spaces,
    "adamw": AdamW.spaces,
    "nadam": NAdam.spaces,
    "nadamw": {**NAdam.spaces, "weight_decay": DECOUPLED_DECAY},
    "lion": Lion.spaces,
}
"""The spaces of each method, by its name in lower case, under the names of this library."""

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "lr": ("lr", "learning_rate"),
    "beta1": ("b1", "beta_1"),
    "beta2": ("b2", "beta_2"),
    "eps": ("eps", "epsilon"),
    "rho": ("rho", "alpha", "decay"),
    "initial": ("initial_accumulator_value",),
}
"""What libraries call a parameter that has another name here."""


def library_spaces(found: Any, library: str) -> dict[str, Space]:
    """Return the spaces of a library's optimizer, by the names in its signature.

    It is empty for methods that are not in the table, and for what other packages have.
    """
    inside = str(getattr(found, "__module__", "")).partition(".")[0] == library
    method = METHODS.get(str(getattr(found, "__name__", "")).lower()) if inside else None
    if method is None:
        return {}
    parameters = inspect.signature(found).parameters
    return {
        name: space
        for own, space in method.items()
        for name in NAMES.get(own, (own,))
        if name in parameters
    }
