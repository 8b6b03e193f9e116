"""One value and gradient of each test function, at its usual size, against a textbook version.

The textbook's functions are in the files beside this one, named as the problems are. A problem
without one fails here.
"""

import runpy
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

import optframe
from optframe.binding import Binder
from optframe.seeds import Seeds

HERE = Path(__file__).parent
TEXTBOOK = {
    **runpy.run_path(str(HERE / "textbook_few.py")),
    **runpy.run_path(str(HERE / "textbook_any_size.py")),
}
REGISTRY = optframe.load_plugins()
NAMES = [
    name
    for name in REGISTRY.names("problems")
    if issubclass(REGISTRY.load("problems", name), optframe.Function)
]
CALLS = 200
RATIOS: list[float] = []


@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_against_a_textbook(pairs, random, name):
    binder = Binder(REGISTRY)
    setting = optframe.Setting(
        binder.backend("numpy"), "float64", Seeds(0, 0).sequence("instance"), binder.dataset
    )
    problem = REGISTRY.make("problems", name).bind(setting)
    textbook = TEXTBOOK[name.replace("-", "_")]

    start = np.asarray(problem.start(random), "float64")
    theta = start + 0.1 * random.standard_normal(problem.size)
    (loss, gradient), (value, slope) = problem.loss_and_gradient(theta), textbook(theta)
    np.testing.assert_allclose(loss, value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-9 * abs(slope).max())

    times = {problem.loss_and_gradient: [], textbook: []}
    calls = 1 if pairs.benchmark.disabled else CALLS

    def seconds(function) -> float:
        began = perf_counter()
        for _ in range(calls):
            function(theta)
        times[function].append((perf_counter() - began) / calls)
        return times[function][-1]

    pairs.ratio(
        f"textbook's value and gradient of {name} against ours",
        lambda: seconds(textbook),
        lambda: seconds(problem.loss_and_gradient),
        "≥ 1×",
    )
    ours, theirs = (np.array(taken) for taken in times.values())
    ratio = float(np.median(theirs / ours))
    RATIOS.append(ratio)
    pairs.benchmark.extra_info.update(
        size=problem.size, microseconds=1e6 * float(np.median(ours)), ratio=ratio
    )


def test_geometric_mean_of_all(pairs):
    if not RATIOS:
        pytest.skip("no function was measured before")
    mean = float(np.exp(np.mean(np.log(RATIOS))))
    pairs.report(
        f"textbook's value and gradient of {len(RATIOS)} functions against ours",
        f"{mean:.2f}× (geometric mean)",
        "≥ 1×",
        mean,
    )
    pairs.benchmark.extra_info["ratio"] = mean
