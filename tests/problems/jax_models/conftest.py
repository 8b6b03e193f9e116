"""Records, and problems bound to a backend and a precision."""

import numpy as np
import pytest

from optframe import Setting
from optframe.testing import PlainBackend

RECORDS = 60


@pytest.fixture
def data():
    """Sixty records of three classes, (60, 6) and (60,)."""
    random = np.random.default_rng(3)
    y = random.integers(3, size=RECORDS)
    return random.standard_normal((RECORDS, 6)) + y[:, None], y


@pytest.fixture
def bound():
    """Bind a problem to a backend and a precision."""

    def bind(problem, dtype="float64", backend=None, seed=0):
        return problem.bind(
            Setting(backend or PlainBackend(), dtype, np.random.SeedSequence(seed), None)
        )

    return bind
