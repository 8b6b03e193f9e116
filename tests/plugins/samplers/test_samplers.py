import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe_plugins.samplers.full import Full
from optframe_plugins.samplers.sequential import Sequential
from optframe_plugins.samplers.shuffle_once import ShuffleOnce
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_plugins.samplers.simple_random import SimpleRandom
from optframe_plugins.samplers.single import Single
from optframe_plugins.samplers.stream import Stream
from optframe_plugins.samplers.with_replacement import WithReplacement

WITHOUT_REPLACEMENT = [Sequential, Shuffled, ShuffleOnce]
RANDOM = [Shuffled, ShuffleOnce, WithReplacement]


def seeds(study=0, index=0):
    return SamplerSeeds(Seeds(study, index))


def rows(batch, records):
    return np.arange(records)[batch]


def epoch(sampler, number, records, study=0, index=0):
    batches = sampler.epoch(number, records, seeds(study, index))
    return [rows(batch, records) for batch in batches]


@pytest.mark.parametrize("kind", WITHOUT_REPLACEMENT)
@settings(max_examples=100, deadline=None)
@given(
    records=st.integers(1, 60),
    size=st.integers(1, 60),
    number=st.integers(0, 5),
    study=st.integers(0, 2**64),
    drop_last=st.booleans(),
)
def test_an_epoch_without_replacement_sees_every_record_once_but_for_what_is_dropped(
    kind, records, size, number, study, drop_last
):
    size = min(size, records)
    sampler = kind(size, drop_last)
    batches = epoch(sampler, number, records, study)
    rest = [] if drop_last or records % size == 0 else [records % size]
    assert [len(batch) for batch in batches] == [size] * (records // size) + rest
    assert len(batches) == sampler.steps_per_epoch(records)
    seen = np.concatenate(batches)
    assert len(seen) == len(set(seen)) == (records - records % size if drop_last else records)
    assert set(seen) <= set(range(records))


def test_full_shows_everything_at_every_step_without_a_copy():
    assert Full().epoch(3, 50, seeds()) == [slice(0, 50)]
    assert Full().steps_per_epoch(50) == 1
    assert Full().whole
    assert Full().deterministic
    assert Full().mistake(1) is None


def test_sequential_shows_slices_in_the_order_of_the_data():
    sampler = Sequential(batch_size=4)
    expected = [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert sampler.epoch(0, 10, seeds(0)) == sampler.epoch(7, 10, seeds(5)) == expected
    assert Sequential(4, drop_last=True).epoch(0, 10, seeds()) == expected[:2]
    assert sampler.deterministic
    assert not sampler.whole


def test_shuffled_has_another_order_in_every_epoch():
    orders = [np.concatenate(epoch(Shuffled(10), number, 100)) for number in range(20)]
    assert len({tuple(order) for order in orders}) == 20


def test_shuffle_once_has_one_order_which_is_not_the_datas():
    orders = [np.concatenate(epoch(ShuffleOnce(10), number, 100)) for number in range(5)]
    assert len({tuple(order) for order in orders}) == 1
    assert orders[0].tolist() != list(range(100))


@pytest.mark.parametrize("kind", RANDOM)
def test_other_seeds_give_other_batches(kind):
    found = {
        tuple(np.concatenate(epoch(kind(10), 0, 100, study, index)))
        for study in (0, 1)
        for index in range(5)
    }
    assert len(found) == 10


@pytest.mark.parametrize("kind", [Shuffled, ShuffleOnce])
def test_every_record_is_equally_likely_at_every_place(kind):
    """3,000 permutations of 10 records; χ² over the 100 pairs of record and place."""
    permutations = [
        np.concatenate(epoch(kind(3), 0 if kind is ShuffleOnce else index, 10, index=index))
        for index in range(3000)
    ]
    counts = np.stack([np.bincount(column, minlength=10) for column in np.array(permutations).T])
    statistic = ((counts - 300) ** 2 / 300).sum()
    # The table's rows and columns are fixed: 81 degrees of freedom, times n/(n−1) per entry.
    assert stats.chi2.sf(statistic * 9 / 10, 81) > 1e-3
    assert stats.chi2.cdf(statistic * 9 / 10, 81) > 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_draws_with_replacement_are_uniform_and_independent(seed):
    records, sampler = 20, WithReplacement(batch_size=50)
    batches = [epoch(sampler, number, records, seed) for number in range(2000)]
    assert all(len(steps) == 1 for steps in batches)
    drawn = np.array([steps[0] for steps in batches])
    counts = np.bincount(drawn.ravel(), minlength=records)
    assert stats.chisquare(counts).pvalue > 1e-3
    pairs = np.bincount(drawn[:, 0] * records + drawn[:, 1], minlength=records**2)
    assert stats.chisquare(pairs).pvalue > 1e-3


def test_with_replacement_an_epoch_has_as_many_full_minibatches_as_cover_the_data():
    sampler = WithReplacement(batch_size=8)
    assert sampler.steps_per_epoch(50) == 7
    assert [len(batch) for batch in epoch(sampler, 0, 50)] == [8] * 7
    assert WithReplacement(batch_size=80).steps_per_epoch(50) == 1
    assert [len(batch) for batch in epoch(WithReplacement(80), 0, 50)] == [80]


def test_a_simple_random_sample_repeats_no_record_and_draws_each_step_anew():
    batches = epoch(SimpleRandom(8), 3, 20)
    assert [len(set(batch)) for batch in batches] == [8, 8, 8]
    assert len(SimpleRandom(8, drop_last=True).epoch(0, 20, seeds())) == 2
    drawn = np.concatenate([np.concatenate(epoch(SimpleRandom(8), n, 20)) for n in range(500)])
    assert stats.chisquare(np.bincount(drawn, minlength=20)).pvalue > 1e-3
    together = [set(a) & set(b) for a, b, _ in (epoch(SimpleRandom(8), n, 20) for n in range(50))]
    assert any(together)  # without replacement within a step, with replacement between steps


def test_single_sees_every_record_alone_in_a_new_order():
    first, second = epoch(Single(), 0, 30), epoch(Single(), 1, 30)
    assert [len(batch) for batch in first] == [1] * 30 == [1] * Single().steps_per_epoch(30)
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(30))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


@pytest.mark.parametrize("kind", [*WITHOUT_REPLACEMENT, SimpleRandom, Stream])
def test_a_minibatch_larger_than_the_data_is_a_mistake(kind):
    assert kind(batch_size=50).mistake(50) is None
    assert kind(batch_size=51).mistake(50) == (
        "batch_size 51 is more; expected at most 50, or the sampler full"
    )
    assert WithReplacement(batch_size=51).mistake(50) is None


@pytest.mark.parametrize(
    "sampler",
    [Sequential(), ShuffleOnce(), Shuffled(), SimpleRandom(), Single(), WithReplacement()],
    ids=lambda sampler: type(sampler).__name__,
)
def test_an_endless_source_cannot_be_put_into_an_order(sampler):
    assert sampler.mistake(10**6) is None
    assert sampler.mistake(10**12) == (
        "their order does not fit into memory; expected the sampler stream"
    )
