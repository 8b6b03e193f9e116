"""That problems are compared with their rotated selves, and what does not get there is said."""

import json

import matplotlib.colors
import numpy as np
import pytest

from optframe.drawing.figures import written
from optframe_reports.figures.rotated import Rotated

ROTATED = {"wrap": [{"name": "rotate"}]}


def add(study, optimizer, steps, *, rotated=False, problem="wood", loss=None, **given):
    """Add a run that reached its target of 1e-6 after so many steps, or that did not (None)."""
    end, status = (1e-3, "finished") if steps is None else (1e-7, "converged")
    own = {
        "problem_name": problem,
        "problem_parameters": json.dumps(given.pop("parameters", ROTATED if rotated else {})),
        "hyperparameters": json.dumps({"lr": 0.1}),
        "budget": "steps 100",
        "start": "standard",
        "target": 1e-6,
        "target_metric": "loss",
        "work": steps or 100,
    }
    study.add(
        [1.0, loss or end],
        x=[0, steps or 100],
        optimizer=optimizer,
        problem=f"{problem}+rotate" if rotated else problem,
        trial=own | given.pop("trial", {}),
        **{"status": status, "minimum": 0.0} | given,
    )
    return study


def pair(study, optimizer, plain, rotated, **given):
    for steps, turned in ((plain, False), (rotated, True)):
        for each in steps if isinstance(steps, tuple) else (steps,):
            add(study, optimizer, each, rotated=turned, **given)
    return study


def rows(picture):
    """Return each row's name, ring, dot, crosses and the word beside it, from the top."""
    axes = picture.axes
    found = []
    words = {text.get_position()[1]: text.get_text() for text in axes.texts}
    for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        row = {"name": label.get_text(), "said": words[place], "x": 0}
        for line in axes.lines:
            (x, *_), (y, *_) = line.get_data()
            if y != place or line.get_linestyle() != "None":
                continue
            if line.get_marker() == "x":
                row["x"] += 1
            else:
                row["ring" if line.get_markerfacecolor() == "none" else "dot"] = x
        found.append(row)
    return found


def test_a_ring_is_the_problem_and_a_dot_the_rotated_one_the_most_dependent_first(study, drawn):
    pair(study, "sgd", 50, (50, 50, 51))
    pair(study, "adam", 10, (30, 20, 90))
    pair(study, "newton", 8, (4, 4, 4))
    frames = study.frames()
    picture = drawn(Rotated(), frames)
    assert rows(picture) == [
        {"name": "adam", "ring": 10, "dot": 30, "said": "× 3", "x": 0},
        {"name": "sgd", "ring": 50, "dot": 50, "said": "same", "x": 0},
        {"name": "newton", "ring": 8, "dot": 4, "said": "× 0.5", "x": 0},
    ]
    axes = picture.axes
    assert axes.get_xlabel() == "work (full gradients) to the target"
    assert axes.get_xscale() == "log"
    assert "wood" in [text.get_text() for text in axes.texts]
    assert axes.get_title("left") == "rotated or not, median of 3 seeds"
    colors = {matplotlib.colors.to_hex(line.get_color()) for line in axes.lines}
    assert colors == {color.lower() for color in frames.colors.values()}
    data = Rotated().data(frames)
    assert data["optimizer"].tolist() == ["adam", "sgd", "newton"]
    assert data["ratio"].tolist() == [3, 1, 0.5]


def test_what_half_of_the_runs_do_not_reach_is_infinite_and_a_cross(study, drawn):
    pair(study, "adam", 10, (20, None))
    pair(study, "lion", None, 40)
    add(study, "sgd", None)
    add(study, "sgd", None, rotated=True, status="diverged")
    pair(study, "newton", 10, (20, 30, None))
    picture = drawn(Rotated(), study.frames())
    assert rows(picture) == [
        {"name": "adam", "ring": 10, "said": "lost", "x": 1},
        {"name": "newton", "ring": 10, "dot": 30, "said": "× 3", "x": 0},
        {"name": "lion", "dot": 40, "said": "gained", "x": 1},
        {"name": "sgd", "said": "both lost", "x": 2},
    ]
    axes = picture.axes
    crosses = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "x"]
    assert all(40 < place < axes.get_xlim()[1] for place in crosses)
    assert all(tick <= 60 for tick in axes.get_xticks())


