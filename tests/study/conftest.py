"""Components for studies that are planned, and plans that are written in a line."""

from pathlib import Path
from typing import Any

import pytest

from optframe import Study, load_plugins

SAMPLES = Path(__file__).parent.parent / "sample_plugins"


@pytest.fixture(scope="module")
def registry():
    return load_plugins([str(SAMPLES / f"{name}.py") for name in ("tiny", "demanding")])


@pytest.fixture
def plan(registry):
    """Plan a small study: ``plan(optimizers="sgd", seeds=3)``."""

    def planned(registry=registry, **given):
        fields: dict[str, Any] = {
            "name": "x",
            "budget": {"steps": 5},
            "optimizers": "sgd",
            "problems": "rosenbrock",
            **given,
        }
        return Study(**fields).trials(registry)

    return planned


@pytest.fixture
def with_settings():
    """Return the maker of a study whose file has a table ``[run]``."""

    def made(run):
        tables = {
            "study": {"budget": {"steps": 3}},
            "optimizer": [{"name": "sgd"}],
            "problem": [{"name": "rosenbrock"}],
            "run": run,
        }
        return Study.from_tables(tables, "study.toml")

    return made
