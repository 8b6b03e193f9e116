from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import Sampler
from optframe.contracts.seeds import Seeds
from optframe.errors import PluginError
from optframe.trial.minibatches import Minibatches


class Asked(Sequence):
    """Minibatches that keep which of them were asked for."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.positions = []

    def __len__(self):
        return 4

    def __getitem__(self, position):
        self.positions.append(position)
        return slice(3 * position, 3 * position + 3)


@dataclass(frozen=True)
class Lazy(Sampler):
    made = []  # noqa: RUF012

    def steps_per_epoch(self, records):
        return 4

    def epoch(self, epoch, records, seeds):
        self.made.append(Asked(epoch))
        return self.made[-1]


@pytest.fixture
def shown(squares):
    def shown(sampler, steps):
        batches = Minibatches(squares(), sampler, Seeds(0, 0))
        drawn = [batches.draw(k) for k in steps]
        return batches, [size for _, size in drawn], [batch.tolist() for batch, _ in drawn]

    return shown


def test_a_lazy_sequence_is_asked_only_for_the_minibatches_that_are_shown(shown):
    Lazy.made.clear()
    _, sizes, found = shown(Lazy(), [1, 3, 4, 2])
    assert sizes == [3, 1, 3, 3]
    assert found == [[3, 4, 5], [9], [0, 1, 2], [6, 7, 8]]
    assert [(asked.epoch, asked.positions) for asked in Lazy.made] == [
        (0, [1, 3]),
        (1, [0]),
        (0, [2]),
    ]


@dataclass(frozen=True)
class Rows(Sampler):
    answer: object

    def steps_per_epoch(self, records):
        return 2

    def epoch(self, epoch, records, seeds):
        return self.answer


@pytest.mark.parametrize(
    ("answer", "second"),
    [
        ([np.array([1, 2]), np.array([4])], [4]),
        ((np.array([1, 2]), np.array([4])), [4]),
        ([slice(1, 3), slice(4, 5)], [4]),
        (np.array([[1, 2], [3, 4]]), [3, 4]),
    ],
)
def test_lists_tuples_and_rows_of_arrays_and_slices_are_minibatches(answer, second, shown):
    _, sizes, found = shown(Rows(answer), [0, 1, 2])
    assert sizes == [2, len(second), 2]
    assert found == [[1, 2], second, [1, 2]]


def test_a_sampler_without_end_never_ends_and_a_finite_one_after_its_epochs(shown, squares):
    @dataclass(frozen=True)
    class Twice(Rows):
        epochs = 2

    answer = [slice(0, 5), slice(5, 10)]
    assert shown(Rows(answer), [])[0].end is None
    assert shown(Twice(answer), [])[0].end == 4
    found = optframe.minimize(squares(), "sgd", sampler=Twice(answer), steps=10)
    assert (found.status, found.reason) == ("stopped", "the stream ended after 20 records")


@dataclass(frozen=True)
class Reusing(Sampler):
    """Two minibatches of two records, each from the array of the one before."""

    form: str = "generator"

    def steps_per_epoch(self, records):
        return 2

    def epoch(self, epoch, records, seeds):
        buffer = np.empty(2, int)

        def fill(position):
            buffer[:] = (2 * position, 2 * position + 1)
            return buffer

        if self.form == "generator":
            return (fill(position) for position in range(2))

        class Filled(Sequence):
            def __len__(self):
                return 2

            def __getitem__(self, position):
                return fill(position)

        return Filled()


@pytest.mark.parametrize("form", ["generator", "sequence"])
def test_a_sampler_may_fill_its_array_again(squares, form):
    batches = Minibatches(squares(), Reusing(form), Seeds(0, 0))
    first, _ = batches.indices(0)
    second, _ = batches.indices(1)
    assert (first.tolist(), second.tolist()) == ([0, 1], [2, 3])


@dataclass(frozen=True)
class Returning(Sampler):
    minibatch: object = None

    def steps_per_epoch(self, records):
        return 1

    def epoch(self, epoch, records, seeds):
        return [self.minibatch]


@pytest.mark.parametrize(
    ("minibatch", "found"),
    [
        ([0, 1], "list"),
        (np.array([True, False]), r"bool \(2,\)"),
        (np.array([0.0, 1.0]), r"float64 \(2,\)"),
        (np.array([[0, 1]]), r"int64 \(1, 2\)"),
        (np.array([], int), r"int64 \(0,\)"),
        (np.array([0, -1]), r"int64 \(2,\) with -1"),
        (np.array([0, 10]), r"int64 \(2,\) with 10"),
        (None, "NoneType"),
    ],
)
def test_a_minibatch_that_is_none_is_named(squares, minibatch, found):
    batches = Minibatches(squares(), Returning(minibatch), Seeds(0, 0))
    expected = r"expected a slice, or a NumPy array of whole numbers from 0 to 9, shape \(B,\)"
    line = rf"Returning.epoch returned a minibatch of {found}; {expected}"
    with pytest.raises(PluginError, match=f"^{line}$"):
        batches.indices(0)
