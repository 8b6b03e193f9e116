"""Checks of a sampler's contract and statistics."""

from __future__ import annotations

import itertools
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.contracts import Sampler
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.testing import shared
from optframe.testing.kit import Checks, NotApplicable, Suite, check, require
from optframe.testing.making import made

__all__ = ["check_sampler"]

EPOCHS = 4
DRAWS = 4000
SIGMAS = 6.0
"""How many standard errors a statistic may differ; about 2 in 10⁹ correct ones differ by more."""


def check_sampler(sampler: Sampler | type, *, seed: int | None = 0, strict: bool = False) -> Checks:
    """Return the checks of a sampler.

    Arguments, ``known_failures`` and exceptions are as for `check_optimizer`.
    """
    component = made(sampler, "samplers", "check_sampler")
    suite = Suite((sys.modules[__name__],), least=7)
    return Checks(suite, component, lambda random: Subject(component, random), seed, strict)


@dataclass(frozen=True)
class Subject:
    """The subject of a check: the sampler, and a random generator for the check."""

    component: Sampler
    random: np.random.Generator

    def sampler(self, records: int) -> Sampler:
        """Return the sampler for n records, in subjects of five records and three classes."""
        labels = {"subject": np.arange(records) // 5, "class": np.arange(records) * 7 % 3}
        return self.component.bind(labels.get)

    def sizes(self) -> list[int]:
        """Return the numbers of records to check, of those that it accepts; one is a prime."""
        tried = itertools.chain((97, 120), (10**k + 9 for k in range(2, 6)))
        fit = [n for n in tried if self.sampler(n).mistake(n) is None][:2]
        if not fit:
            raise NotApplicable("it accepts none of the numbers of records, up to 100,009")
        return fit

    def epoch(self, epoch: int, records: int, seed: int = 0) -> list[Any]:
        """Return the minibatches of an epoch, each as an array of indices."""
        batches = self.sampler(records).epoch(epoch, records, SamplerSeeds(Seeds(seed, 0)))
        rows = np.arange(records)
        return [rows[batch] if isinstance(batch, slice) else np.asarray(batch) for batch in batches]

    def epochs(self) -> range:
        """Return the epochs to check, at most as many as it has."""
        return range(EPOCHS if self.component.epochs is None else self.component.epochs)


@check(since=1)
def keeps_its_number_of_minibatches(subject: Subject) -> None:
    """`epoch` returns `steps_per_epoch` minibatches, at least one."""
    for records in subject.sizes():
        expected = subject.sampler(records).steps_per_epoch(records)
        require(
            isinstance(expected, int) and expected >= 1,
            f"steps_per_epoch({records}) is {expected!r}",
        )
        for epoch in subject.epochs():
            batches = subject.sampler(records).epoch(epoch, records, SamplerSeeds(Seeds(0, 0)))
            require(isinstance(batches, Sequence), f"epoch returns a {type(batches).__name__}")
            require(
                len(batches) == expected,
                f"epoch {epoch} has {len(batches)} minibatches, steps_per_epoch returns {expected}",
            )


@check(since=1)
def indices_are_records(subject: Subject) -> None:
    """Every minibatch is a slice or an array of whole numbers in [0, n), and not empty."""
    for records in subject.sizes():
        for epoch in subject.epochs():
            for batch in subject.epoch(epoch, records):
                require(batch.ndim == 1, f"a minibatch has shape {batch.shape}")
                require(batch.dtype.kind in "iu", f"a minibatch is of {batch.dtype}")
                require(batch.size, "a minibatch is empty")
                inside = batch.min() >= 0 and batch.max() < records
                require(inside, f"it returns the index {batch.max()} for {records} records")


@check(since=1)
def depends_on_seed_and_epoch_alone(subject: Subject) -> None:
    """An epoch does not depend on when and in which order it is requested, nor on pickling."""
    for records in subject.sizes():
        first = {epoch: subject.epoch(epoch, records) for epoch in subject.epochs()}
        restored = Subject(pickle.loads(pickle.dumps(subject.component)), subject.random)
        np.random.seed(int(subject.random.integers(2**31)))
        for epoch in reversed(subject.epochs()):
            same = _equal(restored.epoch(epoch, records), first[epoch])
            require(same, f"epoch {epoch} differs when it is requested again")


@check(since=1)
def says_whether_it_draws(subject: Subject) -> None:
    """Its ``deterministic`` is true if and only if neither seed nor epoch matters."""
    records = subject.sizes()[0]
    first = subject.epoch(0, records)
    others = [subject.epoch(epoch, records) for epoch in subject.epochs()]
    others += [subject.epoch(0, records, seed) for seed in range(1, 5)]
    fixed = all(_equal(other, first) for other in others)
    words = "do not differ" if fixed else "differ"
    declared = subject.component.deterministic
    require(
        fixed == declared,
        f"it declares deterministic = {declared}, but its minibatches {words} between seeds and "
        "epochs",
    )


@check(since=1)
def sees_everything_where_it_says_so(subject: Subject) -> None:
    """If it declares whole = True, every minibatch has all records."""
    for records in subject.sizes():
        batches = subject.epoch(0, records)
        whole = all(np.array_equal(np.sort(batch), np.arange(records)) for batch in batches)
        require(
            whole == subject.component.whole,
            f"it declares whole = {subject.component.whole}, but its minibatches of {records} "
            f"records {'all have' if whole else 'do not all have'} every record",
        )


@check(since=1)
def visits_each_record_once(subject: Subject) -> None:
    """Without replacement, an epoch has every record once, except those of a dropped last batch."""
    if subject.component.replacement:
        raise NotApplicable("it declares replacement = True")
    for records in subject.sizes():
        for epoch in subject.epochs():
            batches = subject.epoch(epoch, records)
            counts = np.bincount(np.concatenate(batches), minlength=records)
            require(counts.max() <= 1, f"epoch {epoch} has record {counts.argmax()} twice")
            left = int((counts == 0).sum())
            largest = max(batch.size for batch in batches)
            require(left < largest, f"epoch {epoch} leaves out {left} of {records} records")


@check(since=1)
def visits_all_records_alike(subject: Subject) -> None:
    """With replacement, all records are equally frequent: chi-square over many epochs."""
    if not subject.component.replacement:
        raise NotApplicable("it declares replacement = False")
    records = subject.sizes()[0]
    counts = np.zeros(records)
    for seed in range(DRAWS // 20):
        counts += np.bincount(np.concatenate(subject.epoch(0, records, seed)), minlength=records)
    expected = counts.sum() / records
    # Records drawn without replacement within a batch vary less than independent ones.
    chi_square = ((counts - expected) ** 2).sum() / expected
    limit = records - 1 + SIGMAS * np.sqrt(2 * (records - 1))
    rare, usual = int(counts.argmin()), np.sqrt(expected)
    require(
        counts.min() >= expected - SIGMAS * usual,
        f"record {rare} was drawn {counts[rare]:.0f} times, expected {expected:.0f}",
    )
    require(
        chi_square <= limit,
        f"records are not equally frequent: chi-square {chi_square:.1f} with {records - 1} degrees "
        f"of freedom (at most {limit:.1f})",
    )


@check(since=1)
def minibatch_means_vary_as_declared(subject: Subject) -> None:
    """The variance of a minibatch's mean over seeds is σ² times `variance`."""
    records = subject.sizes()[0]
    factor = subject.sampler(records).variance(records)
    if factor is None:
        raise NotApplicable("it declares no variance, which depends on the data")
    values = subject.random.standard_normal(records)
    values = (values - values.mean()) / values.std()
    means = np.array([values[subject.epoch(0, records, seed)[0]].mean() for seed in range(DRAWS)])
    found = float((means**2).mean())
    allowed = SIGMAS * factor * np.sqrt(2 / DRAWS) + 1e-24
    require(
        abs(found - factor) <= allowed,
        f"the variance of a minibatch's mean is {found:.4g} σ² over {DRAWS} seeds, "
        f"`variance` returns {factor:.4g} σ²",
    )


imports_nothing_heavy = shared.imports_nothing_heavy
spaces_fit_their_fields = shared.spaces_fit_their_fields


def _equal(found: list[Any], expected: list[Any]) -> bool:
    return len(found) == len(expected) and all(map(np.array_equal, found, expected))
