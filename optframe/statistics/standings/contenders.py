"""Says what a study compares: optimizers, else samplers, else settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.statistics.grouped import Integers
from optframe.statistics.medians import UNRUN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Contenders", "contenders_of"]


class Contenders(NamedTuple):
    """The contenders of a study, and the one that each trial belongs to."""

    kind: str
    """``optimizers``, ``samplers`` or ``settings``; empty where there is nothing to compare."""
    names: tuple[str, ...]
    codes: Integers
    """Each trial's contender, its place in ``names``."""


def contenders_of(trials: pd.DataFrame) -> Contenders:
    """Return what is compared: the first of these of which some problem has two that ran.

    - *optimizers*: the labels; a table of a study with lists of values (a grid) is one contender,
      whose name is in the column ``contender``,
    - *samplers*,
    - *settings*: the labels of the one optimizer's settings; winners of one tuning are no rivals.

    Labels that a person wrote are never merged. ``trials`` are those of `with_units`.
    """
    labels = trials["setting"]
    optimizers = labels
    if "contender" in trials:
        optimizers = trials["contender"].where(trials["contender"].notna(), labels).astype(str)
    ran = ~trials["status"].isin(UNRUN).to_numpy()
    problem = trials["problem"][ran]
    offered = {
        "optimizers": optimizers,
        "samplers": trials["sampler"].astype(str),
        "settings": labels,
    }
    for kind, names in offered.items():
        if (names[ran].groupby(problem).nunique() > 1).any():
            return _coded(kind, names)
    return _coded("optimizers" if optimizers[ran].nunique() > 1 else "", optimizers)


def _coded(kind: str, names: pd.Series[str]) -> Contenders:
    import pandas as pd

    codes, found = pd.factorize(names)
    return Contenders(kind, tuple(map(str, found)), codes.astype(np.intp))
