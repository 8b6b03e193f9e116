import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import optframe
from optframe import (
    Dataset,
    DatasetLoader,
    Part,
    Setting,
    StochasticProblem,
    Study,
    UsageError,
    load_plugins,
)
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.samplers.grouped import Grouped
from optframe_problems.learning import LearningProblem

labels = st.integers(1, 60).flatmap(
    lambda records: arrays(np.int64, records, elements=st.integers(-3, 8))
)
many = settings(max_examples=200, deadline=None)


def bound(groups, size, how, by="subject"):
    return Grouped(size, by, how).bind({by: groups}.get)


def epoch(sampler, number=0, study=0, index=0):
    return sampler.epoch(number, len(sampler.groups), SamplerSeeds(Seeds(study, index)))


def counts(batch, groups):
    return np.bincount(groups[batch], minlength=groups.max() + 1)


@pytest.mark.parametrize("how", ["whole", "stratified"])
@many
@given(groups=labels, size=st.integers(1, 60), number=st.integers(0, 5), study=st.integers(0, 99))
def test_an_epoch_has_every_record_once(how, groups, size, number, study):
    sampler = bound(groups, size, how)
    batches = epoch(sampler, number, study)
    assert sorted(np.concatenate(batches)) == list(range(len(groups)))
    assert len(batches) == sampler.steps_per_epoch(len(groups))
    assert all(len(batch) and batch.dtype == np.intp for batch in batches)


