"""That convergence curves are the medians, and that lost runs are neither dropped nor imputed."""

import dataclasses

import numpy as np
import pytest

from optframe.statistics import evaluations_to_target
from optframe_reports.figures.convergence import Convergence
from optframe_reports.page.charts import Arrays, chart

RNG = np.random.default_rng(0)


def test_the_line_is_the_median_and_the_band_lies_between_the_quartiles(study, drawn):
    losses = np.exp(RNG.standard_normal((4, 9)).cumsum(axis=1))
    for loss in losses:
        study.add(loss)
    picture = drawn(Convergence(x="steps"), study.frames())
    line = picture.lines["adam"]
    np.testing.assert_allclose(line[:, 0], np.arange(9))
    np.testing.assert_allclose(line[:, 1], np.median(losses, axis=0))
    band = {(x, round(y, 9)) for x, y in picture.band}
    for quartile in np.percentile(losses, [25, 75], axis=0):
        assert {(x, round(y, 9)) for x, y in enumerate(quartile)} <= band


def test_what_judges_is_drawn_unless_a_metric_is_asked_for(study, drawn):
    for shift in (0.0, 0.5):
        study.add([8.0, 4.0 - shift], validation_loss=[9.0, 6.0 - shift], test_loss=[9.0, 7.0])
    frames = study.frames()
    for metric, label, last in (
        (None, "validation loss", 5.75),
        ("loss", "loss", 3.75),
        ("test_loss", "test loss", 7.0),
    ):
        picture = drawn(Convergence(x="steps", metric=metric), frames)
        assert picture.axes.get_ylabel() == label
        assert picture.lines["adam"][-1].tolist() == [1, last]
    chosen = dataclasses.replace(frames, metric="test_loss")  # [study] metric
    assert drawn(Convergence(x="steps"), chosen).axes.get_ylabel() == "test loss"
    assert Convergence(x="steps").title() == "Convergence against steps"
    assert Convergence(metric="test_loss").title() == "Test loss against the cost"
    for given, first in ((frames, "validation_loss"), (chosen, "test_loss")):
        curves = given.curves.drop(columns="hyperparameters")  # which no store has in curves
        made = chart(dataclasses.replace(given, curves=curves), Arrays())
        assert made["metrics"][0]["name"] == first


def test_runs_that_end_keep_their_last_value(study, drawn):
    study.add([8.0, 4.0, 2.0, 1.0])
    study.add([8.0, 0.5], status="converged")
    study.add([8.0, 6.0], status="stopped")
    line = drawn(Convergence(x="steps"), study.frames()).lines["adam"]
    # medians of (8, 8, 8), (4, .5, 6), (2, .5, 6), (1, .5, 6)
    np.testing.assert_allclose(line, [[0, 8], [1, 4], [2, 2], [3, 1]])


def test_a_diverged_run_counts_as_infinite_from_there_on(study, drawn):
    study.add([8.0, 4.0, 2.0, 1.0])
    study.add([8.0, 5.0, 3.0, 2.0])
    study.add([8.0, 1.0, np.nan], status="diverged")
    picture = drawn(Convergence(x="steps"), study.frames())
    # dropped, the third run would leave medians of 2.5 and 1.5
    assert picture.lines["adam"].tolist() == [[0, 8], [1, 4], [2, 3], [3, 2]]
    assert picture.legend == ["adam (1 of 3 diverged)"]
    assert picture.crosses == []


def test_where_the_median_is_infinite_the_curve_ends_in_a_cross(study, drawn):
    study.add([8.0, 4.0, 2.0, 1.0])
    for _ in range(2):
        study.add([8.0, 9.0, np.inf], status="diverged", optimizer="sgd")
    study.add([8.0, 4.0, 2.0, 1.0], optimizer="sgd")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.lines["sgd"].tolist() == [[0, 8], [1, 9]]
    assert picture.crosses == [("sgd", 1, 9)]
    assert picture.legend == ["adam", "sgd (2 of 3 diverged)", "half or more of the runs lost"]


def test_the_band_ends_where_a_quartile_is_infinite(study, drawn):
    for scale in (1, 2, 3):
        study.add(scale * np.array([8.0, 4.0, 2.0]))
    for _ in range(2):
        study.add([8.0, 5.0, np.nan], status="diverged")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.lines["adam"][-1].tolist() == [2, 6]  # of 2, 4, 6, ∞, ∞
    assert picture.band[:, 0].max() == 1


