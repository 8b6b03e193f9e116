from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optframe
from optframe import StochasticProblem, Study, load_plugins
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe_plugins.samplers.sequential import Sequential
from optframe_plugins.samplers.stream import Stream

ENDLESS = 10**12


def seeds(study=0, index=0):
    return SamplerSeeds(Seeds(study, index))


@given(records=st.integers(1, 60), size=st.integers(1, 60), drop_last=st.booleans(), data=st.data())
def test_it_sees_the_records_in_their_order_once(records, size, drop_last, data):
    size = min(size, records)
    found = Stream(size, drop_last).epoch(0, records, seeds())
    expected = Sequential(size, drop_last).epoch(0, records, seeds())
    assert list(found) == expected
    assert len(found) == Stream(size, drop_last).steps_per_epoch(records) == len(expected)
    part = slice(*data.draw(st.tuples(*[st.integers(-70, 70)] * 2, st.sampled_from([1, 3, -2]))))
    assert found[part] == expected[part]
    assert found[-1] == expected[-1]
    for beyond in (len(found), -len(found) - 1):
        with pytest.raises(IndexError):
            found[beyond]


def test_it_is_one_pass_whatever_the_seed():
    assert Stream.epochs == 1
    assert Stream.deterministic
    assert not Stream.whole
    assert Stream(4).epoch(0, 10, seeds(3, 5)) == Stream(4).epoch(0, 10, seeds())


def test_so_many_records_that_no_list_could_hold_their_minibatches():
    found = Stream(7).epoch(0, ENDLESS, seeds())
    assert len(found) == -(-ENDLESS // 7)
    assert found[10**11] == slice(7 * 10**11, 7 * 10**11 + 7)
    assert found[-1] == slice(ENDLESS - ENDLESS % 7, ENDLESS)


@dataclass(frozen=True)
class Source(StochasticProblem):
    """½(θ − x)² of records xᵢ = i + 1, which exist only while a step sees them."""

    records: int = 1437
    size = 1

    def start(self, random):
        return [0.0]

    def draw(self, indices, random):
        rows = range(self.records)[indices]
        return self.asarray(np.arange(rows.start, rows.stop) + 1.0)

    def loss(self, theta, batch):
        return 0.5 * ((theta - batch) ** 2).mean(axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean()

    def metrics(self, theta):
        return {"loss": 0 * theta[..., 0]}


def run(sampler, records=1437, lr=1.0, **budget):
    """With the rate 1, θ is the mean of the last minibatch."""
    return optframe.minimize(Source(records), f"sgd:lr={lr}", sampler=sampler, **budget)


@pytest.mark.parametrize("budget", [{"epochs": 5}, {"steps": 900}, {"gradients": 900}])
def test_the_run_ends_with_the_stream_the_last_short_minibatch_included(budget):
    found = run(Stream(32), **budget)
    assert found.status == "stopped"
    assert found.reason == "the stream ended after 1437 records"
    assert found.counts.samples == 1437
    assert found.counts.gradients == 45
    assert found.theta[0] == pytest.approx(np.arange(1409, 1438).mean(), rel=1e-14)
    assert found.curve["step"].iloc[-1] == 45
    assert found.curve["epoch"].iloc[-1] == 1


def test_a_last_short_minibatch_can_be_left_out():
    found = run(Stream(32, drop_last=True), epochs=2)
    assert found.reason == "the stream ended after 1408 records"
    assert found.theta[0] == pytest.approx(np.arange(1377, 1409).mean(), rel=1e-14)


@pytest.mark.parametrize("budget", [{"epochs": 1}, {"steps": 45}, {"steps": 20}])
def test_a_budget_that_lasts_no_longer_than_the_stream_is_spent(budget):
    found = run(Stream(32), **budget)
    assert found.status == "finished"
    assert found.curve["step"].iloc[-1] == budget.get("steps", 45)


def test_checkpoints_are_spread_over_the_stream_and_end_with_it():
    steps = run(Stream(32), steps=10**6, checkpoints=8).curve["step"]
    assert steps.tolist() == run(Stream(32), steps=45, checkpoints=8).curve["step"].tolist()
    steps = run(Stream(32), steps=10**6, checkpoints={"every_steps": 20}).curve["step"]
    assert steps.tolist() == [0, 20, 40, 45]
    steps = run(Stream(32), gradients=10**6, checkpoints={"every_steps": 20}).curve["step"]
    assert steps.tolist() == [0, 20, 40, 45]


def test_a_stream_without_end_is_no_list():
    found = run(Stream(1), records=ENDLESS, lr=1.0, steps=1000)
    assert found.theta.tolist() == [1000.0]
    assert found.status == "finished"
    assert found.counts.samples == 1000


def test_a_run_that_diverges_on_its_way_says_so():
    found = run(Stream(1), lr=20.0, epochs=2)
    exact = run(Stream(1), lr=20.0, epochs=2, checkpoints={"every_steps": 1})
    assert found.status == "diverged"
    assert found.reason == exact.reason == f"at step {len(exact.rows) - 1}"


@dataclass(frozen=True)
class Loop(optframe.Solver):
    """A loop of its own that asks until it is told to end."""

    def minimize(self, theta, oracle, report):
        while True:
            theta = theta - oracle.gradient(theta)
            if not report(theta):
                return theta


def test_a_solver_is_told_that_the_stream_ended():
    found = optframe.minimize(Source(), Loop(), sampler=Stream(32), steps=900)
    assert (found.status, found.reason) == ("stopped", "the stream ended after 1437 records")
    assert found.theta[0] == pytest.approx(np.arange(1409, 1438).mean(), rel=1e-14)


def test_it_has_a_name_and_runs_once_in_a_study():
    trials = Study(
        "x", {"epochs": 3}, "sgd", [Source()], samplers=["stream:batch_size=10"], seeds=3
    ).trials(load_plugins())
    assert [trial.sampler.label for trial in trials] == ["stream:batch_size=10"]
    assert optframe.make("stream", batch_size=5) == Stream(5)
