"""The protocol of DeepOBS."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from optframe import Protocol, Space

__all__ = ["DeepOBS"]

RATES = ("lr", "learning_rate")
"""The names of a learning rate."""

SPACE = Space(1e-5, 1e2, "log", source="DeepOBS: logspace(-5, 2, 36)")


@dataclass(frozen=True)
class DeepOBS(Protocol):
    """DeepOBS: 36 learning rates on a logarithmic grid; the best one runs on ten seeds.

    ::

        lr_i = 10^(−5 + i/5)     i = 0, ..., 35

    Every setting runs once. The setting with the best accuracy on the validation data at the end of
    its run is chosen; where there is none, the one with the least validation loss, else the least
    loss. All other hyperparameters keep their values. An optimizer without a learning rate is not
    tuned.

    References
    ----------
    Schneider, F., Balles, L., and Hennig, P. (2019), DeepOBS: a deep learning optimizer benchmark
    suite, ICLR; its code, release 1.2, and its page of results, release 1.1.
    """

    tuner = "grid:points=36"
    trials = 36
    tuning_seeds = 1
    final_seeds = 10
    metric = ("validation_accuracy", "validation_loss", "loss")
    source = (
        "Schneider, Balles and Hennig, DeepOBS: a deep learning optimizer benchmark suite, ICLR "
        "2019; code of release 1.2, page of release 1.1"
    )
    differs = (
        "Ten fresh seeds are judged; the source judges nine and the run that was chosen.",
        "The learning rates are logspace(-5, 2, 36), which its users run; its page writes 10e-5 "
        "to 10e2.",
        "Problems without validation data are tuned, too, by their loss.",
        "Optimizers are compared by the standings; the source gives means and standard deviations.",
    )

    def space(
        self, optimizer: str, given: Mapping[str, Any], fields: Collection[str]
    ) -> Mapping[str, Space]:
        """Return the space of the learning rate, if the optimizer has one that is not given."""
        return {name: SPACE for name in RATES if name in fields and name not in given}
