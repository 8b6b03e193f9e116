"""The costs by which runs are compared: one table, from which axes, figures and options follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from optframe.contracts.columns import FINAL_COUNTS, TRIALS
from optframe.errors import UsageError, nearest

__all__ = ["COSTS", "DEFAULT", "FALLBACK", "OFFERED", "Cost", "CostName", "check_cost"]

CostName = Literal[
    "work", "steps", "gradients", "records", "epochs", "samples", "evaluations", "seconds"
]
"""The costs that studies, reports and figures offer."""

OFFERED: tuple[CostName, ...] = get_args(CostName)

DEFAULT: CostName = "work"
"""The cost of a study that names none."""

FALLBACK: CostName = "gradients"
"""What stands for a cost that stores of earlier formats lack: every store has it."""

_WORDS = {
    "work": "work (full gradients)",
    "gradients": "gradient evaluations",
    "records": "records evaluated",
    "losses": "loss evaluations",
    "hessians": "Hessian evaluations",
    "hvps": "Hessian-vector products",
}


@dataclass(frozen=True)
class Cost:
    """A cost: its name in trials, in curves, and on an axis, and its unit."""

    name: str
    column: str
    """The column of curves; that of evaluations, the sum of all answers, is made when needed."""
    words: str
    unit: str


def _costs() -> dict[str, Cost]:
    units = {column.name: column.unit for column in TRIALS}
    columns = {**FINAL_COUNTS, "evaluations": "evaluations", "seconds": "seconds"}
    return {
        name: Cost(name, column or name, _WORDS.get(name, name), units.get(name, name))
        for name, column in columns.items()
    }


COSTS = _costs()
"""All costs by name: every count of a run, all evaluations (each counted as one), and its time."""


def check_cost(name: str) -> None:
    """Raise a `UsageError` if no study or report offers this cost."""
    if name not in OFFERED:
        raise UsageError(f"unknown cost {name!r}; {nearest(name, OFFERED)}")
