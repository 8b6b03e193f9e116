"""SciPy's L-BFGS-B through its adapter, against a bare call of SciPy on the same function.

Both take the same steps to the bit. Ours is a whole run: loop, counts, checkpoints at both ends.
"""

import runpy
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from scipy import optimize
from threadpoolctl import threadpool_limits

import optframe
from optframe.components.binder import Binder

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
STEPS = 100


@dataclass(frozen=True)
class Separation(optframe.Function):
    """Logistic regression of n records of random numbers, with a tiny ridge."""

    records: int
    size = 50

    def __post_init__(self) -> None:
        random = np.random.default_rng(0)
        scales = np.geomspace(1, 1e-3, self.size)  # badly conditioned, for many steps
        self.__dict__["a"] = random.standard_normal((self.records, self.size)) * scales

    def start(self, random: Any) -> Any:
        return np.full(self.size, 0.1)

    def loss(self, theta: Any) -> Any:
        return self.loss_and_gradient(theta)[0]

    def gradient(self, theta: Any) -> Any:
        return self.loss_and_gradient(theta)[1]

    def loss_and_gradient(self, theta: Any) -> Any:
        a = self.__dict__["a"]
        margins = a @ theta
        slopes = -1 / (1 + np.exp(margins)) / self.records
        loss = np.logaddexp(0, -margins).mean() + 5e-10 * (theta @ theta)
        return loss, slopes @ a + 1e-9 * theta


@pytest.mark.row(
    "scipy.optimize.minimize:method=L-BFGS-B, an evaluation takes {evaluation}",
    "a bare call of SciPy",
    "≤ 1.1×",
)
@pytest.mark.parametrize(("records", "evaluation"), [(1700, "50 µs"), (17_000, "500 µs")])
def test_steps_of_scipys_lbfgsb(pairs, records, evaluation):
    with threadpool_limits(1):
        registry = optframe.load_plugins()
        numpy = Binder(registry).backend("numpy")
        setting = optframe.Setting(numpy, "float64", np.random.SeedSequence(0), lambda name: None)
        problem = Separation(records).bind(setting)
        start = problem.start(None)
        steps = STEPS if pairs.enabled else 5
        optimizer = optframe.make("scipy.optimize.minimize:method=L-BFGS-B")
        last: dict[str, Any] = {}

        def ours() -> float:
            run = RUNS["run_of"](problem, optimizer, start.copy(), budget={"steps": steps})
            run.execute()
            assert run.k == steps, run.reason
            last["ours"] = run.theta
            return run.clock.seconds

        def theirs() -> float:
            began = perf_counter()
            options = {"maxiter": steps, "maxfun": 10**9, "ftol": 0, "gtol": 0}
            found = optimize.minimize(
                problem.loss_and_gradient, start, jac=True, method="L-BFGS-B", options=options
            )
            seconds = perf_counter() - began
            last["theirs"] = found.x
            return seconds

        # A call takes milliseconds: of several, the fastest is the least disturbed.
        calls = 15 if pairs.enabled else 1
        pairs.compare(
            lambda: min(ours() for _ in range(calls)), lambda: min(theirs() for _ in range(calls))
        )
        np.testing.assert_array_equal(last["ours"], last["theirs"])
