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


def test_every_study_index_axis_and_place_has_a_stream_of_its_own():
    paths = [(), (0,), (1,), (2,), (0, 0), (0, 1), (1, 0)]
    found = {
        first(Seeds(study, index).generator(axis, *path))
        for study, index, axis, path in product(range(4), range(4), AXES, paths)
    }
    assert len(found) == 4 * 4 * len(AXES) * len(paths)


def test_no_stream_of_tuning_is_one_of_judged_runs_or_of_another_repetition():
    paths = [(), (0,), (1,), (0, 0), (3, 1)]
    stages = (None, 0, 1, 2, 16)
    found = {
        first(Seeds(study, index, tuning).generator(axis, *path))
        for study, index, tuning, axis, path in product(range(3), range(3), stages, AXES, paths)
    }
    assert len(found) == 3 * 3 * len(stages) * len(AXES) * len(paths)


@pytest.mark.parametrize("tuning", [0, 3])
def test_the_streams_of_tuning_are_those_of_numpys_seed_sequence(tuning):
    for (number, axis), path in product(enumerate(AXES), [(), (9,), (3, 4)]):
        sequence = np.random.SeedSequence(5, spawn_key=(16 + number, tuning, 2, *path))
        expected = np.random.default_rng(sequence).random(5)
        found = Seeds(5, 2, tuning).generator(axis, *path).random(5)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("study", [0, 42, 2**100])
@pytest.mark.parametrize("index", [0, 5])
def test_the_streams_are_those_of_numpys_seed_sequence(study, index):
    """So that a run can be rebuilt without this package, and however much another one draws."""
    seeds = Seeds(study, index)
    for (number, axis), path in product([*enumerate(AXES)] * 2, [(), (9,), (3, 4)]):
        sequence = np.random.SeedSequence(study, spawn_key=(number, index, *path))
        expected = np.random.default_rng(sequence).random(5)
        np.testing.assert_array_equal(seeds.generator(axis, *path).random(5), expected)


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
