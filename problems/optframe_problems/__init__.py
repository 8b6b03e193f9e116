"""The problems, transforms and data sets of optframe; importing this names them, no more."""

from __future__ import annotations

from optframe import hookimpl

__all__ = ["optframe_api", "optframe_datasets", "optframe_problems", "optframe_transforms"]

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
        "streaming-regression": (
        ),
        "variably-dimensioned": (
        ),
    }


@hookimpl
def optframe_transforms() -> dict[str, str]:
    """Name the transforms."""
    return {
        "multiplicative-noise": (
            "optframe_problems.transforms.multiplicative_noise:MultiplicativeNoise"
        ),
        "noise": "optframe_problems.transforms.noise:Noise",
        "rotate": "optframe_problems.transforms.rotate:Rotate",
        "scale": "optframe_problems.transforms.scale:Scale",
        "shift": "optframe_problems.transforms.shift:Shift",
    }


@hookimpl
def optframe_datasets() -> dict[str, str]:
    """Name the data sets."""
    return {
        "breast-cancer": "optframe_problems.data.breast_cancer:BreastCancer",
        "digits": "optframe_problems.data.digits:Digits",
    }
