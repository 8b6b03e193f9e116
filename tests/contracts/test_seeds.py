from itertools import product

import numpy as np
import pytest

from optframe.contracts.seeds import AXES, SamplerSeeds, Seeds


def first(generator):
    return int(generator.integers(2**63))


def test_the_axes_are_named():
    assert AXES == ("instance", "start", "sampler", "noise", "optimizer")
    with pytest.raises(ValueError, match="not in tuple"):
        Seeds(0, 0).generator("weather")


def test_a_generator_is_the_same_whenever_it_is_made():
    for axis in AXES:
        a, b = (Seeds(7, 3).generator(axis, 11) for _ in range(2))
        np.testing.assert_array_equal(a.random(10), b.random(10))


def test_every_study_index_axis_and_place_has_a_stream_of_its_own():
    paths = [(), (0,), (1,), (2,), (0, 0), (0, 1), (1, 0)]
    found = {
        first(Seeds(study, index).generator(axis, *path))
        for study, index, axis, path in product(range(4), range(4), AXES, paths)
    }
    assert len(found) == 4 * 4 * len(AXES) * len(paths)


def test_drawing_from_one_axis_leaves_the_others_alone():
    """All optimizers see the same batches, however much one of them draws."""
    seeds = Seeds(0, 0)
    expected = first(Seeds(0, 0).generator("sampler", 5))
    seeds.generator("optimizer", 5).random(1000)
    seeds.generator("sampler", 4).random(1000)
    assert first(seeds.generator("sampler", 5)) == expected


def test_seed_zero_is_a_seed_like_any_other():
    assert first(Seeds(0, 0).generator("start")) == first(Seeds(0, 0).generator("start"))
    assert first(Seeds(0, 0).generator("start")) != first(Seeds(0, 1).generator("start"))
    assert first(Seeds(0, 1).generator("start")) != first(Seeds(1, 0).generator("start"))


def test_the_streams_are_those_of_numpys_seed_sequence():
    """So that a run can be rebuilt without this package."""
    sequence = np.random.SeedSequence(42, spawn_key=(2, 5, 9))
    expected = np.random.default_rng(sequence).random(5)
    np.testing.assert_array_equal(Seeds(42, 5).generator("sampler", 9).random(5), expected)


def test_neighbouring_streams_are_not_correlated():
    draws = np.array(
        [
            Seeds(0, index).generator(axis).standard_normal(2000)
            for index in range(8)
            for axis in AXES
        ]
    )
    correlations = np.corrcoef(draws)[np.triu_indices(len(draws), 1)]
    # 780 pairs of standard deviation 1/√2000; five of them is one in two thousand.
    assert abs(correlations).max() < 5 / np.sqrt(2000)
    assert correlations.std() == pytest.approx(1 / np.sqrt(2000), rel=0.15)


def test_a_study_seed_may_be_large():
    assert first(Seeds(2**100, 0).generator("start")) != first(Seeds(2**101, 0).generator("start"))


def test_the_derived_number_fits_a_database_and_stands_for_one_trial():
    derived = {Seeds(study, index).derived() for study in range(30) for index in range(30)}
    assert len(derived) == 900
    assert all(0 <= number < 2**63 for number in derived)
    assert Seeds(3, 4).derived() == Seeds(3, 4).derived()


def test_the_samplers_seeds_are_one_generator_per_epoch():
    seeds = Seeds(1, 2)
    for epoch in (0, 1, 7):
        ours, expected = SamplerSeeds(seeds).generator(epoch), seeds.generator("sampler", epoch)
        np.testing.assert_array_equal(ours.random(5), expected.random(5))
