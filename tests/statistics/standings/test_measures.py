"""What the judged numbers are called, and when nothing depends on a seed."""

import dataclasses

import numpy as np
import pytest

import optframe
from optframe.cli.summary import print_summary
from optframe.statistics.standings import standings
from optframe_reports.tables.of_problem import tables_of_problems


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    study = optframe.Study(
        name="measures",
        optimizers=["sgd:lr=0.1", "adam:lr=0.01"],
        problems=["softmax:data=digits"],
        samplers=["shuffled:batch_size=64"],
        budget={"steps": 20},
        seeds=6,
    )
    return optframe.run(study, tmp_path_factory.mktemp("measures") / "out")


def test_an_accuracy_is_judged_by_its_error_and_called_so(results, capsys):
    from rich.console import Console

    judged = results.judged_by(metric="test_accuracy")
    found = judged.standings()
    assert found.measure == "error (1 − test accuracy)"
    assert " the error (1 − test accuracy) of " in found.headline[1]
    (table,) = tables_of_problems(found)
    for row in table.rows:
        own = results.trials[results.trials["optimizer"] == row["optimizer"]]
        errors = 1 - own["test_accuracy"].to_numpy()
        assert row.values["mean error (1 − test accuracy)"] == pytest.approx(
            np.exp(np.log(errors).mean())
        )
        assert row.values["median test accuracy"] == own["test_accuracy"].median()
    print_summary(judged, Console(width=200))
    assert "mean error (1 − test accuracy)" in capsys.readouterr().out


def test_a_loss_below_zero_is_judged_by_what_is_above_the_best_seen(results):
    trials = results.trials.assign(minimum=np.nan, validation_loss=np.nan)
    trials["loss"] = trials["loss"] - 5
    found = standings(trials)
    assert found.measure == "loss − the best seen"
    assert " the loss − the best seen of " in found.headline[1]
    best = found.runs["value"].min()
    spread = trials["loss"].max() - trials["loss"].min()
    assert best == pytest.approx(1e-3 * spread)


def test_one_judged_seed_of_six_planned_ones_does_depend_on_the_seed(results):
    trials = results.trials
    some = trials.assign(status=trials["status"].where(trials["seed"] == 0, "skipped"))
    found = standings(some, seeds=6)
    assert found.claim == "leads"
    planned = dataclasses.replace(found, trials=trials[trials["seed"] == 0])
    assert planned.claim == "fixed"
