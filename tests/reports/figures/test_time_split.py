"""That a step's time is split into sampling, oracle and update."""

import numpy as np
import pytest

from optframe_reports.figures.time_split import TimeSplit


def add(study, optimizer, *parts, steps=10, **given):
    """Add a run for each (sampling, oracle, update), in µs per step."""
    for sampling, oracle, update in parts:
        step = np.arange(steps + 1)
        study.add(
            np.ones(steps + 1),
            optimizer=optimizer,
            pace=1e-6 * (sampling + oracle + update),
            seconds_sampling=1e-6 * sampling * step,
            seconds_oracle=1e-6 * oracle * step,
            **given,
        )


def bars(drawn):
    """Return each row's bars, as (left, width)."""
    found = {}
    for bar in drawn.axes.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        found.setdefault(row, []).append((bar.get_x(), bar.get_width()))
    return found


def test_each_part_is_its_median_over_the_runs_one_beside_the_other(strips, study):
    add(study, "adam", (1, 5, 2), (2, 9, 4), (9, 6, 3))
    add(study, "sgd", (1, 4, 0.5))
    frames = study.frames()
    drawn = strips(TimeSplit(), frames)
    assert bars(drawn)[0] == [pytest.approx(b) for b in [(0, 2), (2, 6), (8, 3)]]
    assert bars(drawn)[1] == [pytest.approx(b) for b in [(0, 1), (1, 4), (5, 0.5)]]
    assert drawn.columns == (["sum"], {0: ["11.0 µs"], 1: ["5.50 µs"]})
    assert drawn.rows == ["adam", "sgd"]
    assert drawn.legend == ["sampling", "oracle", "update"]
    assert drawn.axes.get_xlabel() == "time per step (µs)"
    numbers = TimeSplit().data(frames)
    seconds = [2e-6, 6e-6, 3e-6, 1e-6, 4e-6, 0.5e-6]
    assert numbers["seconds"].tolist() == pytest.approx(seconds, rel=1e-9)
    assert numbers["part"].tolist() == 2 * ["sampling", "oracle", "update"]


def test_who_was_not_profiled_is_not_in_it(strips, study):
    study.add(np.ones(5), optimizer="sgd")
    reason = "no run was profiled; run the study with --profile"
    assert TimeSplit().missing(study.frames()) == reason
    add(study, "adam", (1, 5, 2))
    add(study, "lion", (1, 5, 2), trial={"together": 3})
    drawn = strips(TimeSplit(), study.frames())
    assert drawn.rows == ["adam"]
    assert drawn.axes.get_title("left") == "rosenbrock: one seed"


def test_profiled_together_nobody_has_a_time(study):
    add(study, "adam", (1, 5, 2), trial={"together": 3})
    study.add(np.ones(5), optimizer="sgd")
    assert TimeSplit().missing(study.frames()) == "no run that was profiled has a time of its own"


def test_a_run_that_was_lost_has_a_time(strips, study):
    add(study, "adam", (1, 5, 2), status="diverged")
    assert bars(strips(TimeSplit(), study.frames()))[0][1] == pytest.approx((1, 5))