def test_a_run_that_diverges_while_its_loss_is_finite_is_lost_at_its_end(study, drawn):
    study.add([8.0, 7.0, 6.0], status="diverged")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.lines["adam"].tolist() == [[0, 8], [1, 7]]
    assert picture.legend[0] == "adam (1 of 1 diverged)"


@pytest.mark.parametrize(
    ("status", "said"), [("failed", "failed"), ("timeout", "timed out"), ("crashed", "crashed")]
)
def test_runs_that_failed_are_lost_even_without_a_curve(study, status, said, drawn):
    for _ in range(3):
        study.add([8.0, 4.0, 2.0])
    study.add([], status=status)
    study.add([8.0, 1.0], status="diverged")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.legend == [f"adam (1 of 5 diverged, 1 of 5 {said})"]
    assert picture.lines["adam"][-1].tolist() == [2, 2]


def test_planned_and_skipped_trials_are_not_in_it(study, drawn):
    study.add([8.0, 4.0]).add([], status="planned").add([], status="skipped")
    study.add([], optimizer="newton", status="skipped")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.legend == ["adam"]
    assert "one seed" in picture.title
    assert not picture.axes.collections


def test_with_f_star_known_the_suboptimality_is_drawn_without_a_cliff(study, drawn):
    minimum = 3.0
    study.add([4.0, 3.5, 3.0 + 1e-9, 3.0], minimum=minimum)
    study.add([4.0, 3.9, 3.8, 3.0 - 4e-16], minimum=minimum, optimizer="sgd")
    picture = drawn(Convergence(x="steps"), study.frames())
    resolution = 3.0 * np.finfo("float64").eps
    for name, before in (("adam", 1e-9), ("sgd", 0.8)):
        values = picture.lines[name][:, 1]
        assert values[2] == pytest.approx(before, rel=1e-6)
        assert values[3] == pytest.approx(resolution)
    assert picture.axes.get_yscale() == "log"
    assert picture.axes.get_ylabel() == "loss − f*"
    assert picture.axes.get_ylim()[0] > resolution / 100
    assert any(line.get_linestyle() == ":" for line in picture.axes.lines)


@pytest.mark.parametrize(("dtype", "eps"), [("float64", 2.0**-52), ("float32", 2.0**-23)])
def test_a_loss_of_zero_lies_at_the_resolution_of_theta(study, dtype, eps, drawn):
    study.add([1.0, 0.5, 0.0], minimum=0.0, dtype=dtype)
    line = drawn(Convergence(x="steps"), study.frames()).lines["adam"]
    assert line[:, 1] == pytest.approx([1.0, 0.5, eps**2])


def test_a_loss_below_the_stated_minimum_is_refused(study, drawn):
    study.add([4.0, 2.5], minimum=3.0)
    with pytest.raises(ValueError, match=r"a loss of 2\.5 was measured below 3"):
        drawn(Convergence(x="steps"), study.frames())


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        ([9.0, 5.0, 2.0], "linear"),
        ([9.0, 1.0, 0.2], "log"),
        ([9.0, 1.0, -0.2], "linear"),
        ([9.0, 1.0, 0.0], "linear"),
    ],
)
def test_the_loss_is_logarithmic_if_it_is_positive_and_spans_over_a_decade(
    study, loss, scale, drawn
):
    study.add(loss)
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.axes.get_yscale() == scale
    assert picture.axes.get_ylabel() == "loss"


def test_steps_are_logarithmic_if_checkpoints_are_spaced_so(study, drawn):
    log = np.unique(np.geomspace(1, 1000, 30).astype(int))
    study.add(np.linspace(2, 1, 31), x=np.arange(0, 310, 10))
    assert drawn(Convergence(x="steps"), study.frames()).axes.get_xscale() == "linear"
    study.trials.clear()
    study.curves.clear()
    study.add(np.linspace(2, 1, len(log) + 1), x=[0, *log])
    axes = drawn(Convergence(x="steps"), study.frames()).axes
    assert axes.get_xscale() == "symlog"
    assert axes.get_xlim()[0] == 0  # the start is on it


