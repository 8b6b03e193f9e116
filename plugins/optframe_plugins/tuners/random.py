"""Independent draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from optframe import Space, Tried, Tuner

__all__ = ["Random"]


@dataclass(frozen=True)
class Random(Tuner):
    """Random search: each field of each setting is drawn independently.

    ::

        setting_i[field] = v(u),   u ~ U[0, 1) from the seed, the number i and the field's name

    So the first 25 settings of 50 are the 25 of a shorter search, and a further field changes no
    other field's values.

    References
    ----------
    Bergstra, J., and Bengio, Y. (2012), Random search for hyper-parameter optimization, Journal of
    Machine Learning Research 13.
    """

    exchangeable = True

    def ask(
        self, space: Mapping[str, Space], history: Sequence[Tried], trials: int, seed: int
    ) -> list[dict[str, Any]]:
        """Return all settings that were not proposed yet."""
        return [
            {name: one.at(uniform(seed, number, name)) for name, one in space.items()}
            for number in range(len(history), trials)
        ]


def uniform(seed: int, number: int, name: str) -> float:
    """Return a number in [0, 1) that depends on these three alone: a hash of them."""
    digest = blake2b(f"{seed} {number} {name}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53  # as many bits as a float has
