"""That samplers are compared by the best optimizer, and the passes over the data marked."""

import numpy as np
import pytest

from optframe_reports.figures.samplers import Samplers


def add(study, sampler, loss, *, records=100, each=50, **given):
    """Add a run that sees so many records at each checkpoint."""
    samples = each * np.arange(len(loss))
    epochs = {"epochs": samples[-1] / records if len(loss) else np.nan}
    study.add(
        loss, sampler=sampler, samples=samples, epoch=samples / records, trial=epochs, **given
    )
    return study


def curves(picture):
    return [line.get_xydata() for line in picture.axes.lines if len(line.get_xdata()) > 2]


def passes(picture):
    """Return the places of the upright lines, and whether each is the dark one."""
    lines = [line for line in picture.axes.lines if list(line.get_ydata()) == [0, 1]]
    return {line.get_xdata()[0]: line.get_color() == "0.5" for line in lines}


def test_a_line_is_the_median_against_the_samples_seen(study, random, drawn):
    losses = {name: np.exp(random.standard_normal((3, 5))) for name in ("shuffled", "stream")}
    for name, runs in losses.items():
        for run in runs:
            add(study, name, run)
    frames = study.frames()
    picture = drawn(Samplers(), frames)
    for line, runs in zip(curves(picture), losses.values(), strict=True):
        np.testing.assert_allclose(line[:, 0], [0, 50, 100, 150, 200])
        np.testing.assert_allclose(line[:, 1], np.median(runs, axis=0))
    assert picture.legend == ["shuffled", "stream"]
    assert picture.axes.get_xlabel() == "samples seen (records)"
    assert picture.title == "rosenbrock: adam, median and quartiles of 3 seeds"
    assert set(Samplers().data(frames)["name"]) == {"shuffled", "stream"}


@pytest.mark.parametrize(
    ("checkpoints", "marks"),
    [(3, {}), (8, {100: True, 200: False, 300: False}), (80, {100: True})],
    ids=["a single pass", "some passes", "of many the first"],
)
def test_it_is_marked_where_records_come_again(study, drawn, checkpoints, marks):
    for name in ("shuffled", "sequential"):
        add(study, name, np.linspace(8, 1, checkpoints))  # 50 of 100 records each
    add(study, "stream", [8.0, 4.0, 2.0])
    assert passes(drawn(Samplers(), study.frames())) == marks


def test_the_optimizer_is_the_one_that_ends_best_or_the_one_that_is_named(study, drawn):
    for name in ("shuffled", "stream"):
        add(study, name, [8.0, 4.0, 2.0], optimizer="adam", validation_loss=[8.0, 4.0, 5.0])
        add(study, name, [8.0, 4.0, 3.0], optimizer="sgd", validation_loss=[8.0, 4.0, 3.0])
        add(study, name, [8.0, 4.0, np.nan], optimizer="lion", status="diverged")
    frames = study.frames()
    picture = drawn(Samplers(), frames)  # by the validation loss
    assert picture.axes.get_ylabel() == "validation loss"
    assert "sgd, one seed" in picture.title
    assert "adam" in drawn(Samplers(metric="loss"), frames).title
    picture = drawn(Samplers(optimizer="lion", metric="loss"), frames)
    assert picture.legend == [
        "shuffled (1 of 1 diverged)",
        "stream (1 of 1 diverged)",
        "half or more of the runs lost",
    ]


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (Samplers(metric="regret"), "no run measured regret"),
        (Samplers(optimizer="sgdd"), "no run of sgdd; did you mean 'sgd'?"),
        (Samplers(), "only one sampler has run; expected two or more to compare"),
    ],
)
def test_what_cannot_be_drawn_is_said(study, figure, reason):
    add(study, "shuffled", [8.0, 4.0], optimizer="sgd")
    add(study, "stream", [8.0, 4.0], optimizer="sgd", status="planned")
    assert figure.missing(study.frames()) == reason


def test_without_runs_or_samples_there_is_nothing_to_draw(study):
    add(study, "shuffled", [], status="planned")
    assert Samplers().missing(study.frames()) == "no run has a curve yet"
    for name in ("shuffled", "stream"):
        add(study, name, [8.0, 4.0], each=0)
    assert Samplers().missing(study.frames()) == "the runs counted no samples"
