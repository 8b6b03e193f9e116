"""The backends that the ordinary suite runs on, random generators, and the sum of what is skipped.

Generators draw other numbers in every run. Hypothesis has no deadline: how long an example takes
depends on what else the machine does.
"""

from __future__ import annotations

import signal
import sys
from collections import Counter
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from optframe import Backend
from optframe.components.code import _distributions as distributions
from optframe.gate.parity.sequences import gradient_sequences as gradient_sequences_of
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

ADAPTED = Path(__file__).parent / "adapted_library"
"""An imaginary library with its distribution, and an adapter of it."""

MOST_REASONS = 8
"""So many reasons of skipped tests have a line of their own."""

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_configure():
    """Hear Ctrl-C, which tests send, also where a shell has started them in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def gradient_sequences():
    """Six starts, shape (5,), and sequences of gradients, (25, 5), that tell conventions apart."""
    return gradient_sequences_of(5)


def forget(*heads):
    """Forget modules that a test has imported, and which distributions have them."""
    for name in [name for name in sys.modules if name.partition(".")[0] in heads]:
        del sys.modules[name]
    distributions.cache_clear()


@pytest.fixture
def adapted(monkeypatch):
    """The folder of the library ``stepwise``, which is installed, and of its adapter."""
    monkeypatch.syspath_prepend(ADAPTED)
    forget("stepwise", "stepwise_adapter")
    yield ADAPTED
    forget("stepwise", "stepwise_adapter")


@pytest.fixture
def my_models(monkeypatch, tmp_path):
    """Write a file ``my_models.py``, in a folder that is the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="my_models"):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        forget("my_models", name)
        return tmp_path / f"{name}.py"

    yield write
    forget(*(path.stem for path in tmp_path.glob("*.py")))


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


def pytest_terminal_summary(terminalreporter):
    """Sum up by reason what was skipped, in ten lines at most."""
    counts = {}
    for report in terminalreporter.stats.get("skipped", []):
        what = "module" if isinstance(report, pytest.CollectReport) else "test"
        reason = report.longrepr[-1].removeprefix("Skipped: ").partition(";")[0]
        counts.setdefault(reason, Counter())[what] += 1
    if not counts:
        return
    reasons = sorted(counts, key=lambda reason: (-counts[reason].total(), reason))
    terminalreporter.section("skipped")
    for reason in reasons[:MOST_REASONS]:
        terminalreporter.line(f"{_told(counts[reason])}: {reason}")
    if rest := [counts[reason] for reason in reasons[MOST_REASONS:]]:
        terminalreporter.line(f"{_told(sum(rest, Counter()))}: other reasons, which -rs lists")


def _told(count: Counter[str]) -> str:
    return ", ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in sorted(count.items())[::-1])


@pytest.fixture
def quick_compilations():
    """Let JAX leave out most optimizations, which take longer than what tests compute."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
