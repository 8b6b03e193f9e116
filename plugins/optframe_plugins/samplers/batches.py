"""What samplers that go through the records in minibatches share."""

from dataclasses import dataclass

from optframe import Count, Sampler

__all__ = ["BatchSampler", "bounds"]


def bounds(records: int, size: int, drop_last: bool) -> list[tuple[int, int]]:
    """Where each minibatch begins and ends; the last one may be short, or is dropped."""
    end = records - records % size if drop_last else records
    return [(first, min(first + size, end)) for first in range(0, end, size)]


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

    batch_size: Count = 32
    drop_last: bool = False

    def steps_per_epoch(self, records: int) -> int:
        """Return n/B, rounded up (down with ``drop_last``)."""
        return len(bounds(records, self.batch_size, self.drop_last))

    def mistake(self, records: int) -> str | None:
        """Say so where a minibatch is larger than the data."""
        if self.batch_size > records:
            return (
                f"batch_size {self.batch_size} is more; expected at most {records}, or the "
                "sampler full"
            )
        return None
