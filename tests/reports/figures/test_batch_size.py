"""That batch sizes are compared after the same work, each with the learning rate best there."""

import json

import numpy as np
import pytest

from optframe_reports.figures.batch_size import BatchSize


def add(study, size, loss, *, lr=0.1, name="adam", x=None, trial=None, **given):
    """Add a run with batches of this size: its steps are x, its samples size times as many."""
    step = np.arange(len(loss)) if x is None else np.asarray(x)
    sampler = "full" if size is None else f"shuffled:batch_size={size}"
    own = {
        "hyperparameters": json.dumps({"lr": lr}),
        "sampler_name": sampler.partition(":")[0],
        "sampler_parameters": json.dumps({} if size is None else {"batch_size": size}),
        "step_bytes": np.nan,
    }
    study.add(
        loss,
        x=step,
        optimizer=f"{name}:lr={lr}",
        sampler=sampler,
        samples=(size or 1000) * step,
        trial=own | (trial or {}),
        **given,
    )
    return study


def test_after_the_same_steps_samples_or_seconds_the_least_advanced_size_says_when(study, drawn):
    # 4 steps of 10 records in 4 ms, and 2 of 40 in 1 ms
    add(study, 10, [8.0, 7.0, 6.0, 5.0, 4.0], pace=1e-3)
    add(study, 40, [8.0, 5.0, 2.0], pace=0.5e-3)
    frames = study.frames()
    expected = {
        "loss_per_step": ([6.0, 2.0], "loss after 2 steps"),
        "loss_per_sample": ([4.0, 5.0], "loss after 40 samples"),
        "loss_per_second": ([7.0, 2.0], "loss after 1.00 ms"),
    }
    for quantity, (values, name) in expected.items():
        picture = drawn(BatchSize(quantity=quantity), frames)
        np.testing.assert_allclose(picture.one(), list(zip([10, 40], values, strict=True)))
        assert picture.axes.get_ylabel() == name
    assert picture.axes.get_xlabel() == "batch size (records)"
    ticks = [text.get_text() for text in picture.axes.get_xticklabels()]
    assert ticks == ["10", "40"]


def test_a_line_search_is_charged_the_records_and_the_work_of_its_answers(study, drawn):
    """With batches of 10 each step asks four times, with batches of 40 once; of 100 records."""
    for size, asks, losses in ((10, 4, [8.0, 7.0, 6.0, 5.0]), (40, 1, [8.0, 4.0, 2.0])):
        records = asks * size * np.arange(len(losses))
        add(study, size, losses, records=records, work=records / 100)
    frames = study.frames()
    for quantity, values, name in (
        ("loss_per_sample", [5.0, 5.0], "loss after 30 samples"),
        ("loss_per_record", [6.0, 2.0], "loss after 80 records"),
        ("loss_per_work", [6.0, 2.0], "loss after the work of 0.8 full gradients"),
    ):
        picture = drawn(BatchSize(quantity=quantity), frames)
        np.testing.assert_allclose(picture.one(), list(zip([10, 40], values, strict=True)))
        assert picture.axes.get_ylabel() == name
    for trial in study.trials:
        trial["work"] = np.nan  # a store of an earlier format
    reason = BatchSize(quantity="loss_per_work").missing(study.frames())
    assert reason == "not all runs have work"


def test_between_two_checkpoints_the_loss_is_on_the_line_that_is_drawn(study, drawn):
    add(study, 1, [8.0, 8e-4], x=[0, 4])
    add(study, 2, [8.0, 8e-2], x=[0, 2])
    values = drawn(BatchSize(quantity="loss_per_step"), study.frames()).one()
    np.testing.assert_allclose(values, [[1, 8e-2], [2, 8e-2]])  # on a logarithmic axis, half way


def test_each_batch_size_has_the_learning_rate_that_is_best_there(study, drawn):
    ends = {(10, 0.1): (1, 2, 3), (10, 1.0): (4, 5, 6), (40, 0.1): (5, 6, 7), (40, 1.0): (2, 3, 4)}
    for (size, lr), losses in ends.items():
        for loss in losses:
            add(
                study,
                size,
                [8.0, loss],
                lr=lr,
                test_loss=[9.0, 10 * loss],
                validation_loss=[9.0, 5 * loss],
            )
    frames = study.frames()
    picture = drawn(BatchSize(quantity="loss_per_step"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 2], [40, 3]])
    assert {(10, 1.5), (10, 2.5), (40, 2.5), (40, 3.5)} <= set(map(tuple, picture.band))
    assert picture.title.endswith("of 3 seeds, best lr at each")
    picture = drawn(BatchSize(quantity="test_loss"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 20], [40, 30]])
    picture = drawn(BatchSize(quantity="validation_loss"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 10], [40, 15]])
    assert picture.axes.get_ylabel() == "validation loss"
    picture = drawn(BatchSize(quantity="best_lr"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 0.1], [40, 1.0]])
    assert picture.axes.get_ylabel() == "best learning rate"
    assert picture.legend == ["adam", "the largest that was tried", "the least that was tried"]
    assert [marks.tolist() for marks in picture.marks("^")] == [[[40, 1.0]]]
    assert [marks.tolist() for marks in picture.marks("v")] == [[[10, 0.1]]]


