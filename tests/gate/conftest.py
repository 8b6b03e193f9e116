"""Sources made by hand, so that each number of a comparison is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from optframe.gate.measured import COUNTS, Measured, Spec
from optframe.gate.sources import Source
from optframe.gate.tolerance import Tolerances

HERE = {"numpy": "2.4.6", "blas_kernel": "Haswell", "backend": "numpy", "machine": "one"}
ELSEWHERE = HERE | {"blas_kernel": "SkylakeX", "machine": "two"}


def make_measured(
    optimizer="adam:lr=0.3",
    problem="rosenbrock",
    status="converged",
    steps=400,
    loss=9e-7,
    cell=None,
    environment=HERE,
    **others,
):
    """One cell: what goes into its spec or counts by name, the rest as given."""
    names = {field.name for field in dataclasses.fields(Spec)}
    asked = {name: others.pop(name) for name in list(others) if name in names}
    asked = {"budget": "steps 5000, target 1e-06", "dtype": "float64", **asked}
    asked = {"sampler": "none", "seed": 0, "study_seed": 0, "start": "standard", **asked}
    asked = {"hyperparameters": {"lr": 0.3, "eps": 1e-8}, **asked}
    counts = dict.fromkeys(COUNTS, 0) | {"epochs": None, "samples": None}
    counts |= {"steps": steps, "gradients": steps}
    counts |= {name: others.pop(name) for name in COUNTS if name in others}
    name = optimizer.partition(":")[0]
    spec = Spec(optimizer=optimizer, optimizer_name=name, problem=problem, **asked)
    identity = cell or f"{optimizer} {problem} {spec.seed}"
    return Measured(
        cell=identity,
        spec=spec,
        status=status,
        counts=counts,
        loss=loss,
        environment=dict(environment),
        **others,
    )


def make_source(*trials, kind="store", path="somewhere", study=None, tolerances=None):
    """One side of a comparison."""
    study = {"name": "small", "seed": 0} if study is None else study
    known = Tolerances(tolerances or {})
    return Source(Path(path), kind, trials, study, known)


@pytest.fixture
def measured():
    """Return the maker of cells."""
    return make_measured


@pytest.fixture
def source():
    """Return the maker of sources."""
    return make_source


@pytest.fixture
def elsewhere():
    """Return an environment that decides otherwise."""
    return ELSEWHERE
