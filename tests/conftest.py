"""The backends that the ordinary suite runs on, and generators that draw afresh in every run."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from optframe import Backend
from optframe.testing import OverwritingBackend, ReadOnlyBackend, StrictBackend
from optframe_plugins.backends.cupy import CupyBackend
from optframe_plugins.backends.numba import NumbaBackend
from optframe_plugins.backends.numpy import NumpyBackend

BACKENDS = {
    "numpy": NumpyBackend(),
    "read-only": ReadOnlyBackend(),
    "overwriting": OverwritingBackend(),
    "strict": StrictBackend(),
    "numba": NumbaBackend(),
    "cupy": CupyBackend(),
}


def pytest_configure():
    """Hear Ctrl-C, which tests send, also where a shell has started them in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """What problems keep on disk stays out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPTFRAME_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(
    params=[
        "numpy",
        "read-only",
        "overwriting",
        "strict",
        "numba",
        pytest.param("cupy", marks=pytest.mark.gpu),
    ]
)
def backend(request) -> Backend:
    """Each backend in turn; CuPy's runs are those that ``pytest -m gpu`` selects."""
    chosen = BACKENDS[request.param]
    missing = chosen.missing()
    if missing:
        pytest.skip(missing)
    return chosen


@pytest.fixture
def random() -> np.random.Generator:
    """A generator that draws other numbers in every run; a failing test prints its seed."""
    entropy = np.random.SeedSequence().entropy
    print(f"numbers drawn with np.random.default_rng({entropy})")
    return np.random.default_rng(entropy)