def test_a_lost_run_counts_as_the_worst_seen_where_a_learning_rate_is_chosen(study, drawn):
    """Of lr = 1 the mean is √(1.5 · 8) = 3.5, as in the standings, and of lr = 0.1 it is 2."""
    for size in (10, 40):
        add(study, size, [8.0, 2.0])
        add(study, size, [8.0, 2.0])
        add(study, size, [8.0, 1.5], lr=1.0)
        add(study, size, [8.0, np.inf], lr=1.0, status="diverged")
    frames = study.frames()
    picture = drawn(BatchSize(quantity="loss_per_step"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 2], [40, 2]])
    assert picture.legend == ["adam (2 of 8 lost)"]
    rates = drawn(BatchSize(quantity="best_lr"), frames).one()
    np.testing.assert_allclose(rates, [[10, 0.1], [40, 0.1]])


def test_the_learning_rate_is_the_one_of_the_standings_whatever_is_drawn(study, drawn):
    """Test loss, and the loss after 1 step, are better with lr = 1; the final loss is not."""
    for size in (10, 40):
        add(study, size, [8.0, 5.0, 1.0], test_loss=[9.0, 9.0, 4.0])
        add(study, size, [8.0, 3.0, 2.0], lr=1.0, test_loss=[9.0, 9.0, 3.0])
    add(study, 80, [8.0, 6.0])
    add(study, 80, [8.0, 7.0], lr=1.0)
    frames = study.frames()
    for quantity, drawn_values in (
        ("loss_per_step", [5.0, 5.0, 6.0]),
        ("best_lr", [0.1, 0.1, 0.1]),
    ):
        np.testing.assert_allclose(
            drawn(BatchSize(quantity=quantity), frames).one()[:, 1], drawn_values
        )
    for size in (10, 40):
        own = drawn(BatchSize(quantity="test_loss"), frames).one()
        assert dict(own.tolist())[size] == 4.0


def test_a_size_at_which_all_is_lost_has_a_cross(study, drawn):
    add(study, 10, [8.0, 2.0, 1.0])
    add(study, 40, [8.0, np.nan], status="diverged")
    add(study, 40, [], status="crashed")
    picture = drawn(BatchSize(quantity="loss_per_step"), study.frames())
    assert [marks[:, 0].tolist() for marks in picture.marks("x")] == [[40]]
    assert picture.legend == ["adam (2 of 3 lost)", "half or more of the runs lost"]
    np.testing.assert_allclose(picture.one()[0], [10, 1])


def test_runs_that_converged_earlier_keep_their_loss(study, drawn):
    add(study, 10, [8.0, 4.0, 3.0, 2.0])
    add(study, 40, [8.0, 0.5], status="converged")
    picture = drawn(BatchSize(quantity="loss_per_step"), study.frames())
    np.testing.assert_allclose(picture.one(), [[10, 2], [40, 0.5]])


def test_the_variance_is_the_median_over_checkpoints_beside_a_line_of_one_over_b(study, drawn):
    for size, variances in ((10, (4.0, 2.0, 9.0)), (40, (1.5, 0.5, 0.1))):
        add(study, size, [8.0, 4.0, 2.0], gradient_variance=list(variances))
    add(study, 40, [8.0, 9.0, 9.0], gradient_variance=[9.0, 9.0, np.nan], status="diverged")
    picture = drawn(BatchSize(quantity="gradient_variance"), study.frames())
    np.testing.assert_allclose(picture.one(), [[10, 4], [40, 0.5]])
    np.testing.assert_allclose(picture.one("--"), [[10, 4], [40, 1]])
    assert picture.legend == ["adam (1 of 3 left out)", "in proportion to 1 / batch size"]
    assert picture.axes.get_yscale() == "log"


