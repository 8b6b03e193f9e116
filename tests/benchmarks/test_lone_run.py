"""One run on Rosenbrock, per step, against torch's optimizers with autograd, eager, in float64."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import optframe

RUNS = runpy.run_path(str(Path(__file__).with_name("runs.py")))
STEPS = 500
RATES = {"sgd": 1e-3, "adam": 1e-2}


def torchs(torch, name: str, steps: int, iterates: list | None = None) -> float:
    """Do the same steps; return the seconds, and keep every θ in ``iterates`` if it is given."""
    rule = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name]
    theta = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = rule([theta], lr=RATES[name])
    return RUNS["descend"](RUNS["rosenbrock"], optimizer, theta, steps, iterates)


def ours(name: str, steps: int, **wishes) -> optframe.MinimizeResult:
    return optframe.minimize(
        "rosenbrock",
        f"{name}:lr={RATES[name]}",
        steps=steps,
        checkpoints=2,
        backend="numpy",
        **wishes,
    )


@pytest.mark.row(
    "the loop with {name} on Rosenbrock, one run, per step",
    "torch.optim.{theirs} with autograd, eager",
    "{reach}",
    place="{place}",
)
@pytest.mark.parametrize(
    ("name", "theirs", "reach", "place"),
    [("sgd", "SGD", "≥ 25× faster", 2), ("adam", "Adam", "–", None)],
)
def test_a_lone_run_against_torch(pairs, torch, name, theirs, reach, place):
    assert hasattr(torch.optim, theirs)
    steps = STEPS if pairs.enabled else 20
    iterates: list = []
    torchs(torch, name, steps, iterates)
    found = ours(name, steps - 1, iterates=True).iterates
    np.testing.assert_allclose(found, iterates, rtol=1e-10, atol=1e-10)
    pairs.compare(lambda: ours(name, steps).seconds, lambda: torchs(torch, name, steps))
