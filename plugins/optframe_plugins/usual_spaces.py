"""The usual spaces of hyperparameters that several components share, each with its source.

Where a source gives a log-normal prior of the learning rate, the space reaches two deviations to
either side of its mean, so that a best value at an end can be noticed.
"""

from typing import Final

from optframe import Space

__all__ = [
    "ADAM_BETA1",
    "ADAM_BETA2",
    "ADAM_EPS",
    "ADAM_LR",
    "BATCH_SIZE",
    "DECOUPLED_DECAY",
    "MOMENTUM",
    "MOMENTUM_LR",
    "SGD_LR",
    "algoperf",
    "sivaprasad",
    "unpublished",
]


def sivaprasad(what: str) -> str:
    """Return the source of a space that is from Sivaprasad et al.'s priors."""
    return (
        "Sivaprasad et al. (2020), Optimizer benchmarking needs to account for hyperparameter "
        f"tuning, ICML: {what}"
    )


def algoperf(baseline: str) -> str:
    """Return the source of a space that is from a baseline of AlgoPerf."""
    return (
        "Dahl et al. (2023), Benchmarking neural network training algorithms (AlgoPerf): the "
        f"search space of the {baseline} baseline"
    )


def unpublished(what: str) -> str:
    """Return the source of a space that is this library's own choice."""
    return f"no published range; {what}"


SGD_LR: Final = Space(
    1.9e-5,
    3.4,
    "log",
    source=sivaprasad("the prior of SGD, 10^N(−2.0958, 1.3122), two deviations to either side"),
)
MOMENTUM_LR: Final = Space(
    6.2e-6,
    2.8,
    "log",
    source=sivaprasad(
        "the prior of SGD with a tuned momentum, 10^N(−2.3790, 1.4131), two deviations to either "
        "side"
    ),
)
MOMENTUM: Final = Space(0.7, 0.995, "one-minus-log", source=algoperf("momentum and the Nesterov"))
ADAM_LR: Final = Space(
    2.7e-6,
    0.33,
    "log",
    source=sivaprasad("the prior of Adam, 10^N(−3.0212, 1.2709), two deviations to either side"),
)
ADAM_BETA1: Final = Space(0.5, 0.98, "one-minus-log", source=algoperf("AdamW"))
ADAM_BETA2: Final = Space(
    0.9, 0.99999, "one-minus-log", source=sivaprasad("β₂ = 1 − 10^U(−5, −1) for Adam")
)
ADAM_EPS: Final = Space(1e-8, 1.0, "log", source=sivaprasad("δ = 10^U(−8, 0) for Adam"))
DECOUPLED_DECAY: Final = Space(0.005, 1.0, "log", source=algoperf("AdamW"))
BATCH_SIZE: Final = Space(
    values=(16, 32, 64, 128, 256),
    source="Goodfellow, Bengio and Courville (2016), Deep Learning, section 8.1.3: powers of two, "
    "typically from 32 to 256, and sometimes 16",
)
