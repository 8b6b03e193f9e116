"""The records of a problem, as tensors: from arrays, tensors, or a map-style data set."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from optframe import Part, UsageError
from optframe.errors import described
from optframe_problems.data_loading.split import Division, shuffled, stratified

__all__ = ["Records", "all_parts", "tensor_of"]

Records = tuple[torch.Tensor, ...]
"""The inputs, of which there may be several, and the targets; n records along the first axis."""

READ_AGAIN = 64
"""How many records of a data set are read twice, to find draws in it."""


def all_parts(data: Any, validation: Any, test: Any) -> dict[str, Records]:
    """Return the records of the parts ``train``, ``validation`` and ``test`` that there are.

    ``validation`` and ``test`` are data as ``data`` is, or a share of the records in [0, 1) that is
    split off from ``data``. Classes have the same shares in all parts.

    Raises
    ------
    UsageError
        If data is missing, empty, of different lengths, not numeric, not finite, or random.
    """
    parts = {"train": _read(data, "data")}
    shares = {"validation": 0.0, "test": 0.0}
    for name, given in (("validation", validation), ("test", test)):
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            shares[name] = float(given)
        elif given is not None:
            parts[name] = _read(given, name)
            _check_alike(parts["train"], parts[name], name)
    if any(shares.values()):
        parts = {
            **_split(parts["train"], **shares),
            **{n: r for n, r in parts.items() if n != "train"},
        }
    return parts


def _read(data: Any, name: str) -> Records:
    """Return the tensors of one part."""
    who = f"TorchProblem: {name}"
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
    sizes = [len(part) for part in records]
    if len(set(sizes)) > 1:
        raise UsageError(
            f"{who} has {' and '.join(str(size) for size in sizes)} records; expected as many "
            "targets as inputs"
        )
    if not sizes[0]:
        raise UsageError(f"{who} is empty; expected at least one record")
    for number, part in enumerate(records, 1):
        if part.is_floating_point() and not bool(torch.isfinite(part).all()):
            place = torch.nonzero(~torch.isfinite(part))[0].tolist()
            what = "targets" if number == len(records) else "inputs"
            raise UsageError(
                f"{who}: the {what} hold {float(part[tuple(place)])} at {place} (record first, "
                "from 0); expected finite numbers"
            )


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


def _check_alike(train: Records, other: Records, name: str) -> None:
    """Raise if a part's records have other shapes than the training records."""
    ours, others = ([tuple(part.shape[1:]) for part in records] for records in (train, other))
    if ours != others:
        raise UsageError(
            f"TorchProblem: {name} has records of shapes {others}; expected {ours}, as in data"
        )


def _split(records: Records, validation: float, test: float) -> dict[str, Records]:
    """Split the records, by class where the targets are classes."""
    try:
        division = Division(test=test, validation=validation)
    except ValueError:
        raise UsageError(
            f"TorchProblem: validation = {validation:g} and test = {test:g}; expected shares of at "
            "least 0 that leave some records for training"
        ) from None
    targets = records[-1].numpy()
    classes = targets.ndim == 1 and targets.dtype.kind in "iu" and targets.min() >= 0
    indices = np.arange(len(targets))[:, None]
    part = Part(indices, targets.astype(np.int64) if classes else np.zeros(len(targets)))
    made = (stratified if classes else shuffled)("TorchProblem: data", part, division)
    rows: Sequence[tuple[str, Any]] = [
        (name, torch.from_numpy(getattr(made, name).inputs[:, 0]))
        for name in ("train", "validation", "test")
    ]
    return {name: tuple(p[row] for p in records) for name, row in rows if len(row)}
