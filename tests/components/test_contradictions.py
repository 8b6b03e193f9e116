"""What cannot both be true of a problem of functions is found when it is planned."""

import numpy as np
import pytest

import optframe
from optframe import FunctionProblem, Study, UsageError

A = np.array([[3.0, 1.0], [1.0, 2.0]])
START = [1.0, -2.0]


def bowl(**given):
    """A quadratic with its minimum 4 at (1, 1)."""
    words = {
        "loss": lambda x: (x - 1) @ A.astype(x.dtype) @ (x - 1) / 2 + 4,
        "gradient": lambda x: A.astype(x.dtype) @ (x - 1),
        "theta0": START,
        "quadratic": True,
    }
    return FunctionProblem(**{**words, **given})


def residuals(x):
    return A @ (x - 1)


FOUND = {
    "a gradient that is not affine": (
        {"gradient": lambda x: 4 * (x - 1) ** 3},
        "quadratic=True, but between two points near the start the gradient is not an affine",
    ),
    "a gradient of another loss": (
        {"gradient": lambda x: 2 * A @ (x - 1)},
        "quadratic=True, but between two points near the start the loss changes by",
    ),
    "a loss that is not quadratic, with differences": (
        {"loss": lambda x: np.sum((x - 1) ** 4), "gradient": "differences"},
        "quadratic=True, but between two points",
    ),
    "a Hessian that changes": (
        {"hessian": lambda x: A * (1 + x[0])},
        "quadratic=True, but the Hessian is not the same at two points",
    ),
    "a Hessian of another gradient": (
        {"hessian": lambda x: 2 * A},
        "the Hessian is not the derivative of the gradient",
    ),
    "a product of another gradient": (
        {"hvp": lambda x, v: v},
        "the product with the Hessian is not the derivative of the gradient",
    ),
    "a minimum above the start": (
        {"minimum": 40, "quadratic": False},
        "the minimum is 40, but at the start the loss is 13; give the least possible loss",
    ),
    "a minimum that the minimizer does not have": (
        {"minimum": 3, "minimizer": [1.0, 1.0], "quadratic": False},
        "the minimum is 3, but at the minimizer the loss is 4; correct one of them",
    ),
    "a minimum that a quadratic does not have": (
        {"minimum": 3, "hessian": lambda x: A},
        "the minimum is 3, but at the minimizer the loss is 4; correct one of them",
    ),
    "a loss without the half": (
        {
            "loss": lambda x: np.sum(residuals(x) ** 2),
            "gradient": None,
            "residuals": residuals,
            "jacobian": lambda x: A,
        },
        "at the start the loss is 45 and half the sum of the squared residuals is 22.5; give a",
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_contradiction_is_found_before_a_run(name):
    given, message = FOUND[name]
    with pytest.raises(UsageError) as caught:
        optframe.minimize(bowl(**given), "sgd", steps=1)
    assert str(caught.value).startswith(f"minimize: [[problem]] FunctionProblem: {message}")
    assert "\n" not in str(caught.value)


SOUND = {
    "a quadratic": {},
    "its Hessian": {"hessian": lambda x: A.astype(x.dtype)},
    "its products": {"hvp": lambda x, v: A.astype(x.dtype) @ v},
    "its minimum": {"minimum": 4.0, "minimizer": [1, 1]},
    "differences": {"gradient": "differences"},
    "complex steps": {"gradient": "complex-step"},
    "a long start": {"theta0": [1e6, -1e-6]},
    "a start at the minimum": {"theta0": [1.0, 1.0], "minimum": 4},
    "a large constant": {
        "loss": lambda x: (x - 1) @ A.astype(x.dtype) @ (x - 1) / 2 + 1e8,
        "gradient": "complex-step",
    },
    "a tiny loss": {
        "loss": lambda x: 1e-30 * (x @ x),
        "gradient": "complex-step",
        "quadratic": False,
    },
    "a narrow domain": {
        "loss": lambda x: np.sum(x * x - np.log(1 - x)),
        "gradient": "complex-step",
        "theta0": [1 - 1e-3, 0.5],
        "quadratic": False,
    },
    "another factor, with its gradient": {
        "loss": lambda x: np.sum(residuals(x) ** 2).astype(x.dtype),
        "gradient": lambda x: (2 * A @ residuals(x)).astype(x.dtype),
        "residuals": lambda x: residuals(x).astype(x.dtype),
        "jacobian": lambda x: A.astype(x.dtype),
    },
    "the half": {
        "loss": lambda x: np.sum(residuals(x) ** 2).astype(x.dtype) / 2,
        "gradient": None,
        "residuals": lambda x: residuals(x).astype(x.dtype),
        "jacobian": lambda x: A.astype(x.dtype),
    },
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_runs(name, dtype):
    found = optframe.minimize(bowl(**SOUND[name]), "sgd:lr=1e-9", steps=1, dtype=dtype)
    assert found.status == "finished"


def test_a_function_that_raises_fails_its_trial_and_not_the_study(tmp_path):
    def broken(x):
        raise OSError("no such sensor")

    lost = bowl(loss=broken, minimum=4, quadratic=False, hessian=lambda x: A)
    problems = [bowl(hessian=broken), lost, bowl()]
    trials = optframe.run(Study("raises", {"steps": 1}, ["newton"], problems), tmp_path).trials
    assert trials["status"].tolist() == ["failed", "failed", "finished"]
    assert trials["reason"].tolist()[:2] == ["OSError: no such sensor"] * 2


def test_a_study_names_the_problem_that_is_wrong(tmp_path):
    study = Study("wrong", {"steps": 1}, ["sgd"], [bowl(), bowl(minimum=3, minimizer=[1, 1])])
    with pytest.raises(UsageError) as caught:
        optframe.run(study, tmp_path)
    (mistake,) = caught.value.mistakes
    assert "[[problem]] functionproblem-2: the minimum is 3, but" in mistake
