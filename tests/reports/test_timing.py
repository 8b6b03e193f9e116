"""That the timing figure shows each seed and the median, in a unit that it names."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection

from optframe.drawing import picture
from optframe_reports.figures.timing import Timing


def draw(frames):
    canvas = picture(Timing(), frames)
    canvas.draw_without_rendering()
    return canvas


def add(study, optimizer, *paces, **given):
    for pace in paces:
        study.add(np.ones(11), optimizer=optimizer, pace=pace, **given)


def points(axes):
    """Return the points of each row, which are seaborn's."""
    rows = [c.get_offsets() for c in axes.collections if not isinstance(c, LineCollection)]
    return [sorted(np.asarray(row)[:, 0]) for row in rows if len(row)]


def medians(axes):
    bars = [c for c in axes.collections if isinstance(c, LineCollection)]
    return [bar.get_segments()[0][0, 0] for bar in bars]


def test_each_seed_is_a_point_and_the_median_a_bar_with_its_number(study):
    add(study, "adam", 2e-6, 4e-6, 9e-6)
    add(study, "sgd", 1e-6, 3e-6)
    axes = draw(study.frames()).axes[0]
    assert points(axes) == [pytest.approx([2, 4, 9]), pytest.approx([1, 3])]
    assert medians(axes) == pytest.approx([4, 2])
    assert [text.get_text() for text in axes.texts] == ["4.00 µs", "2.00 µs"]
    assert axes.get_xlabel() == "time per step (µs)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["adam", "sgd"]
    assert axes.get_xlim()[0] == 0


def test_the_axis_is_logarithmic_if_medians_span_over_a_decade(study):
    add(study, "adam", 2e-3)
    add(study, "newton", 5e-2)
    axes = draw(study.frames()).axes[0]
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "time per step (ms)"


def test_a_diverged_run_has_a_time_and_one_that_took_no_step_has_none(study):
    add(study, "adam", 2e-3, status="diverged")
    study.add([], optimizer="sgd", status="failed")
    study.add([1.0], optimizer="newton", status="stopped")
    axes = draw(study.frames()).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["adam"]


def test_without_a_step_there_is_nothing_to_draw(study):
    study.add([], status="planned").add([1.0], status="stopped")
    assert Timing().missing(study.frames()) == "no run has taken a step yet"


def test_long_names_stay_on_the_figure_and_apart(study):
    for i in range(12):
        add(study, f"optimizer-{i}:lr=0.{i}+clip-norm:max=1+weight-decay:rate=0.0001,x=<b>", 1e-5)
    canvas = draw(study.frames())
    agg = FigureCanvasAgg(canvas)
    agg.draw()
    renderer = agg.get_renderer()
    labels = canvas.axes[0].get_yticklabels()
    boxes = [label.get_window_extent(renderer) for label in labels]
    assert len(boxes) == 12
    assert all(canvas.bbox.x0 <= box.x0 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