def test_against_seconds_seeds_are_interpolated_on_a_common_grid(study, drawn):
    study.add([8.0, 6.0, 4.0], pace=1e-3)  # falls by 2 in 1 ms
    study.add([8.0, 6.0, 4.0], pace=2e-3)
    study.add([8.0, 6.0, 4.0], pace=4e-3)
    picture = drawn(Convergence(x="seconds"), study.frames())
    assert picture.axes.get_xlabel() == "time (ms)"
    time, loss = picture.lines["adam"].T
    assert (time[0], time[-1]) == (0, 8)
    expected = np.maximum(8 - time, 4)  # of the second, in the middle
    np.testing.assert_allclose(loss, expected, atol=1e-9)


def test_on_a_logarithmic_axis_interpolation_is_straight_there(study, drawn):
    for _ in range(3):
        study.add([1.0, 1e-4], pace=1e-3)
    time, loss = drawn(Convergence(x="seconds"), study.frames()).lines["adam"].T
    np.testing.assert_allclose(np.log10(loss), -4 * time, atol=1e-9)


def test_a_lost_run_ends_against_seconds_too(study, drawn):
    study.add([8.0, 6.0, np.nan], status="diverged", pace=1e-3)
    picture = drawn(Convergence(x="seconds"), study.frames())
    time, loss = picture.lines["adam"].T
    assert time[-1] < 2
    assert loss[-1] == 6.0
    assert len(picture.crosses) == 1


def test_what_explodes_does_not_flatten_the_rest(study, drawn):
    for name in ("adam", "sgd"):
        study.add([4.0, 2.0, 1.0, 0.1], optimizer=name)
    study.add([4.0, 1e100, 1e200, np.inf], optimizer="wild", status="diverged")
    picture = drawn(Convergence(x="steps"), study.frames())
    low, high = picture.axes.get_ylim()
    assert high <= 40
    assert low > 0.01
    ((_, x, y),) = picture.crosses
    assert (x, y) == (2, high)  # at the axis' end, above where the run was lost


def test_even_if_most_explode_the_rest_can_be_seen(study, drawn):
    study.add([4.0, 2.0, 1.0, 0.1])
    for name in ("wild", "wilder", "wildest"):
        study.add([4.0, 1e100, 1e200, np.inf], optimizer=name, status="diverged")
    assert drawn(Convergence(x="steps"), study.frames()).axes.get_ylim()[1] <= 40


def test_runs_that_are_lost_early_do_not_tell_how_checkpoints_are_spaced(study, drawn):
    log = [0, *np.unique(np.geomspace(1, 1000, 30).astype(int))]
    study.add(np.linspace(2, 1, len(log)), x=log)
    for name in ("wild", "wilder"):
        study.add(np.arange(1.0, 7), x=log[:6], optimizer=name, status="diverged")
    assert drawn(Convergence(x="steps"), study.frames()).axes.get_xscale() == "symlog"


def test_gradients_name_their_axis_and_accuracies_are_lost_downwards(study, drawn):
    study.add([8.0, 4.0, 2.0], test_accuracy=[0.1, 0.5, 0.9])
    study.add([8.0, 4.0, 2.0], test_accuracy=[0.1, 0.6, 0.8])
    study.add([8.0, np.nan], test_accuracy=[0.1, 0.99], status="diverged")
    picture = drawn(Convergence(x="steps", metric="test_accuracy"), study.frames())
    # of (−∞, 0.5, 0.6) and (−∞, 0.8, 0.9)
    assert picture.lines["adam"][:, 1].tolist() == pytest.approx([0.1, 0.5, 0.8])
    assert picture.axes.get_ylabel() == "test accuracy"
    picture = drawn(Convergence(x="gradients"), study.frames())
    assert picture.axes.get_xlabel() == "gradient evaluations"
    assert picture.lines["adam"][-1, 0] == 4


def test_all_lost_from_the_start_is_drawn_without_a_line(study, drawn):
    study.add([np.nan], status="diverged").add([np.inf], status="diverged")
    study.add([1.0, 1.0], optimizer="sgd")
    picture = drawn(Convergence(x="steps"), study.frames())
    assert list(picture.lines) == ["sgd"]
    assert picture.legend[0] == "adam (2 of 2 diverged)"


def test_only_lost_runs_still_make_a_figure(study, drawn):
    study.add([np.inf, np.inf], status="diverged")
    for x in ("steps", "seconds"):
        picture = drawn(Convergence(x=x), study.frames())
        assert picture.legend == ["adam (1 of 1 diverged)", "half or more of the runs lost"]


