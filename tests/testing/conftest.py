"""How checks end."""

from __future__ import annotations

import pytest

from optframe.testing import Checks


@pytest.fixture
def ends():
    """Return what runs all checks: the status of each by its name."""

    def run(checks: Checks) -> dict[str, str]:
        return {outcome.check: outcome.status for outcome in checks.run()}

    return run


@pytest.fixture
def status():
    """Return what runs the check of a name without the others."""

    def run(checks: Checks, name: str) -> str:
        (found,) = [check.outcome.status for check in checks if check.__name__ == name]
        return found

    return run
