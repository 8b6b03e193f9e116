"""That tuning-landscape shows every setting at its place, and the best of each cell."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from optframe.drawing.figures import picture, written
from optframe_reports.figures.tuning_landscape import TuningLandscape
from optframe_reports.plotting.setting_pairs import best_in_cells
from optframe_reports.plotting.setting_shades import places
from optframe_reports.plotting.tuned_searches import tuned_of

from .tuned import SPACES, tuned_frames


def test_a_line_goes_through_the_places_of_a_setting_to_its_value(drawn):
    frames = tuned_frames({"adam": 3}, trials=12)
    shown = drawn(TuningLandscape(), frames)
    (lines,) = (c for c in shown.axes.collections if isinstance(c, LineCollection))
    segments = lines.get_segments()
    settings = frames.tunings["proposals"].iloc[0][0]
    losses = frames.tuning["loss"].to_numpy()
    finite = losses[np.isfinite(losses)]
    expected = []
    for setting, loss in zip(settings, losses, strict=True):
        us = [SPACES[name].u_of(value) for name, value in setting.items()]
        span = np.log(finite.max() / finite.min())
        end = np.log(finite.max() / loss) / span if np.isfinite(loss) else -0.12
        expected.append([*us, end])
    found = sorted(segment[:, 1].tolist() for segment in segments)
    assert found == [pytest.approx(row) for row in sorted(expected)]
    # The best is on top, and has points.
    assert segments[-1][-1, 1] == pytest.approx(1.0)
    (points,) = shown.marks("o") or [shown.axes.lines[0].get_xydata()]
    assert points[:, 1].tolist() == pytest.approx(segments[-1][:, 1].tolist())
    assert "adam: 12 settings" in shown.notes


@pytest.mark.parametrize("contenders", [1, 3, 12])
def test_there_is_a_row_for_each_contender(drawn, contenders):
    names = {f"optimizer{i}": 1 + i % 6 for i in range(contenders)}
    frames = tuned_frames(names, trials=6)
    shown = drawn(TuningLandscape(), frames)
    lines = [c for c in shown.axes.collections if isinstance(c, LineCollection)]
    assert len(lines) == contenders
    for name in names:
        assert f"{name}: 6 settings" in shown.notes


def test_the_data_have_a_row_for_each_setting():
    frames = tuned_frames({"adam": 2, "sgd": 1}, trials=5, studies=2)
    data = TuningLandscape().data(frames)
    assert len(data) == 20
    assert data.columns.tolist() == ["name", "study", "number", "value", "broken", "lr", "beta1"]
    losses = frames.tuning["loss"].fillna(np.inf)
    assert data["value"].tolist() == losses.tolist()
    assert data["beta1"].notna().sum() == 10


def test_a_cell_has_the_best_of_its_settings():
    frames = tuned_frames({"adam": 2}, trials=60)
    (one,), _ = tuned_of(frames)
    best, count = best_in_cells(one, "lr", "beta1")
    side = int(60**0.5 / 1.5)
    expected = np.full((side, side), np.inf)
    number = np.zeros((side, side))
    for u, v, value in zip(one.u("lr"), one.u("beta1"), one.values, strict=True):
        row, column = min(int(v * side), side - 1), min(int(u * side), side - 1)
        expected[row, column] = min(expected[row, column], value)
        number[row, column] += 1
    assert best.tolist() == expected.tolist()
    assert count.tolist() == number.tolist()


def test_there_is_a_map_for_each_pair_of_fields(drawn):
    frames = tuned_frames({"adam": 4, "sgd": 1, "momentum": 2}, trials=20)
    shown = drawn(TuningLandscape(kind="pairs"), frames)
    assert len(shown.axes.collections) == 6 + 1
    one = drawn(TuningLandscape(kind="pairs", contender="momentum"), frames)
    assert len(one.axes.collections) == 1
    many = tuned_frames({f"optimizer{i}": 6 for i in range(3)}, trials=6)
    assert "Shown: 28 of 45 pairs" in drawn(TuningLandscape(kind="pairs"), many).notes


@pytest.mark.parametrize(("width", "across"), [(3.3, 3), (7.0, 3), (12.0, 4)])
def test_maps_fill_a_picture_of_any_width(width, across):
    frames = tuned_frames({"adam": 4})
    axes = picture(TuningLandscape(kind="pairs"), frames, width).axes[0]
    lefts = {round(float(mesh.get_coordinates()[0, 0, 0]), 6) for mesh in axes.collections}
    assert len(lefts) == across


def test_the_name_of_a_samplers_field_breaks_after_its_dot():
    frames = tuned_frames({"adam": 3})
    frames.tunings["space"] = [{"lr": SPACES["lr"], "sampler.batch_size": SPACES["beta1"]}]
    axes = picture(TuningLandscape(), frames, 3.3).axes[0]
    assert "sampler.\nbatch_size" in [text.get_text() for text in axes.texts]


def test_what_cannot_be_drawn_is_said(study):
    frames = tuned_frames({"adam": 1})
    assert "expected kind=parallel" in TuningLandscape(kind="pairs").missing(frames)
    assert "'adm' was not tuned" in TuningLandscape(contender="adm").missing(frames)
    bare = study.add([2.0, 1.0]).frames()
    assert TuningLandscape().missing(bare) == "nothing was tuned in this study"


def test_places_go_from_the_best_to_the_worst():
    found = places(np.array([1.0, 10.0, 100.0, np.inf]))
    assert found[:3].tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert np.isnan(found[3])
    assert places(np.array([0.0, 5.0, 10.0])).tolist() == [0.0, 0.5, 1.0]
    assert places(np.array([3.0, 3.0])).tolist() == [0.0, 0.0]
    assert np.isnan(places(np.array([np.inf]))).all()


@pytest.mark.parametrize("kind", ["parallel", "pairs"])
def test_the_same_frames_give_the_same_bytes(kind):
    frames = tuned_frames({"adam": 2, "sgd": (3, "optuna")})
    first, second = (written(picture(TuningLandscape(kind), frames), "svg") for _ in range(2))
    assert first == second
