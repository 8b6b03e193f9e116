"""Check that a data set holds finite numbers only."""

from typing import Any

import numpy as np

from optframe import Part, UsageError

__all__ = ["check_finite", "is_sparse"]


def is_sparse(inputs: Any) -> bool:
    """Whether the inputs are a sparse matrix in CSR form."""
    return hasattr(inputs, "indptr")


def check_finite(where: str, name: str, part: Part) -> None:
    """Raise UsageError, naming the first place, where inputs or targets hold NaN or infinity."""
    inputs: Any = part.inputs
    values: Any = inputs.data if is_sparse(inputs) else inputs
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        place = np.argwhere(~np.isfinite(values))[0]
        value = values[tuple(place)]
        if is_sparse(inputs):
            record = int(np.searchsorted(inputs.indptr, place[0], side="right")) - 1
            place = np.array([record, inputs.indices[place[0]]])
        raise UsageError(
            f"{where}: the {name} inputs hold {value} at {place.tolist()} (record, feature, from "
            "0); expected finite numbers"
        )
    if part.targets.dtype.kind == "f" and not np.isfinite(part.targets).all():
        record = int(np.argmin(np.isfinite(part.targets)))
        raise UsageError(
            f"{where}: the {name} target of record {record} (from 0) is {part.targets[record]}; "
            "expected finite numbers"
        )
