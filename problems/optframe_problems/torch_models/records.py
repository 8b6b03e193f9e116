"""The records of a problem, as tensors: from arrays, tensors, or a map-style data set."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import torch

from optframe import UsageError
from optframe.errors import described
from optframe_problems.data_loading import parts

__all__ = ["Records", "all_parts", "tensor_of"]

Records = tuple[torch.Tensor, ...]
"""The inputs, of which there may be several, and the targets; n records along the first axis."""

READ_AGAIN = 64
"""How many records of a data set are read twice, to find draws in it."""


def all_parts(data: Any, validation: Any, test: Any) -> dict[str, Records]:
    """Return the records of the parts that there are (`optframe_problems.data_loading.parts`).

    Raises
    ------
    UsageError
        If data is missing, empty, of different lengths, not numeric, not finite, or random.
    """
    return parts.all_parts("TorchProblem", data, validation, test, _read)


def _read(data: Any, who: str) -> Records:
    """Return the tensors of one part."""
    if hasattr(data, "tensors"):  # a TensorDataset
        data = tuple(data.tensors)
    if isinstance(data, list) and data and isinstance(data[0], (np.ndarray, torch.Tensor)):
        data = tuple(data)
    if isinstance(data, tuple):
        records = tuple(tensor_of(part, f"{who}, number {n}") for n, part in enumerate(data, 1))
    elif callable(getattr(data, "__getitem__", None)) and hasattr(data, "__len__"):
        if isinstance(data, (np.ndarray, torch.Tensor, str, dict)) or hasattr(data, "columns"):
            records = ()
        else:
            records = _read_all(data, who)
    else:
        if hasattr(data, "dataset"):
            hint = "give its data set, loader.dataset: minibatches come from the sampler"
        else:
            hint = "expected (inputs, targets), arrays or tensors, or a data set with len and []"
        raise UsageError(f"{who} is of type {type(data).__name__}; {hint}")
    if len(records) < 2:
        raise UsageError(
            f"{who} is of type {type(data).__name__} and has no targets; expected (inputs, "
            "targets), arrays or tensors, or a data set of such pairs (of an autoencoder: the "
            "inputs twice)"
        )
    _check(records, who)
    return records


def _check(records: Records, who: str) -> None:
    """Raise if the parts have no or different numbers of rows, or numbers that are not finite."""
    for number, part in enumerate(records, 1):
        if not part.ndim or part.layout is not torch.strided:
            what = "sparse" if part.ndim else "a single number"
            raise UsageError(
                f"{who}, number {number} is {what}; expected a dense array with a row per record"
            )
    parts.check_rows(records, who, _first_not_finite)


def _first_not_finite(part: torch.Tensor) -> Any:
    if not part.is_floating_point() or bool(torch.isfinite(part).all()):
        return None
    return torch.nonzero(~torch.isfinite(part))[0].tolist()


def tensor_of(values: Any, who: str) -> torch.Tensor:
    """Return a tensor on the host, which shares the memory of an array where it can."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu()
    try:
        array = np.asarray(values)
        if array.dtype.kind == "u" and array.dtype.itemsize > 1:
            array = array.astype(np.int64)
        with warnings.catch_warnings():  # of arrays that are not to be written to: they are not
            warnings.simplefilter("ignore")
            return torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{who} is of type {type(values).__name__} and holds no numbers; expected an array or "
            f"a tensor ({described(error)})"
        ) from error


def _read_all(data: Any, who: str) -> Records:
    """Return all records of a map-style data set, after a second look at some of them."""
    count = len(data)
    if not count:
        raise UsageError(f"{who} is empty; expected at least one record")
    _check_memory(data[0], count, who)
    records = [data[index] for index in range(count)]
    if not all(isinstance(record, (tuple, list)) for record in records):
        wrong = next(record for record in records if not isinstance(record, (tuple, list)))
        raise UsageError(f"{who}: a record is a {type(wrong).__name__}; expected (inputs, targets)")
    try:
        made = tuple(torch.utils.data.default_collate(records))
        again = sorted({int(i) for i in np.linspace(0, count - 1, min(count, READ_AGAIN))})
        second = tuple(torch.utils.data.default_collate([data[index] for index in again]))
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"{who}: its records cannot be put together: {described(error)}"
        ) from error
    if not all(isinstance(part, torch.Tensor) for part in made):
        wrong = next(part for part in made if not isinstance(part, torch.Tensor))
        raise UsageError(
            f"{who}: records hold a {type(wrong).__name__}; expected arrays, tensors or numbers"
        )
    for part, repeated in zip(made, second, strict=True):
        if not torch.equal(torch.nan_to_num(part[again]), torch.nan_to_num(repeated)):
            raise UsageError(
                f"{who}: a record is another one when it is read again, so the data set draws "
                "(augmentation); a run must see the same records again: give the data set without "
                "it, and draw in the module's forward while it trains, where the seed is the run's"
            )
    return made


def _check_memory(record: Any, count: int, who: str) -> None:
    """Raise if as many records as this one do not fit into the machine's memory."""
    parts = record if isinstance(record, (tuple, list)) else (record,)
    each = sum(int(getattr(part, "nbytes", 8)) for part in parts)
    memory = memory_bytes()
    if memory is not None and each * count > memory:
        raise UsageError(
            f"{who}: {count:,} records of {each:,} bytes are more than the {memory:,} bytes of "
            "memory of this machine, into which they are read; give fewer, or smaller ones"
        )


def memory_bytes() -> int | None:
    """Return the machine's memory, in bytes; None where it cannot be asked for."""
    if not hasattr(os, "sysconf"):
        return None
    return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))