def test_several_samplers_are_told_apart_by_line_style_and_name(study, drawn):
    for optimizer in ("adam", "sgd"):
        for sampler in ("shuffled:batch_size=32", "full"):
            study.add([8.0, 4.0], sampler=sampler, optimizer=optimizer)
    picture = drawn(Convergence(x="steps"), study.frames())
    assert picture.legend[:2] == ["adam · shuffled:batch_size=32", "adam · full"]
    first, second, *_ = picture.axes.lines
    assert first.get_color() == second.get_color()
    assert first.get_linestyle() != second.get_linestyle()


def test_the_samplers_of_one_optimizer_are_told_apart_by_colour(study, drawn):
    for sampler in ("shuffled:batch_size=32", "full"):
        study.add([8.0, 4.0], sampler=sampler)
    for figure, colors in (
        (Convergence(x="steps"), 2),
        (Convergence(x="steps", by="optimizer"), 1),
    ):
        picture = drawn(figure, study.frames())
        assert picture.legend == ["adam · shuffled:batch_size=32", "adam · full"]
        assert len({line.get_color() for line in picture.axes.lines}) == colors


def test_for_fixed_targets_the_line_is_the_median_of_the_places(study, drawn):
    study.add([8.0, 4.0, 2.0, 1.0])
    study.add([8.0, 6.0, 1.0, 0.5])
    study.add([8.0, 3.0, 2.5, 2.2])
    figure = Convergence(x="steps", view="fixed-target", y_scale="linear")
    frames = study.frames()
    numbers = figure.data(frames)
    for at, places in ((7.0, [1, 1, 1]), (5.0, [1, 1, 2]), (2.1, [2, 2, np.inf])):
        row = numbers.iloc[(numbers["level"] - at).abs().argmin()]
        quartiles = np.sort(places)[[0, 1, 2]]
        assert row["median"] == quartiles[1]
        assert row["lower"] == (quartiles[0] + quartiles[1]) / 2
        assert row["upper"] == (quartiles[1] + quartiles[2]) / 2
    assert numbers["level"].min() == pytest.approx(1.0, abs=7.5 / 199)  # two of three got there
    picture = drawn(figure, frames)
    np.testing.assert_array_equal(picture.lines["adam"], numbers[["median", "level"]])
    shown = numbers[np.isfinite(numbers["upper"])]
    for quartile in ("lower", "upper"):
        corners = zip(shown[quartile], shown["level"], strict=True)
        assert set(corners) <= set(map(tuple, picture.band))
    title = "rosenbrock: steps to reach each level, median and quartiles of 3 seeds"
    assert picture.title == title


@pytest.mark.parametrize("x", ["steps", "gradients", "seconds"])
@pytest.mark.parametrize("metric", ["loss", "test_accuracy"])
def test_the_places_are_those_that_tables_have_of_targets(study, random, x, metric):
    for index in range(9):
        losses = np.exp((random.standard_normal(12) - 1).cumsum())  # most of them fall
        status = ("finished", "diverged", "stopped")[index % 3]
        study.add(losses, status=status, pace=random.random(), test_accuracy=1 / (1 + losses))
    frames = study.frames()
    numbers = Convergence(view="fixed-target", x=x, metric=metric).data(frames)
    paid = evaluations_to_target(
        frames.trials, frames.curves, numbers["level"], by=x, metric=metric
    )
    medians = paid.groupby("level")["cost"].median()
    assert len(numbers) > 5
    np.testing.assert_array_equal(numbers["median"], medians)


def test_a_level_is_reached_before_a_run_is_lost_but_not_where_it_is(study, drawn):
    study.add([8.0, 4.0, 2.0], status="diverged")
    study.add([], status="failed", optimizer="sgd")
    figure = Convergence(x="steps", view="fixed-target")
    numbers = figure.data(study.frames())
    assert numbers["level"].min() == pytest.approx(4.0)
    assert set(numbers["name"]) == {"adam"}
    picture = drawn(figure, study.frames())
    assert picture.legend == ["adam (1 of 1 diverged)", "sgd (1 of 1 failed)"]
    assert not picture.axes.collections  # one seed has no quartiles


