"""The problems and data sets that come with optframe; importing this names them, no more."""

from __future__ import annotations

from optframe import hookimpl

__all__ = ["optframe_api", "optframe_datasets", "optframe_problems"]

optframe_api = 1


@hookimpl
def optframe_problems() -> dict[str, str]:
    """Name the problems."""
    return {
        "logistic": "optframe_problems.regression.logistic:Logistic",
        "mlp": "optframe_problems.networks.mlp:MultilayerPerceptron",
        "quadratic": "optframe_problems.functions.quadratic:Quadratic",
        "rosenbrock": "optframe_problems.functions.rosenbrock:Rosenbrock",
        "softmax": "optframe_problems.regression.softmax:Softmax",
    }


@hookimpl
def optframe_datasets() -> dict[str, str]:
    """Name the data sets."""
    return {
        "breast-cancer": "optframe_problems.data.breast_cancer:BreastCancer",
        "digits": "optframe_problems.data.digits:Digits",
    }
