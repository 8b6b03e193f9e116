from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import PluginError, Sampler, StochasticProblem
from optframe.contracts.seeds import Seeds
from optframe.trial.minibatches import Minibatches


@dataclass(frozen=True)
class Numbers(StochasticProblem):
    """A batch is the numbers of its records."""

    records = 10
    size = 1

    def start(self, random):
        return [0.0]

    def draw(self, indices, random):
        return np.arange(10)[indices]

    def loss(self, theta, batch):
        return 0 * theta[..., 0]

    def gradient(self, theta, batch):
        return 0 * theta

    def metrics(self, theta):
        return {"loss": 0 * theta[..., 0]}


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


def shown(sampler, steps):
    problem = Numbers()
    batches = Minibatches(problem, sampler, Seeds(0, 0))
    sizes = []
    found = []
    for k in steps:
        batch, size = batches.draw(k)
        sizes.append(size)
        found.append(batch.tolist())
    return batches, sizes, found


def test_a_lazy_sequence_is_asked_only_for_the_minibatches_that_are_shown():
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
    "answer",
    [
        [np.array([1, 2]), np.array([4])],
        (np.array([1, 2]), np.array([4])),
        [slice(1, 3), slice(4, 5)],
    ],
)
def test_lists_and_tuples_of_arrays_and_slices_are_minibatches(answer):
    _, sizes, found = shown(Rows(answer), [0, 1, 2])
    assert sizes == [2, 1, 2]
    assert found == [[1, 2], [4], [1, 2]]


def test_the_rows_of_one_array_are_minibatches():
    _, sizes, found = shown(Rows(np.array([[1, 2], [3, 4]])), [0, 1])
    assert sizes == [2, 2]
    assert found == [[1, 2], [3, 4]]


def test_a_sampler_without_end_never_ends_and_a_finite_one_after_its_epochs():
    @dataclass(frozen=True)
    class Twice(Rows):
        epochs = 2

    answer = [slice(0, 5), slice(5, 10)]
    assert shown(Rows(answer), [])[0].end is None
    assert shown(Twice(answer), [])[0].end == 4
    found = optframe.minimize(Numbers(), "sgd", sampler=Twice(answer), steps=10)
    assert (found.status, found.reason) == ("stopped", "the stream ended after 20 records")


def test_a_sampler_that_shows_fewer_minibatches_than_it_says_is_refused():
    with pytest.raises(PluginError, match=r"Rows.epoch returned 1 minibatches; expected 2"):
        shown(Rows([slice(0, 5)]), [0])
