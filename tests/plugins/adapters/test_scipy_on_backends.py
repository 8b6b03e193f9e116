"""SciPy's methods on arrays that are not NumPy's, and on arrays that cannot be written to."""

import numpy as np
import pytest

import optframe
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.testing import OverwritingBackend, ReadOnlyBackend, StrictBackend
from optframe.testing.stepping import PLAIN
from optframe.trial.run import Run, Setup


def run_on(backend, optimizer, problem, dtype):
    setting = optframe.Setting(backend, dtype, np.random.SeedSequence(0), lambda name: None)
    bound = optframe.make(problem).bind(setting)
    run = Run(
        Setup(
            problem=bound,
            backend=backend,
            optimizer=optframe.make(optimizer),
            sampler=None,
            budget=Budget(steps=12),
            checkpoints=Checkpoints(count=2),
            seeds=Seeds(0, 0),
            start=bound.start(np.random.default_rng(0)),
            dtype=dtype,
        )
    )
    run.execute()
    assert run.status in ("finished", "stopped"), run.reason
    return run


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("optimizer", "problem"),
    [
        ("scipy.optimize.minimize:method=L-BFGS-B", "rosenbrock-chained:size=4"),
        ("scipy.optimize.minimize:method=Nelder-Mead", "rosenbrock"),
        ("scipy.optimize.minimize:method=trust-ncg", "rosenbrock"),
        ("scipy.optimize.minimize:method=dogleg", "rosenbrock"),
        ("scipy.optimize.least_squares:method=lm", "bard"),
    ],
)
def test_any_backend_gives_the_same(optimizer, problem, dtype):
    pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    expected = run_on(PLAIN, optimizer, problem, dtype)
    for backend in (StrictBackend(), ReadOnlyBackend(), OverwritingBackend()):
        found = run_on(backend, optimizer, problem, dtype)
        theta = backend.to_numpy(found.theta)
        assert theta.dtype == dtype
        if dtype == "float64":  # in float32 a last bit may decide how long a step is
            assert found.k == expected.k
            np.testing.assert_allclose(theta, expected.theta, rtol=1e-8)
