"""That samplers are compared by the best optimizer, and the passes over the data marked."""

import numpy as np
import pytest

from optframe_reports.figures.samplers import Samplers


def add(
    study, sampler, loss, *, optimizer="adam", records=100, each=50, status="finished", **given
):
    """Add a run that sees so many records at each checkpoint."""
    loss = np.asarray(loss, float)
    samples = each * np.arange(len(loss))
    last = float(samples[-1]) if len(loss) else np.nan
    trial = {"samples": last, "epochs": last / records}
    study.add(loss, optimizer=optimizer, sampler=sampler, status=status, trial=trial, **given)
    study.curves[-1]["samples"] = samples
    study.curves[-1]["epoch"] = samples / records
    return study


def curves(canvas):
    lines = canvas.axes[0].lines
    return [np.array(line.get_xydata()) for line in lines if len(line.get_xdata()) > 2]


def passes(canvas):
    """Return the places of the upright lines, and whether each is the dark one."""
    lines = [line for line in canvas.axes[0].lines if list(line.get_ydata()) == [0, 1]]
    return {line.get_xdata()[0]: line.get_color() == "0.5" for line in lines}


def test_a_line_is_the_median_against_the_samples_seen(study, random, draw, legend):
    losses = {name: np.exp(random.standard_normal((3, 5))) for name in ("shuffled", "stream")}
    for name, runs in losses.items():
        for run in runs:
            add(study, name, run)
    frames = study.frames()
    canvas = draw(Samplers(), frames)
    for line, runs in zip(curves(canvas), losses.values(), strict=True):
        np.testing.assert_allclose(line[:, 0], [0, 50, 100, 150, 200])
        np.testing.assert_allclose(line[:, 1], np.median(runs, axis=0))
    assert legend(canvas) == ["shuffled", "stream"]
    axes = canvas.axes[0]
    assert axes.get_xlabel() == "samples seen (records)"
    assert axes.get_title("left") == "rosenbrock: adam, median and quartiles of 3 seeds"
    assert set(Samplers().data(frames)["name"]) == {"shuffled", "stream"}


def test_it_is_marked_where_records_come_again(study, draw):
    for name in ("shuffled", "sequential"):
        add(study, name, np.linspace(8, 1, 8))  # 350 samples of 100 records
    add(study, "stream", [8.0, 4.0, 2.0])
    assert passes(draw(Samplers(), study.frames())) == {100: True, 200: False, 300: False}


def test_of_many_passes_the_first_is_marked(study, draw):
    for name in ("shuffled", "sequential"):
        add(study, name, np.linspace(8, 1, 80))
    assert passes(draw(Samplers(), study.frames())) == {100: True}


def test_a_single_pass_has_no_mark(study, draw):
    for name in ("shuffled", "stream"):
        add(study, name, [8.0, 4.0, 2.0])
    assert passes(draw(Samplers(), study.frames())) == {}


def test_the_optimizer_is_the_one_that_ends_best_or_the_one_that_is_named(study, draw, legend):
    for name in ("shuffled", "stream"):
        add(study, name, [8.0, 4.0, 2.0], optimizer="adam", test_loss=[8.0, 4.0, 5.0])
        add(study, name, [8.0, 4.0, 3.0], optimizer="sgd", test_loss=[8.0, 4.0, 3.0])
        add(study, name, [8.0, 4.0, np.nan], optimizer="lion", status="diverged")
    frames = study.frames()
    canvas = draw(Samplers(), frames)  # by the test loss
    assert canvas.axes[0].get_ylabel() == "test loss"
    assert "sgd, one seed" in canvas.axes[0].get_title("left")
    assert "adam" in draw(Samplers(metric="loss"), frames).axes[0].get_title("left")
    canvas = draw(Samplers(optimizer="lion", metric="loss"), frames)
    assert legend(canvas) == [
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
