"""The protocol of Sivaprasad et al."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from optframe import Protocol, Space

__all__ = ["Sivaprasad"]

PAPER = "Sivaprasad et al. 2020, main_runner.py"

MOMENTUM = Space(0.0, 0.999999, "linear", source=PAPER)
BETA = Space(0.9, 0.99999, "one-minus-log", source=PAPER)
EPS = Space(1e-8, 1.0, "log", source=PAPER)
DECAY = Space(1e-5, 1e-1, "log", source=PAPER)


def rate(mean: float, deviation: float) -> Space:
    """Return the prior of a learning rate: its decimal logarithm is normal."""
    return Space(mean=mean, deviation=deviation, source=PAPER)


@dataclass(frozen=True)
class Sivaprasad(Protocol):
    """Sivaprasad et al.: random search in priors that were fitted to good settings of each method.

    ::

        log₁₀ lr ~ N(mean, deviation²)
        sgd                                      −2.0958, 1.3122
        momentum, U(0, 1)                        −2.3790, 1.4131
        momentum, given                          −2.3422, 1.5525
        momentum and weight decay, both given    −2.4544, 1.3641
        momentum and weight decay                −2.4382, 1.2040    decay 10^U(−5, −1)
        adagrad                                  −2.0046, 1.2045
        adam, β₁, β₂ and eps given               −3.0212, 1.2709
        adam                                     −2.6968, 1.4209    β 1 − 10^U(−5, −1)
                                                                    eps 10^U(−8, 0)

    What a study gives is fixed: ``adam:beta1=0.9,beta2=0.999,eps=1e-8`` is the paper's Adam of
    which only the learning rate is tuned. Weight decay is the wrapper ``weight-decay`` around
    ``momentum``. Other optimizers have their declared spaces. Each of 100 settings runs once, and
    its best checkpoint on the validation data counts.

    References
    ----------
    Sivaprasad, P. T., Mai, F., Vogels, T., Jaggi, M., and Fleuret, F. (2020), Optimizer
    benchmarking needs to account for hyperparameter tuning, ICML; its code, ``main_runner.py``.
    """

    tuner = "random"
    trials = 100
    tuning_seeds = 1
    metric = ("validation_accuracy", "validation_loss")
    at = "best"
    source = (
        "Sivaprasad, Mai, Vogels, Jaggi and Fleuret, Optimizer benchmarking needs to account for "
        "hyperparameter tuning, ICML 2020; code, main_runner.py"
    )
    differs = (
        "The winner runs on fresh seeds, which are judged; the source judges the best test result "
        "of the tuning run itself.",
        "Curves over the number of trials are computed without replacement; the source draws with "
        "replacement.",
        "100 trials are those of its README; its code has 50.",
        "Momentum is at most 0.999999.",
        "Weight decay has the form that the study's wrapper has; the source adds it to the "
        "gradient (form=coupled).",
        "There are no variants with polynomial decay of the learning rate.",
        "Optimizers that the source does not have are tuned in their declared spaces.",
    )

    def space(
        self, optimizer: str, given: Mapping[str, Any], fields: Collection[str]
    ) -> Mapping[str, Space] | None:
        """Return the priors of the optimizer's fields that are not given."""
        found = _priors(optimizer, given)
        return found and {name: one for name, one in found.items() if name not in given}


def _priors(optimizer: str, given: Mapping[str, Any]) -> dict[str, Space] | None:
    """Return the priors for what is tuned together; more than the learning rate, if not given."""
    if optimizer == "sgd":
        return {"lr": rate(-2.0958, 1.3122)}
    if optimizer == "adagrad":
        return {"lr": rate(-2.0046, 1.2045)}
    if optimizer == "adam":
        if {"beta1", "beta2", "eps"} <= set(given):
            return {"lr": rate(-3.0212, 1.2709)}
        return {"lr": rate(-2.6968, 1.4209), "beta1": BETA, "beta2": BETA, "eps": EPS}
    if optimizer != "momentum":
        return None
    decays = [table for table in given.get("wrap", ()) if table.get("name") == "weight-decay"]
    fixed = "momentum" in given
    if not decays:
        alone = rate(-2.3422, 1.5525) if fixed else rate(-2.3790, 1.4131)
        return {"lr": alone, "momentum": MOMENTUM}
    if "decay" in decays[0]:
        lr = rate(-2.4544, 1.3641) if fixed else rate(-2.4382, 1.2040)
        return {"lr": lr, "momentum": MOMENTUM}
    return {"lr": rate(-2.4382, 1.2040), "momentum": MOMENTUM, "weight-decay.decay": DECAY}
