"""Small studies that tune."""

from pathlib import Path
from typing import Any

import pytest

import optframe
from optframe import Study, load_plugins

SAMPLES = Path(__file__).parent.parent / "sample_plugins"


@pytest.fixture(scope="session")
def registry():
    return load_plugins([str(SAMPLES / "tuning.py")])


@pytest.fixture(scope="session")
def study():
    """Make a small study: ``study({"trials": 4}, seeds=3)``."""

    def made(tune, **given):
        fields: dict[str, Any] = {
            "name": "small",
            "budget": {"steps": 10},
            "optimizers": ["sgd:lr=1e-4..1e-2"],
            "problems": ["rosenbrock"],
            "start": "random",
            **given,
        }
        return Study(tune=tune, **fields)

    return made


@pytest.fixture
def run(study, registry, tmp_path):
    """Run a small study in one folder: ``run({"trials": 4}).trials``."""

    def ran(tune, out="out", **given):
        return optframe.run(study(tune, **given), tmp_path / out, registry=registry)

    return ran
