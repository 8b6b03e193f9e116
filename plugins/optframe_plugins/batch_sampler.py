"""The base class of samplers that go through the records in minibatches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, Sampler, Space
from optframe_plugins.usual_spaces import BATCH_SIZE

__all__ = ["BatchSampler", "bounds", "too_many", "variance_of_simple_sample"]


def bounds(records: int, size: int, drop_last: bool) -> list[tuple[int, int]]:
    """Return where each minibatch begins and ends; the last may be short, or is dropped."""
    end = records - records % size if drop_last else records
    return [(first, min(first + size, end)) for first in range(0, end, size)]


MOST = 10**9
"""The largest number of records whose order is held in memory."""


def too_many(records: int) -> str | None:
    """Return a message where an epoch's order cannot be held in memory."""
    if records <= MOST:
        return None
    return "their order does not fit into memory; expected the sampler stream"


def variance_of_simple_sample(records: int, size: int) -> float:
    """Return (n − B) / ((n − 1)·B): the variance of a simple random sample's mean, in σ².

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., theorem 2.2 (whose S² is σ²·n/(n − 1)).
    """
    return (records - size) / (max(1, records - 1) * size)


@dataclass(frozen=True)
class BatchSampler(Sampler):
    """Go through the records in minibatches.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1.
    drop_last
        Whether a last minibatch of fewer than B records is left out.
    """

    copies = False

    batch_size: Count = 32
    drop_last: bool = False

    spaces: ClassVar[Mapping[str, Space]] = {
        "batch_size": BATCH_SIZE,
    }

    def steps_per_epoch(self, records: int) -> int:
        """Return n/B, rounded up (down with ``drop_last``)."""
        return records // self.batch_size if self.drop_last else -(-records // self.batch_size)

    def mistake(self, records: int) -> str | None:
        """Return a message where a minibatch is larger than the data."""
        if self.batch_size > records:
            return (
                f"batch_size {self.batch_size} is more; expected at most {records}, or the "
                "sampler full"
            )
        return too_many(records)