def test_time_and_memory_are_those_of_all_runs_that_have_them(study, drawn):
    for size, paces in ((10, (1e-6, 2e-6, 9e-6)), (40, (4e-6, 5e-6, 6e-6))):
        for lr, pace in zip((0.1, 0.1, 1.0), paces, strict=True):
            trial = {"step_bytes": 1000 * size}
            add(study, size, [8.0, 4.0, 2.0], pace=pace, lr=lr, trial=trial)
    add(study, 40, [8.0, 4.0, 2.0], pace=1e-3, trial={"together": 7})
    frames = study.frames()
    picture = drawn(BatchSize(quantity="time_per_step"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 2], [40, 5]])
    assert picture.axes.get_ylabel() == "time per step (µs)"
    assert picture.legend == ["adam (1 of 7 left out)"]
    picture = drawn(BatchSize(quantity="memory_per_step"), frames)
    np.testing.assert_allclose(picture.one(), [[10, 10], [40, 40]])
    assert picture.axes.get_ylabel() == "memory per step (kB)"


def test_what_has_no_batch_size_or_one_rate_only_is_left_out_and_counted(study, drawn):
    for size in (10, 40):
        add(study, size, [8.0, size / 10])
        add(study, size, [8.0, 9.0], lr=1.0)
        add(study, size, [8.0, 9.0], name="sgd")
    add(study, None, [8.0, 1.0])
    frames = study.frames()
    picture = drawn(BatchSize(quantity="loss_per_step"), frames)
    assert picture.legend[:2] == ["adam · shuffled", "sgd · shuffled"]
    assert picture.legend[-1] == "adam · full: 1 run left out"
    picture = drawn(BatchSize(quantity="best_lr"), frames)
    assert len(picture.styled()) == 1
    assert "sgd · shuffled: 2 runs left out" in picture.legend


def test_lines_are_apart_and_coloured_by_optimizer(study, drawn):
    for name in ("adam", "sgd"):
        for size in (10, 40):
            add(study, size, [8.0, size], name=name)
    found = drawn(BatchSize(), study.frames()).styled()
    assert list(found) == ["#0072b2", "#d55e00"]


def test_data_has_what_is_drawn(study):
    add(study, 10, [8.0, 1.0])
    add(study, 40, [8.0, np.inf], status="diverged")
    data = BatchSize(quantity="loss_per_step").data(study.frames())
    assert data.to_dict("list") == {
        "name": ["adam", "adam"],
        "batch_size": [10, 40],
        "lower": [1, np.inf],
        "median": [1, np.inf],
        "upper": [1, np.inf],
        "runs": [1, 1],
    }


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (
            "gradient_variance",
            'no run measured gradient_variance; expected [run] measure = ["gradient_variance"] in '
            "the study",
        ),
        ("memory_per_step", "no run was profiled; expected [run] profile = true in the study"),
        ("test_loss", "no run measured test_loss"),
        ("validation_loss", "no run measured validation_loss"),
        ("best_lr", "no optimizer was run with two learning rates"),
        ("loss_per_second", "runs ran in batches and have no times of their own"),
        ("time_per_step", "no run has taken a step with a time of its own"),
    ],
)
def test_what_cannot_be_drawn_is_said(study, quantity, reason):
    for size in (10, 40):
        add(study, size, [8.0, 4.0], trial={"together": 3})
    assert BatchSize(quantity=quantity).missing(study.frames()) == reason


def test_without_two_batch_sizes_there_is_nothing_to_compare(study):
    add(study, 10, [8.0, 4.0], status="planned")
    assert BatchSize().missing(study.frames()) == "no trial has run yet"
    add(study, None, [8.0, 4.0])
    assert BatchSize().missing(study.frames()) == "no sampler has a batch size"
    add(study, 32, [8.0, 4.0])
    reason = "all runs have batches of 32; expected two sizes or more"
    assert BatchSize().missing(study.frames()) == reason


@pytest.mark.parametrize("quantity", ["loss_per_sample", "best_lr"])
def test_twelve_optimizers_with_long_names_overlap_nowhere(study, quantity, drawn):
    for i in range(12):
        for size in (1, 8, 64, 512):
            for lr in (0.1, 1.0):
                name = f"an-optimizer-with-a-very-long-name-${i}$_<b>-that-goes-on-and-on"
                status = "diverged" if lr * i > size else "finished"
                add(study, size, [8.0, 1 + i / size / lr], name=name, lr=lr, status=status)
    picture = drawn(BatchSize(quantity=quantity), study.frames())
    picture.assert_apart()
