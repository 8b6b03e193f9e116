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
from optframe.components.binder import Binder
from optframe.contracts.seeds import Seeds

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
CALLS = 50


@pytest.fixture(scope="module")
def problems():
    """Every function, bound."""
    binder = Binder(REGISTRY)
    setting = optframe.Setting(
        binder.backend("numpy"), "float64", Seeds(0, 0).sequence("instance"), binder.dataset
    )
    return {name: REGISTRY.make("problems", name).bind(setting) for name in NAMES}


def both(problem, name, random):
    """Ours and the textbook's value and gradient, and a point near the usual start."""
    start = np.asarray(problem.start(random), "float64")
    theta = start + 0.1 * random.standard_normal(problem.size)
    return problem.loss_and_gradient, TEXTBOOK[name.replace("-", "_")], theta


@pytest.mark.parametrize("name", NAMES)
def test_the_textbook_says_the_same(problems, random, name):
    ours, textbook, theta = both(problems[name], name, random)
    (loss, gradient), (value, slope) = ours(theta), textbook(theta)
    np.testing.assert_allclose(loss, value, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-9 * abs(slope).max())


@pytest.mark.row(
    f"value and gradient of {len(NAMES)} test functions, geometric mean",
    "textbook NumPy and SciPy",
    "≥ 1× faster",
)
def test_value_and_gradient_against_a_textbook(pairs, problems, random):
    cases = {name: both(problem, name, random) for name, problem in problems.items()}
    calls = CALLS if pairs.enabled else 1
    times: dict[str, list[list[float]]] = {name: [[], []] for name in cases}

    def mean(side: int) -> float:
        """The geometric mean of the functions' seconds per call."""
        for name, case in cases.items():
            function, theta = case[side], case[2]
            began = perf_counter()
            for _ in range(calls):
                function(theta)
            times[name][side].append((perf_counter() - began) / calls)
        return float(np.exp(np.mean([np.log(taken[side][-1]) for taken in times.values()])))

    pairs.compare(lambda: mean(0), lambda: mean(1))
    ours, theirs = (
        {name: float(np.median(taken[side])) for name, taken in times.items()} for side in (0, 1)
    )
    pairs.benchmark.extra_info["functions"] = {
        name: {"ours": ours[name], "textbook": theirs[name]} for name in cases
    }