@many
@given(groups=labels, size=st.integers(1, 60), study=st.integers(0, 99))
def test_stratified_minibatches_have_their_share_of_every_group_but_for_less_than_one(
    groups, size, study
):
    batches = epoch(bound(groups, size, "stratified"), 0, study)
    steps = -(-len(groups) // size)
    assert len(batches) == steps
    of_group = np.unique(groups, return_inverse=True)[1]
    shares = np.bincount(of_group) / steps
    for batch in batches:
        assert len(batch) <= size
        assert abs(len(batch) - len(groups) / steps) < 1
        assert (abs(counts(batch, of_group)[: len(shares)] - shares) < 1).all()


def fewest_by_first_fit(sizes, capacity):
    """First-fit decreasing, group by group."""
    room = []
    for size in sorted(sizes, reverse=True):
        for place, left in enumerate(room):
            if size <= left:
                room[place] -= size
                break
        else:
            room.append(capacity - size)
    return len(room)


@many
@given(groups=labels, size=st.integers(1, 60), study=st.integers(0, 99))
def test_whole_groups_stay_together_in_minibatches_that_first_fit_decreasing_fills(
    groups, size, study
):
    batches = epoch(bound(groups, size, "whole"), 0, study)
    found = [set(groups[batch]) for batch in batches]
    assert sum(map(len, found)) == len(set(groups))
    for batch, held in zip(batches, found, strict=True):
        assert len(batch) <= size or len(held) == 1
    sizes = np.unique(groups, return_counts=True)[1]
    assert len(batches) == fewest_by_first_fit(sizes, size)


def test_groups_of_one_size_are_partners_of_any_other_in_any_minibatch(random):
    """40 subjects of 5 records, 4 to a minibatch: χ² over who is seen with subject 0, and when."""
    groups = random.permutation(np.repeat(np.arange(40), 5))
    partners, when = np.zeros(40, int), np.zeros(10, int)
    sampler, study = bound(groups, 20, "whole"), int(random.integers(2**32))
    for number in range(3000):
        batches = epoch(sampler, number, study)
        position = next(i for i, batch in enumerate(batches) if 0 in groups[batch])
        when[position] += 1
        partners += counts(batches[position], groups) // 5
    assert partners[0] == 3000
    assert stats.chisquare(when).pvalue > 1e-5
    # Three different partners in each epoch: their variance is 36/38 of three free draws'.
    statistic = ((partners[1:] - 3000 * 3 / 39) ** 2).sum() / (3000 * 3 / 39)
    assert 1e-5 < stats.chi2.sf(statistic * 38 / 36, 38) < 1 - 1e-5


def test_stratified_records_are_in_every_minibatch_with_the_same_chance(random):
    groups = random.permutation(np.repeat([0, 1, 2, 3], [3, 7, 9, 11]))
    seen, study = np.zeros((30, 5), int), int(random.integers(2**32))
    sampler = bound(groups, 6, "stratified")
    for number in range(4000):
        for position, batch in enumerate(epoch(sampler, number, study)):
            seen[batch, position] += 1
    statistic = ((seen - 800) ** 2).sum(axis=1) / 800  # 4 degrees of freedom for each record
    assert stats.chi2.sf(statistic, 4).min() > 1e-5 / 30


def within(values, groups, steps):
    """The variance of a stratified mean (Cochran, theorem 5.3)."""
    total = 0.0
    for group in np.unique(groups):
        x = values[groups == group]
        size = len(x) // steps
        total += (len(x) / len(values)) ** 2 * x.var(ddof=1) / size * (1 - size / len(x))
    return total


def test_the_mean_of_a_stratified_minibatch_varies_as_the_groups_do_within(random):
    groups = random.permutation(np.repeat([0, 1, 2], [10, 20, 30]))
    values = np.array([-4.0, 0.0, 3.0])[groups] + random.standard_normal(60)
    study, epochs, sampler = int(random.integers(2**32)), 4000, bound(groups, 12, "stratified")
    means = np.array([values[epoch(sampler, number, study)[0]].mean() for number in range(epochs)])
    expected = within(values, groups, 5)
    # The sample variance of n means has the relative error √((kurtosis − 1)/n).
    error = np.sqrt((stats.kurtosis(means, fisher=False) - 1) / epochs)
    assert ((means - values.mean()) ** 2).mean() == pytest.approx(expected, rel=5 * error)
    assert means.mean() == pytest.approx(values.mean(), abs=5 * np.sqrt(expected / epochs))
    simple = values.var(ddof=1) / 12 * (1 - 12 / 60)
    assert expected < 0.5 * simple


@pytest.mark.parametrize("how", ["whole", "stratified"])
def test_other_epochs_and_seeds_give_other_orders(random, how):
    groups = random.integers(0, 9, 80)
    sampler = bound(groups, 16, how)
    orders = [epoch(sampler), epoch(sampler, 1), epoch(sampler, 0, 1), epoch(sampler, 0, 0, 1)]
    assert len({tuple(np.concatenate(batches)) for batches in orders}) == 4


@pytest.mark.parametrize("how", ["whole", "stratified"])
def test_groups_may_be_called_anything(random, how):
    numbers = random.integers(0, 5, 40)
    names = np.array(["Ann", "Bob", "Cem", "Dot", "Eve"])[numbers]
    for a, b in zip(epoch(bound(numbers, 8, how)), epoch(bound(names, 8, how)), strict=True):
        np.testing.assert_array_equal(a, b)


def test_binding_changes_no_parameter_and_nothing_of_the_sampler_itself():
    plain = Grouped(8)
    sampler = plain.bind({"subject": np.arange(10)}.get)
    assert plain == sampler
    assert hash(plain) == hash(sampler)
    assert plain.groups is None
    again = pickle.loads(pickle.dumps(sampler))
    assert again == sampler
    np.testing.assert_array_equal(epoch(again)[0], epoch(sampler)[0])


def test_what_is_wrong_with_the_records_is_said():
    groups = np.arange(50) % 3
    assert bound(groups, 50, "whole").mistake(50) is None
    assert bound(groups, 51, "whole").mistake(50) == (
        "batch_size 51 is more; expected at most 50, or the sampler full"
    )
    assert bound(groups, 8, "whole").mistake(51) == "found a subject for 50; expected one for each"
    assert bound(None, 8, "whole", "class").mistake(50) == (
        "their class is not known; choose another value of by, or another sampler"
    )
    with pytest.raises(UsageError, match="the subject of the records is not known; bind"):
        Grouped(8).epoch(0, 50, SamplerSeeds(Seeds(0, 0)))


@dataclass(frozen=True)
class Samples(StochasticProblem):
    """Keeps which subjects each step sees: five records in a row of each."""

    seen = []  # noqa: RUF012
    records = 50
    size = 1

    def groups(self, by):
        return np.repeat(np.arange(10), 5) if by == "subject" else None

    def start(self, random):
        return [0.0]

    def draw(self, indices, random):
        self.seen.append(np.arange(50)[indices] // 5)

    def loss(self, theta, batch):
        return 0 * theta[..., 0]

    def gradient(self, theta, batch):
        return 0 * theta

    def metrics(self, theta):
        return {"loss": 0 * theta[..., 0]}


@pytest.mark.parametrize("how", ["whole", "stratified"])
@pytest.mark.parametrize("started", ["at once", "in a study"])
def test_a_run_asks_its_problem_for_the_groups(how, started, tmp_path):
    Samples.seen.clear()
    if started == "at once":
        optframe.minimize(Samples(), "sgd", sampler=Grouped(10, how=how), steps=5)
    else:
        table = {"name": "grouped", "batch_size": 10, "how": how}
        study = Study("x", {"steps": 5}, "sgd", [Samples()], samplers=[table])
        results = optframe.run(study, tmp_path)
        assert results.trials["status"].tolist() == ["finished"]
    for subjects in Samples.seen[-5:]:
        assert len(set(subjects)) == (2 if how == "whole" else 10)


@dataclass(frozen=True)
class Blood(DatasetLoader):
    """Two classes; the subjects of the records, where they are kept."""

    subjects: bool = True
    classes: int = 2

    def load(self):
        targets = np.arange(30) % max(self.classes, 2)
        who = np.arange(30) // 5 if self.subjects else None
        part = Part(np.random.default_rng(0).standard_normal((30, 2)), targets, who)
        return Dataset("blood", part, part, part, self.classes)


def trials(sampler, data="blood"):
    registry = load_plugins()
    registry.add("datasets", "blood", Blood)
    study = Study("x", {"steps": 2}, "sgd", f"logistic:data={data}", samplers=[sampler])
    return study.trials(registry), registry


@dataclass(frozen=True)
class Bare(LearningProblem):
    """What all problems on a data set share, and nothing else."""

    data: str = "blood"
    size = start = loss = gradient = measure = penalty = None


def groups_of(data):
    setting = Setting(
        NumpyBackend(), "float64", np.random.SeedSequence(0), lambda name: data.load()
    )
    return Bare().bind(setting).groups


def test_learning_problems_know_the_classes_and_subjects_of_their_training_records():
    groups = groups_of(Blood())
    np.testing.assert_array_equal(groups("subject"), np.arange(30) // 5)
    np.testing.assert_array_equal(groups("class"), np.arange(30) % 2)
    assert groups("colour") is None


def test_what_a_data_set_does_not_have_is_not_known():
    assert groups_of(Blood(subjects=False))("subject") is None
    assert groups_of(Blood(classes=0))("class") is None


def test_groups_that_a_problem_does_not_know_are_one_mistake_at_planning():
    with pytest.raises(UsageError) as caught:
        trials("grouped:batch_size=5", "digits")
    assert caught.value.mistakes == (
        "[[sampler]] grouped: logistic:data=digits has 1258 training records; their "
        "subject is not known; choose another value of by, or another sampler",
    )
    with pytest.raises(UsageError, match="training records; their subject is not known"):
        optframe.minimize("logistic", "sgd", sampler=Grouped(5), steps=2)
    assert trials("grouped:batch_size=5,by=class", "digits")[0]


def test_binding_does_not_change_the_trials_key():
    (one,), _ = trials("grouped:batch_size=5")
    again, _ = trials({"name": "grouped", "batch_size": 5, "how": "whole", "by": "subject"})
    assert one.key == again[0].key
    assert one.sampler.values == {"batch_size": 5, "by": "subject", "how": "whole"}
