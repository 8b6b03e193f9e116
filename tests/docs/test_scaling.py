"""The script that measures and draws how costs grow."""

import csv
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import optframe
from optframe.rules import computing_with
from optframe_plugins.backends.numba import NumbaBackend

DOCS = Path(__file__).parent.parent.parent / "docs"
FIGURES = ("parameters", "runs", "checkpoints", "trials")


@pytest.fixture(scope="module")
def modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        import scaling
        import scaling_figures

        yield scaling, scaling_figures
    for name in ("scaling", "scaling_figures"):
        sys.modules.pop(name, None)


@pytest.fixture
def scaling(modules):
    return modules[0]


@pytest.fixture
def figures(modules):
    return modules[1]


@pytest.fixture(scope="module")
def measured(modules, tmp_path_factory):
    """What the command leaves after it has measured next to nothing."""
    scaling, _ = modules
    small = {
        "parameters": partial(scaling.parameters, (2, 30), 1e-4, 2),
        "runs": partial(scaling.runs, (1, 3, 7), 60, 2),
        "checkpoints": partial(scaling.checkpoints, (2, 5), 20, 2),
        "trials": partial(scaling.trials, (1, 3), 1),
    }
    out = tmp_path_factory.mktemp("static")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "MEASURES", small)
        patch.setattr(sys, "argv", ["scaling.py", "--out", str(out)])
        scaling.main()
    return out


def test_every_figure_has_its_lines(figures, measured):
    where, rows = figures.read(measured / "scaling.csv")
    assert f"Python {sys.version.split()[0]}" in where
    assert all(np.isfinite(row.value) and row.value > 0 for row in rows)
    seconds = {}
    for row in rows:
        if row.quantity == "seconds":
            seconds.setdefault((row.figure, row.line), []).append(row.x)
    backends = ["plain NumPy", "optframe, numpy"]
    backends += [] if NumbaBackend().missing() else ["optframe, numba"]
    for name in backends:
        for dtype in ("float32", "float64"):
            assert seconds.pop(("parameters", f"{name}, {dtype}")) == [2, 30]
    roofs = {key for key in seconds if key[0] == "parameters"}
    assert roofs == {("parameters", f"roof, {d}") for d in ("float32", "float64")} or not roofs
    assert {key: x for key, x in seconds.items() if key not in roofs} == {
        **{
            ("runs", f"{o}, {w}"): [1, 3, 7]
            for o in ("sgd", "adam")
            for w in ("optframe", "plain NumPy")
        },
        ("checkpoints", "the whole run"): [2, 5],
        ("checkpoints", "its steps, by its clock"): [2, 5],
        ("trials", "one at a time"): [1, 3],
        ("trials", "together"): [1, 3],
    }
    memory = [row.value for row in rows if row.quantity == "memory"]
    assert len(memory) == 4
    assert all(2e7 < value < 1e10 for value in memory)


def test_one_figure_is_measured_anew_and_the_others_stay(scaling, figures, measured, monkeypatch):
    file = measured / "scaling.csv"
    _, before = figures.read(file)
    again = {"runs": lambda: iter([figures.Row("runs", "sgd, optframe", 5, "seconds", 0.25)])}
    monkeypatch.setattr(scaling, "MEASURES", {**scaling.MEASURES, **again})
    monkeypatch.setattr(sys, "argv", ["scaling.py", "--out", str(measured), "--only", "runs"])
    text = file.read_text(encoding="utf-8")
    try:
        scaling.main()
        _, after = figures.read(file)
    finally:
        file.write_text(text, encoding="utf-8")
    others = [row for row in before if row.figure != "runs"]
    assert [row for row in after if row.figure != "runs"] == others
    assert [row for row in after if row.figure == "runs"] == [
        ("runs", "sgd, optframe", 5.0, "seconds", 0.25)
    ]


def test_the_same_numbers_give_the_same_bytes(figures, measured, tmp_path):
    _, rows = figures.read(measured / "scaling.csv")
    drawn = figures.draw(rows, tmp_path)
    assert [path.name for path in drawn] == [f"scaling-{name}.svg" for name in FIGURES]
    figures.draw(rows, measured)
    for path in drawn:
        assert path.read_bytes() == (measured / path.name).read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_covers_the_panels_and_every_axis_says_what_it_is(figures, name):
    _, rows = figures.read(DOCS / "_static" / "scaling.csv")
    drawn = figures.figure(rows, name)
    drawn.draw_without_rendering()
    (legend,) = drawn.legends
    below = legend.get_window_extent()
    panels = drawn.axes
    boxes = [axes.get_tightbbox() for axes in panels]
    assert not any(below.overlaps(box) for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    columns = {axes.get_subplotspec().colspan.start: axes for axes in panels}
    assert all(axes.get_xlabel() for axes in columns.values())
    first = [axes for axes in panels if axes.get_subplotspec().is_first_col()]
    assert all(axes.get_ylabel() for axes in first)
    assert all(axes.get_xscale() == axes.get_yscale() == "log" for axes in panels)
    for axes in panels:
        ticks = [t.get_text() for t in axes.get_yticklabels() if t.get_text()]
        assert len(ticks) >= 2 or axes not in first


def test_the_lines_are_the_numbers(figures):
    _, rows = figures.read(DOCS / "_static" / "scaling.csv")
    (axes,) = figures.figure(rows, "runs").axes
    for line in axes.get_lines():
        kept = sorted(
            (r.x, r.value) for r in rows if (r.figure, r.line) == ("runs", line.get_label())
        )
        np.testing.assert_array_equal(line.get_xydata(), kept)
        assert len(kept) > 5


def test_all_do_the_same_update(scaling, random):
    for dtype in ("float32", "float64"):
        theta, g = random.standard_normal((2, 100_000)).astype(dtype)
        sides = [SimpleNamespace(theta=theta.copy(), g=g) for _ in range(2)]
        steps = [scaling.plain_step(sides[0]), scaling.step_on(sides[1])]
        with computing_with(optframe.load_plugins().make("backends", "numpy")):
            for step in steps * 3:
                step()
        assert not np.array_equal(sides[0].theta, theta)
        np.testing.assert_array_equal(sides[0].theta, sides[1].theta)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_bare_loop_goes_where_runs_go(scaling, random, optimizer):
    start = random.uniform(-1.5, 1.5, (3, 2))
    found = scaling.plain_runs(optimizer, start, np.full((3, 1), 1e-4), 20)
    for theta0, end in zip(start, found, strict=True):
        told = optframe.minimize("rosenbrock", f"{optimizer}:lr=1e-4", steps=20, theta0=theta0)
        np.testing.assert_allclose(end, told.theta, rtol=1e-9, atol=1e-12)


def test_the_page_shows_every_figure():
    page = (DOCS / "scaling.md").read_text(encoding="utf-8")
    with (DOCS / "_static" / "scaling.csv").open(encoding="utf-8") as file:
        where = file.readline().removeprefix("# ").strip()
        kept = {row[0] for row in [*csv.reader(file)][1:]}
    assert kept == set(FIGURES)
    assert " ".join(where.split()) in " ".join(page.split())
    for name in FIGURES:
        assert f"(_static/scaling-{name}.svg)" in page
        assert (DOCS / "_static" / f"scaling-{name}.svg").exists()
