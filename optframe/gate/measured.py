"""One measured cell: the trial's specification, its status, its counts, and where it ran.

Three files hold this table: a baseline (one line per cell), a pytest-benchmark file
(``extra_info["optframe"]`` of each benchmark), and a store (in columns). As JSON, format
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

``cell`` is `Trial.cell`. ``hyperparameters`` are all of the optimizer's, as in `Component`.
``budget`` is `Budget` as text. ``loss`` and each count are null if they are unknown or not finite.
``environment`` is what `optframe.gate.differences.flat` returns. ``kit`` and ``seconds`` are
optional. A baseline has ``kit`` and ``environment`` once, for all of its cells.
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
from optframe.contracts.columns import FINAL_COUNTS, STATUSES, UNENDED, filled
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
    """The trial's specification in readable form; the cell's hash is of the exact one."""

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
        """The names that tables show."""
        return self.optimizer, self.problem, self.sampler, self.seed


@dataclass(frozen=True)
class Measured:
    """One cell and its results."""

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
        """The subject of this cell's rows."""
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
"""The fields except ``spec``, which is checked separately."""


def table(measured: Measured) -> dict[str, Any]:
    """Return plain data for JSON in the format above; `read` is the inverse."""
    plain = dataclasses.asdict(measured)
    del plain["benchmark"]
    plain["counts"] = {name: finite(value) for name, value in plain["counts"].items()}
    return plain | {"loss": finite(measured.loss), "seconds": finite(measured.seconds)}


def read(given: Any, where: str, shared: Mapping[str, Any] | None = None) -> Measured:
    """Return the cell that a table describes, as it was read from JSON.

    ``where`` is the start of an error message. ``shared`` has values that this table shares with
    others: ``environment``, ``kit``, ``benchmark``. A `StoreError` has the first mistake.
    """
    if not isinstance(given, Mapping):
        raise StoreError(f"{where}: expected a table, found {given!r}")
    found = given.get("schema", SCHEMA)
    if found != SCHEMA:
        raise StoreError(
            f"{where}: format {found!r}, expected {SCHEMA!r}; it was written by another version of "
            "optframe; measure it again with this one"
        )
    try:
        spec = given.get("spec")
        if not isinstance(spec, Mapping):
            raise UsageError(f"{where}: spec: expected a table, found {spec!r}")
        specification: Spec = build(Spec, spec, f"{where}: spec")
        rest = {name: value for name, value in given.items() if name != "spec"}
        others = vars(build(_REST, {**(shared or {}), **rest}, where))
        measured = Measured(spec=specification, **others)
    except UsageError as error:
        more = len(error.mistakes) - 1
        raise StoreError(error.mistakes[0] + (f" (and {more} more)" if more else "")) from error
    if measured.status not in (*STATUSES, *UNENDED):
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
    """Raise if something was measured by the rules of another version of the kit."""
    if kit is not None and kit != KIT_VERSION:
        raise StoreError(
            f"{where}: found version {kit} of the kit, expected {KIT_VERSION}; measure it again "
            "(`optframe baseline update`)"
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
    """Return counts in order of `COUNTS`: whole ones as int, None for those that are not finite."""
    found: dict[str, float | None] = {}
    for name in COUNTS:
        value = finite(counts.get(name))
        found[name] = int(value) if value is not None and value == int(value) else value
    return found


def finite(value: float | None) -> float | None:
    """Return a finite number unchanged, and None for infinity and NaN."""
    return value if value is not None and math.isfinite(value) else None