@pytest.mark.parametrize("view", ["fixed-budget", "fixed-target"])
def test_what_is_drawn_is_the_data(study, random, view, drawn):
    for name in ("adam", "sgd"):
        for _ in range(4):
            study.add(np.exp(random.standard_normal(9).cumsum()), optimizer=name)
    figure = Convergence(x="steps", view=view)
    numbers, lines = figure.data(study.frames()), drawn(figure, study.frames()).lines
    columns = ["steps", "median"] if view == "fixed-budget" else ["median", "level"]
    for name, own in numbers.groupby("name"):
        np.testing.assert_array_equal(lines[name], own[columns])


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_the_scales_can_be_chosen(study, scale, drawn):
    study.add([3.0, 2.5, 2.0])
    axes = drawn(Convergence(x="steps", y_scale=scale), study.frames()).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", scale)
    axes = drawn(Convergence(x="steps", x_scale=scale), study.frames()).axes
    assert axes.get_xscale() == ("symlog" if scale == "log" else "linear")
    assert axes.get_xlim()[0] == 0


def test_log_spaced_steps_can_be_drawn_linear(study, drawn):
    log = np.unique(np.geomspace(1, 1000, 30).astype(int))
    study.add(np.linspace(2, 1, len(log) + 1), x=[0, *log], minimum=0.0)
    axes = drawn(Convergence(x="steps", x_scale="linear", y_scale="linear"), study.frames()).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")
    assert axes.get_ylabel() == "loss − f*"


def test_a_logarithmic_axis_shows_nothing_below_zero(study):
    study.add([3.0, 0.0])
    reason = "some loss is not positive, which a logarithmic axis cannot show"
    assert Convergence(x="steps", y_scale="log").missing(study.frames()) == reason
    study.trials.clear()
    study.curves.clear()
    study.add([3.0, 0.0], minimum=0.0)
    assert Convergence(x="steps", y_scale="log").missing(study.frames()) is None


def test_a_lost_accuracy_against_seconds_ends_on_a_logarithmic_axis(study, drawn):
    for _ in range(3):
        study.add([1.0, 1.0, 1.0], test_accuracy=[0.1, 0.2, 0.9], status="diverged")
    figure = Convergence(x="seconds", metric="test_accuracy", y_scale="log")
    axes = drawn(figure, study.frames()).axes
    assert axes.lines[0].get_ydata().min() >= 0.1


def test_seeds_that_end_in_places_of_their_own_share_a_grid(study):
    for seed in range(900):
        study.add([8.0, 4.0, 1.0], x=[0, 10, 20 + seed])
    frames = study.frames()
    numbers = Convergence(x="steps").data(frames)
    assert len(numbers) <= 400
    half = numbers[numbers["steps"] >= 20 + 450]
    assert (half["median"] == 1.0).all()
    before = numbers[(numbers["steps"] >= 10) & (numbers["steps"] < 20 + 449)]
    assert (before["median"] == 4.0).all()
    assert numbers["steps"].iloc[-1] == 20 + 899


def test_of_many_settings_the_best_are_drawn_and_it_says_so(study, drawn):
    for name, best in (("adam", 3), ("sgd", 5)):
        for index in range(10):
            for _ in range(2):
                study.add(
                    [9.0, 1 + abs(index - best)],
                    optimizer=f"{name}:lr={index}",
                    trial={"contender": name},
                )
    picture = drawn(Convergence(x="steps"), study.frames())
    best = [f"{label} (best of 10 settings)" for label in ("adam:lr=3", "sgd:lr=5")]
    assert picture.legend == best
    assert picture.title == "rosenbrock: median and quartiles of 2 seeds, best settings only"


@pytest.mark.parametrize("width", [None, 3.3])
def test_twelve_optimizers_with_long_names_can_be_read(study, drawn, width):
    for i in range(12):
        name = f"optimizer-{i}:lr=0.{i}+clip-norm:max=1,with=a-very-long-$name${i}"
        for _ in range(3):
            study.add(np.exp(-np.arange(60.0) / 9), optimizer=name)
    picture = drawn(Convergence(x="steps"), study.frames(), width)
    axes = picture.axes
    texts = [*axes.get_legend().get_texts(), axes.xaxis.label, axes._left_title]
    picture.assert_on_page_and_apart(texts)
    assert min(text.get_size() for text in texts) > 5.5
    assert axes.bbox.height >= 0.45 * axes.bbox.width
    assert "\\$name\\$11" in picture.legend[-1].replace("\n", "")
    if width is None:
        picture.assert_apart()
