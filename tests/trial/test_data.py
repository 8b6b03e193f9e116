"""What the steps of a run on data see, and how they are counted."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import PluginError
from optframe.contracts import Sampler
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.contracts.trial import Checkpoints
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled

EVERY = {"every_steps": 1}


def batches_by_hand(sampler, epochs, seed):
    seeds = SamplerSeeds(Seeds(seed, 0))
    return [np.arange(10.0)[b] for e in range(epochs) for b in sampler.epoch(e, 10, seeds)]


def test_each_step_sees_the_samplers_batch_of_its_epoch(squares):
    sampler = Shuffled(batch_size=4)
    found = optframe.minimize(
        squares(), SGD(lr=0.1), epochs=3, sampler=sampler, seed=5, iterates=True, checkpoints=EVERY
    )
    theta = np.array([20.0])
    batches = batches_by_hand(sampler, 3, 5)
    assert found.iterates.shape == (10, 1)
    for k, batch in enumerate(batches):
        theta = theta - 0.1 * (theta - batch.mean())
        np.testing.assert_array_equal(found.iterates[k + 1], theta)
    curve = found.curve
    assert curve["samples"].tolist() == [0, 4, 8, 10, 14, 18, 20, 24, 28, 30]
    np.testing.assert_allclose(curve["epoch"], np.arange(10) / 3)
    assert found.counts.samples == 30


@pytest.mark.parametrize(
    ("epochs", "size", "steps"),
    [
        (1e-300, 4, 1),
        (0.5, 4, 2),
        (1, 4, 3),
        (1.1, 4, 4),
        (2, 4, 6),
        (2.2, 2, 11),
    ],  # 2.2 * 5 is 11.000000000000002
)
def test_a_part_of_an_epoch_is_rounded_up_to_a_step(epochs, size, steps, squares):
    found = optframe.minimize(squares(), SGD(), epochs=epochs, sampler=Shuffled(batch_size=size))
    assert found.curve["step"].iloc[-1] == steps
    assert found.status == "finished"


def test_noise_is_another_one_at_each_step_and_the_same_for_the_same_seed(squares):
    def noise(seed, optimizer):
        problem = squares(noisy=True)
        optframe.minimize(problem, optimizer, steps=6, seed=seed, sampler="full")
        return [shift for _, shift in problem.seen[2:]]  # after the untimed step and init

    shifts = noise(0, SGD())
    assert len(shifts) == 6
    assert len(set(shifts)) == 6
    assert noise(0, Adam()) == shifts
    assert noise(1, SGD()) != shifts


def test_a_problem_with_noise_and_no_data_has_no_epochs(squares):
    problem = squares(noisy=True, counted=False)
    found = optframe.minimize(problem, SGD(lr=0.1), steps=4)
    assert found.curve["epoch"].isna().all()
    assert found.counts.samples == 0
    with pytest.raises(
        optframe.UsageError,
        match="found epochs, but Squares has no data; give it a budget of steps",
    ):
        optframe.minimize(problem, SGD(), epochs=1)


def test_a_target_on_data_is_found_at_the_step_that_reaches_it(run_of, squares):
    losses = [np.mean((4.5 + 15.5 * 0.9**k - np.arange(10)) ** 2) / 2 for k in range(200)]
    reached = next(k for k, loss in enumerate(losses) if loss <= 5.0)
    assert reached % 7
    fields = {"sampler": optframe.make("full"), "checkpoints": Checkpoints(every_steps=200)}
    budget = {"steps": 200, "target": 5.0, "target_every": 7}
    run = run_of(squares(), SGD(lr=0.1), budget=budget, **fields)
    assert run.status == "converged"
    assert run.k == reached
    assert run.counts.gradients == reached
    np.testing.assert_allclose(run.rows[-1][run.columns.index("loss")], losses[reached])


def test_a_metric_that_is_better_higher_is_reached_from_below(squares):
    settings = {"steps": 100, "sampler": "full", "checkpoints": EVERY}
    found = optframe.minimize(squares(), SGD(lr=0.1), target={"test_accuracy": 0.03}, **settings)
    accuracy = 1 / (1 + (4.5 + 15.5 * 0.9 ** np.arange(101)) ** 2)
    assert found.status == "converged"
    assert found.curve["step"].iloc[-1] == np.argmax(accuracy >= 0.03)
    assert found.reason.startswith("test_accuracy 0.03")


@pytest.mark.parametrize(
    ("promised", "batches", "message"),
    [
        (3, [slice(0, 5)], "epoch returned 1 minibatches; expected 3"),
        (0, [], "is 0; expected at least 1"),
    ],
)
def test_a_sampler_that_does_not_keep_its_number_of_minibatches_is_refused(
    promised, batches, message, squares
):
    @dataclass(frozen=True)
    class Short(Sampler):
        def steps_per_epoch(self, records):
            return promised

        def epoch(self, epoch, records, seeds):
            return batches

    with pytest.raises(PluginError, match=message):
        optframe.minimize(squares(), SGD(lr=0.1), steps=5, sampler=Short())
