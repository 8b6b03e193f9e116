"""Optuna's estimator of good settings."""

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe import Count, Space, Tried, Tuner, UnavailableError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Optuna"]


@dataclass(frozen=True)
class Optuna(Tuner):
    """Optuna: settings that were good so far are likely to be near those that are tried next.

    It is the tree-structured Parzen estimator of the package Optuna. In each round it estimates two
    densities of u, ℓ of the best settings so far and g of the others, and proposes settings with
    the greatest ℓ(u)/g(u) among draws from ℓ. Its first ten settings are random.

    Each round starts anew from all that was tried, with its own seed. So the settings depend on the
    study's seed and on ``round``, and not on how many processes run them. Infinite values count as
    the worst finite value plus the spread of the finite ones.

    Parameters
    ----------
    round
        How many settings are proposed at a time, ≥ 1. In a round nothing is learnt.

    Raises
    ------
    UnavailableError
        Where Optuna is not installed.

    References
    ----------
    Bergstra, J., Bardenet, R., Bengio, Y., and Kégl, B. (2011), Algorithms for hyper-parameter
    optimization, NeurIPS. Akiba, T., Sano, S., Yanase, T., Ohta, T., and Koyama, M. (2019), Optuna:
    a next-generation hyperparameter optimization framework, KDD.
    """

    round: Count = 8

    adaptive = True

    def ask(
        self, space: Mapping[str, Space], history: Sequence[Tried], trials: int, seed: int
    ) -> list[dict[str, Any]]:
        """Return the settings of the next round."""
        size = min(self.round, trials - len(history))
        if size <= 0:
            return []
        if not find_spec("optuna"):
            raise UnavailableError(
                "tuner 'optuna': Optuna is not installed; pip install 'optframe-bench[optuna]'"
            )
        import optuna
        from optuna.samplers import TPESampler
        from optuna.trial import create_trial

        key = np.random.SeedSequence(seed, spawn_key=(len(history),)).generate_state(1)[0]
        choices = {name: _distribution(one) for name, one in space.items()}
        with _silence():
            sampler = TPESampler(seed=int(key), multivariate=True, constant_liar=True)
            study = optuna.create_study(sampler=sampler)
            study.add_trials(
                create_trial(params=_places(space, tried), distributions=choices, value=value)
                for tried, value in zip(history, _finite(history), strict=True)
            )
            asked = [study.ask(choices).params for _ in range(size)]
        return [
            {name: _value(one, params[name]) for name, one in space.items()} for params in asked
        ]


def _distribution(space: Space) -> "BaseDistribution":
    """Return Optuna's description: of u, or of the place in ``values``."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if space.values is None:
        return FloatDistribution(0.0, 1.0)
    return CategoricalDistribution(range(len(space.values)))


def _places(space: Mapping[str, Space], tried: Tried) -> dict[str, Any]:
    """Return a setting in Optuna's terms."""
    return {
        name: one.u_of(tried.setting[name])
        if one.values is None
        else one.values.index(tried.setting[name])
        for name, one in space.items()
    }


def _value(space: Space, place: Any) -> Any:
    return space.at(place) if space.values is None else space.values[place]


def _finite(history: Sequence[Tried]) -> list[float]:
    """Return the values, with finite ones in place of infinite ones and NaN."""
    values = [tried.value for tried in history]
    known = [value for value in values if isfinite(value)]
    best, worst = min(known, default=0.0), max(known, default=0.0)
    lost = worst + (worst - best)
    if not worst < lost < inf:  # all are equal, or too large
        lost = min(float(np.nextafter(worst, inf)), sys.float_info.max)
    return [value if isfinite(value) else lost for value in values]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Let Optuna print nothing: no line for each study, no warning of what is experimental."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
