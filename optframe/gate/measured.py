"""One measured cell: what was asked, how it ended, its counts, and where it ran.

The same table stands in three places: in a baseline (one line per cell), in a pytest-benchmark
file (``extra_info["optframe"]`` of each benchmark), and, in columns, in a store. As JSON, format
``optframe-benchmark/1``::

    {"schema": "optframe-benchmark/1",
     "kit": 1,
     "cell": "0a1b...",
     "spec": {"optimizer": "adam:lr=0.05", "optimizer_name": "adam",
              "hyperparameters": {"beta1": 0.9, ...}, "problem": "rosenbrock",
              "sampler": "none", "seed": 0, "study_seed": 0,
              "budget": "steps 5000, target 1e-06", "start": "standard", "dtype": "float64"},
     "status": "converged", "reason": null, "loss": 9.8e-07, "seconds": null,
     "counts": {"steps": 412, "epochs": null, "samples": null, "losses": 413, "gradients": 412,
                "hessians": 0, "hvps": 0},
     "environment": {"numpy": "2.4.6", "blas_kernel": "Haswell", "backend": "numpy", ...}}

``cell`` is `Trial.cell`; ``hyperparameters`` are all of the optimizer's, defaults included;
``budget`` is `Budget` as text; ``loss`` and counts are null where there is none or it is not
finite; ``environment`` is what `optframe.gate.differences.flat` returns. ``kit`` and ``seconds``
may be left out. A baseline holds ``kit`` and ``environment`` once, for all of its cells.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

from optframe.components.parameters import build
from optframe.contracts.columns import FINAL_COUNTS, STATUSES, filled
from optframe.contracts.record import Record
from optframe.errors import StoreError, UsageError, nearest
from optframe.gate.verdicts import Subject
from optframe.testing.kit import KIT_VERSION

if TYPE_CHECKING:
    from optframe.contracts.trial import Trial

__all__ = [
    "COUNTS",
    "SCHEMA",
    "Measured",
    "Spec",
    "check_kit",
    "finite",
    "of_record",
    "read",
    "spec_of",
    "table",
    "whole",
]

SCHEMA = "optframe-benchmark/1"

COUNTS = ("steps", "gradients", "losses", "hessians", "hvps", "epochs", "samples")
"""The counts of this format, in the order of a comparison's rows.

A count that `FINAL_COUNTS` gets later is not compared before the format has it, too: a baseline
without it would be damaged.
"""

assert set(COUNTS) <= set(FINAL_COUNTS)


@dataclass(frozen=True)
class Spec:
    """What was asked, as people read it; the cell's hash says it exactly."""

    optimizer: str
    optimizer_name: str
    hyperparameters: dict[str, Any]
    problem: str
    sampler: str
    seed: int
    study_seed: int
    budget: str
    start: str
    dtype: str

    @property
    def labels(self) -> tuple[str, str, str, int]:
        """The names under which tables show it."""
        return self.optimizer, self.problem, self.sampler, self.seed


@dataclass(frozen=True)
class Measured:
    """One cell and what came of it."""

    cell: str
    spec: Spec
    status: str
    counts: dict[str, float | None]
    loss: float | None
    reason: str | None = None
    seconds: float | None = None
    environment: dict[str, Any] = field(default_factory=dict)
    kit: int | None = None
    schema: Literal["optframe-benchmark/1"] = "optframe-benchmark/1"
    benchmark: str = ""

    @property
    def subject(self) -> Subject:
        """What rows name it by."""
        optimizer, problem, sampler, seed = self.spec.labels
        return Subject(self.cell, optimizer, problem, sampler, seed, self.benchmark)


_REST = dataclasses.make_dataclass(
    "_REST",
    [
        (name, hint, copy.copy(Measured.__dataclass_fields__[name]))
        for name, hint in get_type_hints(Measured).items()
        if name != "spec"
    ],
)
"""What is read beside the spec, which is checked by itself."""


def table(measured: Measured) -> dict[str, Any]:
    """Return plain data for JSON, as the schema above; `read` makes it a `Measured` again."""
    plain = dataclasses.asdict(measured)
    del plain["benchmark"]
    plain["counts"] = {name: finite(value) for name, value in plain["counts"].items()}
    return plain | {"loss": finite(measured.loss), "seconds": finite(measured.seconds)}


def read(given: Any, where: str, shared: Mapping[str, Any] | None = None) -> Measured:
    """Return what a table says.

    Parameters
    ----------
    given
        The table, as it was read from JSON.
    where
        What a mistake's line begins with.
    shared
        What holds for this table and others: ``environment``, ``kit``, ``benchmark``.

    Raises
    ------
    StoreError
        Where it is no such table; with its first mistake.
    """
    if not isinstance(given, Mapping):
        raise StoreError(f"{where}: expected a table, found {given!r}")
    found = given.get("schema", SCHEMA)
    if found != SCHEMA:
        raise StoreError(
            f"{where}: format {found!r}, expected {SCHEMA!r}; it was written by another version"
        )
    try:
        spec = given.get("spec")
        if not isinstance(spec, Mapping):
            raise UsageError(f"{where}: spec: expected a table, found {spec!r}")
        asked: Spec = build(Spec, spec, f"{where}: spec")
        rest = {name: value for name, value in given.items() if name != "spec"}
        measured = Measured(spec=asked, **vars(build(_REST, {**(shared or {}), **rest}, where)))
    except UsageError as error:
        more = len(error.mistakes) - 1
        raise StoreError(error.mistakes[0] + (f" (and {more} more)" if more else "")) from error
    if measured.status not in (*STATUSES, "planned"):
        hint = nearest(measured.status, STATUSES)
        raise StoreError(f"{where}: unknown status {measured.status!r}; {hint}")
    for name in measured.counts:
        if name not in COUNTS:
            raise StoreError(f"{where}: counts: unknown {name!r}; {nearest(name, COUNTS)}")
    for name in COUNTS:
        if name not in measured.counts:
            raise StoreError(f"{where}: counts: {name} is missing; expected a number, or null")
    return measured


def check_kit(kit: int | None, where: str) -> None:
    """Raise where something was measured under the rules of another version of the kit."""
    if kit is not None and kit != KIT_VERSION:
        raise StoreError(
            f"{where}: made with version {kit} of the kit, and this is version {KIT_VERSION}; "
            "measure it again with this one (`optframe baseline update`)"
        )


def spec_of(row: Mapping[str, Any]) -> Spec:
    """Return what a trial's row says was asked."""
    named = {part.name: row[part.name] for part in dataclasses.fields(Spec)}
    return Spec(**{**named, "hyperparameters": json.loads(row["hyperparameters"])})


def of_record(
    trial: Trial, record: Record, environment: Mapping[str, Any], benchmark: str = ""
) -> Measured:
    """Return what a trial and its record say; ``environment`` is flat."""
    return Measured(
        cell=trial.cell,
        spec=spec_of(filled("planned", trial)),
        status=record.status,
        counts=whole({name: record.last(column) for name, column in FINAL_COUNTS.items()}),
        loss=finite(record.last("loss")),
        reason=record.reason,
        seconds=record.seconds,
        environment=dict(environment),
        kit=KIT_VERSION,
        benchmark=benchmark,
    )


def whole(counts: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return counts in their order, whole ones as whole numbers, None for what is no number."""
    found: dict[str, float | None] = {}
    for name in COUNTS:
        value = finite(counts.get(name))
        found[name] = int(value) if value is not None and value == int(value) else value
    return found


def finite(value: float | None) -> float | None:
    """Return a number as it is, None for infinity and NaN."""
    return value if value is not None and math.isfinite(value) else None
