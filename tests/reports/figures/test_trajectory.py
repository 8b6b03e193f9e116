"""That paths are the runs', in a window that shows what matters, and that a film moves on."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from optframe.contracts.record import Landscape
from optframe.drawing.figures import written
from optframe_reports.figures.trajectory import Trajectory


def bowl(theta):
    return np.sum(np.asarray(theta) ** 2, axis=-1)


def add(study, theta, *, optimizer="adam", minimum=0.0, status="finished", loss=None, **given):
    theta = np.asarray(theta, float)
    loss = bowl(theta) if loss is None else loss
    named = {"theta_0": theta[:, 0], "theta_1": theta[:, 1]}
    study.add(loss, optimizer=optimizer, minimum=minimum, status=status, **named, **given)
    return study


def seen(study, reach=3.0):
    """Return the frames, with the bowl recorded for every run."""
    axis = np.linspace(-reach, reach, 48)
    grid = Landscape((axis, axis), axis[:, None] ** 2 + axis**2)
    frames = study.frames()
    return dataclasses.replace(frames, landscapes=dict.fromkeys(frames.trials["key"], grid))


def lines(picture, name):
    """Return the points of the lines of an optimizer."""
    return picture.styled()[to_hex(picture.frames.colors[name])]


def marked(picture, marker):
    return [points[0] for points in picture.marks(marker)]


def limits(picture):
    return np.array([picture.axes.get_xlim(), picture.axes.get_ylim()]).T


def test_each_path_joins_the_checkpoints_from_the_start_to_the_end(study, random, drawn):
    paths = {}
    for name in ("adam", "sgd"):
        paths[name] = np.vstack([[2.0, 1.0], random.uniform(-1, 1, (6, 2))])
        add(study, paths[name], optimizer=name)
    frames = seen(study)
    picture = drawn(Trajectory(), frames)
    for name, path in paths.items():
        (line,) = lines(picture, name)
        np.testing.assert_allclose(line, path)
    dots = marked(picture, "o")
    np.testing.assert_allclose(dots, [paths["adam"][-1], paths["sgd"][-1], [2.0, 1.0]])
    assert (picture.axes.get_xlabel(), picture.axes.get_ylabel()) == ("θ₀", "θ₁")
    assert "contours of f − f*" in picture.title
    data = Trajectory().data(frames)
    for name, path in paths.items():
        own = data[data["name"] == name]
        np.testing.assert_array_equal(own[["theta_0", "theta_1"]], path)
        np.testing.assert_allclose(own["loss"], bowl(path))


def test_a_star_is_where_a_run_came_close_to_the_known_minimum(study, drawn):
    add(study, [[2, 1], [1, 1], [1e-4, 0]]).add([], optimizer="newton", status="crashed")
    add(study, [[2, 1], [0, 1], [0, 1e-5]], optimizer="sgd")
    picture = drawn(Trajectory(), seen(study))
    np.testing.assert_array_equal(marked(picture, "*"), [[0, 1e-5]])  # the better one
    assert picture.legend == ["adam", "newton (crashed)", "sgd", "start", "minimizer"]


def test_minimizers_that_are_apart_have_a_star_each(study, drawn):
    for sign, name in ((1, "adam"), (-1, "sgd")):
        add(study, [[0, 1], [sign, 0]], loss=[1.0, 0.0], optimizer=name)
    stars = marked(drawn(Trajectory(), seen(study)), "*")
    assert sorted(map(tuple, stars)) == [(-1, 0), (1, 0)]


@pytest.mark.parametrize(("end", "minimum"), [([0.1, 0.0], 0.0), ([0.0, 0.0], np.nan)])
def test_without_a_known_minimum_or_a_run_that_came_close_there_is_no_star(
    study, end, minimum, drawn
):
    add(study, [[2, 1], end], minimum=minimum)
    picture = drawn(Trajectory(), seen(study))
    assert not marked(picture, "*")
    assert picture.legend == ["adam", "start"]


def test_until_a_step_between_two_checkpoints_the_path_ends_on_their_line(study, drawn):
    add(study, [[2, 0], [1, 0], [1, 1]], x=[0, 10, 20])
    add(study, [[2, 0], [0, 0]], x=[0, 40], optimizer="sgd")
    frames = seen(study)
    picture = drawn(Trajectory(until=0.375), frames)
    np.testing.assert_allclose(lines(picture, "adam"), [[[2, 0], [1, 0], [1, 0.5]]])
    np.testing.assert_allclose(lines(picture, "sgd"), [[[2, 0], [1.25, 0]]])
    assert "step 15 of 40" in picture.title
    whole = drawn(Trajectory(), frames)
    np.testing.assert_array_equal(limits(drawn(Trajectory(until=0.0), frames)), limits(whole))


def test_a_path_that_runs_away_is_cut_and_ends_in_a_cross_if_it_is_lost(study, drawn):
    for name in ("adam", "sgd"):
        add(study, [[1, 1], [0.5, 0.2], [0, 0]], optimizer=name)
    away = [[1, 1], [-0.5, 0.5], [3, 0.5], [-1e300, 1e200]]
    with np.errstate(over="ignore"):
        add(study, away, optimizer="wild", status="diverged")
    picture = drawn(Trajectory(), seen(study))
    (low, high) = limits(picture)
    assert (np.abs([low, high]) < 2).all()
    ((x, y),) = marked(picture, "x")
    assert x == pytest.approx(high[0])
    assert y == pytest.approx(0.5)
    (path,) = lines(picture, "wild")
    assert len(path) == 3  # up to where it first leaves
    assert picture.legend[:3] == ["adam", "sgd", "wild (diverged, cut)"]


def test_a_path_that_comes_back_is_drawn_whole(study, drawn):
    add(study, [[1, 1], [0.5, 0.5], [0, 0]])
    path = [[1, 1], [1, -300], [0, 0]]
    add(study, path, optimizer="newton")
    picture = drawn(Trajectory(), seen(study))
    (line,) = lines(picture, "newton")
    assert len(line) == 3
    assert line[1, 1] < -10  # far outside, towards where the path was
    assert picture.legend[:2] == ["adam", "newton (cut)"]


def test_the_window_holds_all_that_is_no_worse_than_the_start(study, random, drawn):
    start = random.uniform(1, 2, 2)
    paths = [np.vstack([start, random.uniform(-1, 1, (5, 2))]) for _ in range(4)]
    for i, path in enumerate(paths):
        add(study, path, optimizer=f"o{i}")
    low, high = limits(drawn(Trajectory(), seen(study)))
    assert all((path > low).all() and (path < high).all() for path in paths)


def test_parameters_on_scales_of_their_own_keep_them(study, drawn):
    add(study, [[1000, 1e-3], [0, 0]], loss=[1.0, 0.0])
    add(study, [[1000, 1e-3], [1, 1e-4]], loss=[1.0, 0.5], optimizer="sgd")
    low, high = limits(drawn(Trajectory(), seen(study)))
    assert high[0] - low[0] > 1000
    assert high[1] - low[1] < 1


def test_all_lost_at_once_still_show_the_start(study, drawn):
    lost = {"status": "diverged", "loss": [2.0, np.inf]}
    for name in ("adam", "sgd"):
        add(study, [[1, 1], [np.nan, np.inf]], optimizer=name, **lost)
    picture = drawn(Trajectory(), seen(study))
    low, high = limits(picture)
    assert ((low < 1) & (high > 1)).all()
    assert picture.legend[:2] == ["adam (diverged)", "sgd (diverged)"]


def test_a_run_without_a_path_is_in_the_legend(study, drawn):
    add(study, [[1, 1], [0, 0]])
    study.add([], optimizer="newton", status="failed", minimum=0.0)
    study.add([], optimizer="lion", status="planned")
    assert drawn(Trajectory(), seen(study)).legend[:2] == ["adam", "newton (failed)"]


def test_one_seed_is_drawn_by_default_the_first_with_a_landscape(study, drawn):
    for end in (0.0, 0.1, 0.2):
        add(study, [[1, 1], [end, 0]])
    frames = seen(study)
    recorded = {"key1": frames.landscapes["key1"], "key2": frames.landscapes["key2"]}
    frames = dataclasses.replace(frames, landscapes=recorded)
    for figure, seed, end in ((Trajectory(), 1, 0.1), (Trajectory(seed=2), 2, 0.2)):
        picture = drawn(figure, frames)
        np.testing.assert_allclose(lines(picture, "adam")[0][-1], [end, 0])
        assert f"seed {seed}" in picture.title
    assert "no contours recorded, seed 0" in drawn(Trajectory(), study.frames()).title


def test_with_f_star_unknown_heights_are_above_the_least_loss_seen(study, drawn):
    add(study, [[1, 1], [0.5, 0]], minimum=np.nan)
    picture = drawn(Trajectory(), seen(study))
    assert "contours of loss above the least seen" in picture.title
    assert picture.axes.collections


def test_of_many_settings_each_optimizers_best_is_drawn(study, drawn):
    frames = study.add_many(3, 10, 2, 5).frames()
    turn = np.linspace(0, 1, len(frames.curves))
    curves = frames.curves.assign(theta_0=np.cos(turn), theta_1=np.sin(turn))
    picture = drawn(Trajectory(), dataclasses.replace(frames, curves=curves))
    assert len(picture.legend) == 4  # and the start
    assert all("best of 10 settings" in text for text in picture.legend[:3])


def test_what_cannot_be_drawn_is_said(study):
    study.add([2.0, 1.0], theta_0=[1.0, 2.0])
    reason = "the problem has not two parameters, and its runs kept no paths"
    assert Trajectory().missing(study.frames()) == reason
    add(study, [[1, 1], [0, 0]])
    reason = "no run has seed 7; expected one of 0 to 1"
    assert Trajectory(seed=7).missing(study.frames()) == reason


@pytest.mark.parametrize("clock", ["log", "linear"])
def test_a_film_goes_from_the_start_to_the_end_by_its_clock(study, clock):
    add(study, np.linspace([2, 1], [0, 0], 101), x=np.arange(101))
    frames = seen(study)
    figure = Trajectory(clock=clock)
    moments = list(figure.animation(frames))
    steps = np.array([moment.data(frames)["step"].max() for moment in moments])
    share = np.linspace(0, 1, len(moments))
    expected = 100 * share if clock == "linear" else 101**share - 1
    np.testing.assert_allclose(steps, expected, atol=1e-9)
    assert {moment.size(frames) for moment in moments} == {figure.size(frames)}
    last, whole = moments[-1].data(frames), figure.data(frames)
    np.testing.assert_array_equal(last["theta_0"], whole["theta_0"])


def test_twelve_optimizers_with_long_names_overlap_nowhere(study, drawn):
    for i in range(12):
        name = f"optimizer-{i}:lr=0.{i}+clip-norm:max=1,with=a-very-long-$name$_<{i}>"
        add(study, [[2, 1], [np.cos(i), np.sin(i)], [0, i / 20]], optimizer=name)
    picture = drawn(Trajectory(), seen(study))
    picture.assert_apart()


def test_the_same_frames_give_the_same_bytes(study, drawn):
    add(study, [[2, 1], [1, 0.5], [0, 0]])
    frames = seen(study)
    for format in ("svg", "png"):
        first, second = (written(drawn(Trajectory(), frames).canvas, format) for _ in range(2))
        assert first == second


def recorded(study, paths):
    """Return the frames with these paths, a table (points, 5) for each run."""
    frames = seen(study)
    return dataclasses.replace(frames, paths=dict(zip(frames.trials["key"], paths, strict=True)))


def table(step, theta):
    """Return a path over the bowl, whose gradient is 2θ."""
    theta = np.asarray(theta, float)
    return np.column_stack([step, theta, 2 * theta])


def spiral(steps, turns=1.5):
    angle = np.linspace(0, 2 * np.pi * turns, steps + 1)
    return np.linspace(2, 0.2, steps + 1)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def test_a_recorded_path_is_drawn_step_by_step(study, drawn):
    theta = spiral(40)
    add(study, theta[::20], x=[0, 20, 40])
    frames = recorded(study, [table(range(41), theta)])
    picture = drawn(Trajectory(), frames)
    (line,) = lines(picture, "adam")
    np.testing.assert_allclose(line, theta, atol=1e-12)
    low, high = limits(picture)
    assert (theta > low).all()
    assert (theta < high).all()
    data = Trajectory().data(frames)
    assert data["step"].tolist() == [*range(41)]
    np.testing.assert_array_equal(data[["gradient_0", "gradient_1"]], 2 * theta)
    measured = data["loss"].notna()
    assert data["step"][measured].tolist() == [0, 20, 40]
    np.testing.assert_allclose(data["loss"][measured], bowl(theta[::20]))


def test_where_points_are_several_steps_apart_the_line_is_thinner(study, drawn):
    theta, step = spiral(8), [0, 1, 2, 3, 4, 5, 30, 60, 90]
    add(study, theta[[0, 6, 7, 8]], x=[0, 30, 60, 90])
    picture = drawn(Trajectory(), recorded(study, [table(step, theta)]))
    close, far = lines(picture, "adam")
    np.testing.assert_allclose(close, theta[:6], atol=1e-12)
    np.testing.assert_allclose(far, theta[5:], atol=1e-12)
    widths = [line.get_linewidth() for line in picture.axes.lines if line.get_linestyle() == "-"]
    assert widths[0] > 1.5 * widths[1]


def test_a_path_that_is_not_that_of_the_curve_is_not_drawn(study, drawn):
    theta = spiral(4)
    add(study, theta, x=[0, 2, 4, 6, 9])
    frames = recorded(study, [table(range(8), spiral(7))])
    (line,) = lines(drawn(Trajectory(), frames), "adam")
    np.testing.assert_allclose(line, theta, atol=1e-12)
    assert Trajectory().data(frames)["gradient_0"].isna().all()


def test_points_of_a_path_that_are_not_finite_are_left_out(study, drawn):
    theta = spiral(6)
    theta[5:] = np.nan
    add(study, theta[[0, 6]], x=[0, 6], status="diverged", loss=[4.0, np.nan])
    picture = drawn(Trajectory(), recorded(study, [table(range(7), theta)]))
    (line,) = lines(picture, "adam")
    np.testing.assert_allclose(line, theta[:5], atol=1e-12)


@pytest.mark.parametrize("clock", ["log", "linear"])
@pytest.mark.parametrize("steps", [30, 200, 230])
def test_a_film_of_recorded_paths_shows_whole_steps_and_counts_them(study, clock, steps, drawn):
    theta, other = spiral(steps), spiral(12)
    add(study, theta[[0, -1]], x=[0, steps])
    add(study, other[[0, -1]], x=[0, 12], optimizer="sgd")
    frames = recorded(study, [table(range(steps + 1), theta), table(range(13), other)])
    moments = list(Trajectory(clock=clock).animation(frames))
    shown = [moment.step for moment in moments]
    assert shown[0] == 0
    assert shown[-1] == steps
    assert shown == sorted(map(int, shown))
    assert clock == "linear" or {*range(12)} <= {*shown}
    if clock == "linear" and steps <= 200:
        assert shown == [*range(steps + 1)]
    else:
        share = np.arange(len(shown)) / (len(shown) - 1)
        exact = steps * share if clock == "linear" else (steps + 1) ** share - 1
        np.testing.assert_array_less(np.abs(exact[:-1] - shown[:-1]), 1 + 1e-6)
        assert len({id(moment) for moment in moments}) == len({*shown})
    whole = Trajectory().data(frames)
    for moment in (moments[1], moments[len(moments) // 2], moments[-1]):
        expected = whole[whole["step"] <= moment.step]
        assert moment.data(frames).equals(expected)
        title = drawn(moment, frames).axes.get_title("right")
        assert title == f"step {int(moment.step)} of {steps}"


def test_titles_of_a_film_break_alike_in_each_picture(study, drawn):
    theta = spiral(150)
    add(study, theta[[0, -1]], x=[0, 150], problem="a-problem-whose-name-is-long-" + 14 * "x")
    frames = recorded(study, [table(range(151), theta)])
    moments = list(Trajectory(clock="linear").animation(frames))
    titles = {drawn(moment, frames).title for moment in (moments[0], moments[50], moments[-1])}
    assert len(titles) == 1


def test_arrows_are_the_negative_gradient_of_one_length(study, drawn, legend_of_arrows):
    theta = spiral(60)
    theta[-1] = 0  # the minimizer, where there is no direction
    add(study, theta[[0, -1]], x=[0, 60])
    frames = recorded(study, [table(range(61), theta)])
    picture = drawn(Trajectory(arrows=True), frames)
    (quiver,) = picture.axes.collections[-1:]
    points, arrows = np.column_stack([quiver.X, quiver.Y]), np.column_stack([quiver.U, quiver.V])
    assert 8 <= len(points) <= 14
    assert {*map(tuple, points)} <= {*map(tuple, theta[:-1])}
    np.testing.assert_allclose(arrows, -points / np.linalg.norm(points, axis=1)[:, None], rtol=1e-9)
    assert quiver.angles == "xy"
    assert legend_of_arrows(picture)
    assert not legend_of_arrows(drawn(Trajectory(), frames))


@pytest.fixture
def legend_of_arrows():
    return lambda picture: "negative gradient" in picture.legend


def test_arrows_come_with_their_steps_and_stay(study, drawn):
    theta = spiral(60)
    add(study, theta[[0, -1]], x=[0, 60])
    frames = recorded(study, [table(range(61), theta)])
    seen_so_far = set()
    for moment in list(Trajectory(arrows=True, clock="linear").animation(frames))[::10]:
        collection = drawn(moment, frames).axes.collections[-1]
        points = {*zip(collection.X.tolist(), collection.Y.tolist(), strict=True)}
        assert seen_so_far <= points <= {*map(tuple, theta[: int(moment.step) + 1].tolist())}
        seen_so_far = points
    assert len(seen_so_far) > 8


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200])
def test_arrows_of_extreme_gradients_have_a_direction(size, study, drawn):
    theta = spiral(9)
    path = table(range(10), theta)
    path[:, 3:] = size * theta
    add(study, theta[[0, -1]], x=[0, 9])
    picture = drawn(Trajectory(arrows=True), recorded(study, [path]))
    quiver = picture.axes.collections[-1]
    np.testing.assert_allclose(np.hypot(quiver.U, quiver.V), 1, rtol=1e-9)


def test_without_recorded_gradients_arrows_are_refused(study):
    add(study, spiral(4))
    reason = Trajectory(arrows=True).missing(study.frames())
    assert reason == "no run has recorded gradients; run the study again, or draw without arrows"


def test_a_path_of_checkpoints_is_drawn_as_checkpoints_with_arrows(study, drawn):
    """Runs of a large batch record no more than that."""
    theta, step = spiral(6), [0, 1, 2, 5, 10, 20, 40]
    add(study, theta, x=step)
    frames = recorded(study, [table(step, theta)])
    picture = drawn(Trajectory(arrows=True), frames)
    (line,) = lines(picture, "adam")
    np.testing.assert_allclose(line, theta, atol=1e-12)
    assert len(picture.axes.collections[-1].U) > 3
    shown = [moment.step for moment in Trajectory(clock="linear").animation(frames)]
    np.testing.assert_allclose(shown, np.linspace(0, 40, len(shown)), atol=1e-9)
    assert len(shown) == 70