def test_where_no_run_has_a_target_it_is_the_final_suboptimality(study, drawn):
    no_target = {"trial": {"target": np.nan, "target_metric": None}}
    for rotated, losses in ((False, (3.01,)), (True, (3.1, 3.2, 3.4))):
        for loss in losses:
            add(study, "adam", None, rotated=rotated, loss=loss, minimum=3.0, **no_target)
    picture = drawn(Rotated(), study.frames())
    (row,) = rows(picture)
    assert row["ring"] == pytest.approx(0.01)
    assert row["dot"] == pytest.approx(0.2)
    assert row["said"] == "× 20"
    assert picture.axes.get_xlabel() == "final loss − f*"


def test_what_is_measured_may_be_chosen(study, drawn):
    pair(study, "adam", 10, 30)
    frames = study.frames()
    (row,) = rows(drawn(Rotated(measure="gradients"), frames))
    assert (row["ring"], row["dot"]) == (20, 60)
    (row,) = rows(drawn(Rotated(measure="suboptimality"), frames))
    assert (row["ring"], row["dot"]) == (1e-7, 1e-7)


def test_problems_are_paired_that_differ_in_the_rotation_alone(study):
    size = {"size": 4}
    for rotated, parameters in (
        (False, {**size, "rotate": False}),
        (True, {**size, "rotate": True}),
        (True, {"size": 9, "rotate": True}),
    ):
        name = f"quadratic:{parameters}"
        trial = {"problem": name}
        add(study, "adam", 20, rotated=rotated, parameters=parameters, trial=trial)
        study.curves[-1]["problem"] = name
    shifted = {"wrap": [{"name": "shift", "by": 1}]}
    both = {"wrap": [{"name": "shift", "by": 1}, {"name": "rotate"}]}
    add(study, "adam", 10, problem="beale", parameters=shifted)
    add(study, "adam", 30, problem="beale", rotated=True, parameters=both)
    add(study, "adam", 40, problem="trid", parameters={})
    add(study, "adam", 40, problem="trid", rotated=True, trial={"budget": "steps 7"})
    data = Rotated().data(study.frames())
    assert data["plain_problem"].tolist() == [f"quadratic:{ {**size, 'rotate': False} }", "beale"]
    assert data["rotated_problem"].tolist() == [
        f"quadratic:{ {**size, 'rotate': True} }",
        "beale+rotate",
    ]


def test_only_the_same_settings_on_both_are_compared(study):
    pair(study, "adam", 10, 30)
    add(study, "sgd", 10)
    add(study, "sgd", 10, rotated=True, trial={"hyperparameters": '{"lr": 0.2}'})
    add(study, "newton", 10)
    add(study, "newton", None, rotated=True, status="skipped")
    assert Rotated().data(study.frames())["optimizer"].tolist() == ["adam"]


def test_more_pairs_than_a_picture_holds_are_counted(study, drawn):
    for i in range(6):
        pair(study, "adam", 10 + i, 30, problem=f"p{i}")
    picture = drawn(Rotated(), study.frames())
    assert [row["ring"] for row in rows(picture)] == [10, 11, 12, 13]
    title = picture.title
    assert title == "rotated or not, one seed, 4 of 6 problems"


def test_of_many_settings_each_optimizers_best_is_shown(study, drawn):
    for name in ("adam", "sgd"):
        for i in range(10):
            pair(study, f"{name}:lr={i}", 10 + (i - 3) ** 2, 30)
    names = [row["name"] for row in rows(drawn(Rotated(), study.frames()))]
    assert names == ["adam:lr=3", "sgd:lr=3"]


def test_what_cannot_be_drawn_is_said(study):
    add(study, "adam", None, status="planned")
    reason = "no problem was run both as it is and rotated (NAME and NAME+rotate)"
    assert Rotated().missing(study.frames()) == reason
    add(study, "adam", 10)
    add(study, "sgd", 10, rotated=True)
    reason = "no optimizer ran with the same settings on both, or no target is known"
    assert Rotated().missing(study.frames()) == reason


def test_twelve_optimizers_with_long_names_stay_on_the_figure_and_apart(study, drawn):
    for i in range(12):
        name = f"optimizer-{i}:lr=0.{i}+clip-norm:max=1+weight-decay:rate=0.0001,x=<b>$_{i}"
        pair(study, name, 10 + i, None if i % 3 == 0 else 20)
        pair(study, name, 10 + i, 20, problem="beale")
    picture = drawn(Rotated(), study.frames())
    axes = picture.axes
    assert len(axes.get_yticklabels()) == 24
    picture.assert_on_page_and_apart(
        [*axes.get_yticklabels(), *axes.texts, axes.xaxis.label, *axes.get_legend().get_texts()]
    )


def test_the_same_frames_give_the_same_bytes(study, drawn):
    pair(study, "adam", 10, (20, None))
    frames = study.frames()
    first, second = (written(drawn(Rotated(), frames).canvas, "svg") for _ in range(2))
    assert first == second
