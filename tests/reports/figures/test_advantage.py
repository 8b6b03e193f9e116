"""The figure advantage: ratios to the leader with their intervals, a panel for each problem."""

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex

from optframe.statistics import standings
from optframe.statistics.standings import tables
from optframe_reports.figures.advantage import Advantage


def costs(race, of, problems="p", seeds=6, sd=0.0, seed=0):
    """Add runs of {optimizer: cost}, or a list of costs for each problem; None never arrives."""
    random = np.random.default_rng(seed)
    for name, cost in of.items():
        for index, problem in enumerate(problems):
            one = cost[index] if isinstance(cost, list) else cost
            for _ in range(seeds):
                noise = np.exp(sd * random.normal())
                race.add(name, problem, None if one is None else one * noise)
    return race.frames()


class Panel:
    """A panel that is read back: of each contender, its mark and its line."""

    def __init__(self, axes, colors):
        self.axes, self.title = axes, axes.get_title()
        names = {to_hex(color): name for name, color in colors.items()}
        self.marks, self.ends, self.arrows = {}, {}, {}
        for line in axes.lines:
            name = names.get(to_hex(line.get_color()))
            if name is None:
                continue
            if line.get_linestyle() == "-":
                self.ends[name] = tuple(line.get_xdata())
            elif line.get_marker() in "<>" and line.get_markersize() == 5:
                self.arrows[name] = self.arrows.get(name, "") + line.get_marker()
            else:
                hollow = to_hex(line.get_markerfacecolor()) == "#ffffff"
                self.marks[name] = (line.get_marker(), float(line.get_xdata()[0]), hollow)


@pytest.fixture
def panels(drawn):
    def read(frames, width=None):
        found = drawn(Advantage(), frames, width)
        found.panels = {
            panel.title.replace("\n", ""): panel
            for panel in (Panel(axes, frames.colors) for axes in found.axes.child_axes)
        }
        return found

    return read


def test_the_ratio_is_that_of_the_costs_and_the_leader_is_at_1(race, panels):
    found = panels(costs(race, {"slow": 40, "fast": 20, "slower": 60}))
    assert [label.get_text() for label in found.axes.get_yticklabels()] == [
        "fast",
        "slow",
        "slower",
    ]
    marks = found.panels["p"].marks
    assert marks["fast"][:2] == ("D", 1.0)
    assert marks["slow"][1] == pytest.approx(2.0)
    assert marks["slower"][1] == pytest.approx(3.0)
    assert found.panels["p"].axes.get_xscale() == "log"


def test_there_is_a_panel_for_all_problems_and_one_for_each(race, panels):
    found = panels(costs(race, {"a": [10, 10], "b": [20, 80]}, "pq"))
    assert list(found.panels) == ["all problems", "p", "q"]
    at = {name: panel.marks["b"][1] for name, panel in found.panels.items()}
    assert at == pytest.approx({"all problems": 4.0, "p": 2.0, "q": 8.0}, rel=1e-6)


def test_costs_and_values_have_panels_of_their_own(race, panels):
    for name, cost, loss in (("a", 10, 0.1), ("b", 20, 0.3)):
        for _ in range(6):
            race.add(name, "p", cost)
            race.add(name, "q", loss=loss, target=np.nan, target_metric=None)
    found = panels(race.frames())
    assert list(found.panels) == ["all problems: cost", "all problems: value", "p", "q"]
    assert found.panels["all problems: value"].marks["b"][1] == pytest.approx(3.0)
    assert (
        found.title.replace("\n", " ") == "work to the target or final f − f* / that of a, 6 seeds"
    )


def test_what_is_drawn_is_what_the_standings_say(race, panels):
    frames = costs(race, {"a": 20, "b": 28, "c": 90}, "pq", sd=0.5)
    said = standings(frames.trials, frames.curves)
    found = panels(frames)
    assert Advantage().data(frames).equals(said.panels())
    for row in said.panels().to_dict("records"):
        panel, name = found.panels[row["panel"]], row["contender"]
        assert panel.marks[name][1] == pytest.approx(row["ratio"])
        if name != said.contenders[0]:
            low, high = panel.axes.get_xlim()
            ends = max(row["low"], low), min(row["high"], high)
            assert panel.ends[name] == pytest.approx(ends)
            arrows = ("<" if row["low"] < low else "") + (">" if row["high"] > high else "")
            assert panel.arrows.get(name, "") == arrows


def test_marks_are_hollow_unless_told_apart_whatever_the_interval_of_a_panel(race, panels):
    frames = costs(race, {"a": [20, 20], "b": [40, 14], "c": [200, 200]}, "pq", sd=0.2)
    said = standings(frames.trials, frames.curves).table.set_index("contender")["apart"]
    assert said.to_dict() == {"a": False, "b": False, "c": True}
    found = panels(frames)
    low, high = found.panels["p"].ends["b"]
    assert low > 1
    assert high > 1
    for panel in found.panels.values():
        assert [panel.marks[name][2] for name in "abc"] == [False, True, False]
    assert "Hollow: not told apart from the leader." in found.notes


def test_who_never_reached_the_target_is_a_triangle(race, panels):
    found = panels(costs(race, {"a": [10, 10], "b": [20, None]}, "pq"))
    assert found.panels["p"].marks["b"][0] == "o"
    assert found.panels["q"].marks["b"][0] == ">"
    assert found.panels["all problems"].marks["b"][0] == ">"
    assert "Triangle: a bound" in found.notes


def test_two_that_never_reached_it_are_a_cross(race, panels):
    found = panels(costs(race, {"a": [10, None], "b": [20, None], "c": [90, 10]}, "pq"))
    assert Advantage().data(race.frames())["contender"].iloc[0] != "b"
    crosses = [
        name for name, mark in found.panels["q"].marks.items() if mark[0] == "x" and mark[1] == 1
    ]
    assert crosses == (["b"] if "D" in found.panels["q"].marks["a"][0] else [])
    assert ("×: neither" in found.notes) == bool(crosses)


def test_one_seed_has_points_alone_and_says_why(race, panels):
    found = panels(costs(race, {"a": 10, "b": 20}, seeds=1))
    assert found.panels["p"].ends == {}
    assert found.panels["p"].arrows == {}
    assert found.panels["p"].marks["b"][1:] == (pytest.approx(2.0), True)
    assert "No intervals: too few different runs for 95 %." in found.notes
    assert "All hollow" in found.notes


def test_an_interval_that_leaves_the_panel_ends_in_an_arrow(race, panels):
    random = np.random.default_rng(3)
    for name, cost in (("a", 20), ("b", 24)):
        for _ in range(6):
            race.add(name, "p", cost * np.exp(1.5 * random.normal()))
            race.add(name, "q", cost)
    found = panels(race.frames())
    assert set("".join(found.panels["p"].arrows.values())) == {"<", ">"}
    low, high = found.panels["p"].axes.get_xlim()
    (ends,) = found.panels["p"].ends.values()
    assert ends == (low, high)


def test_one_contender_is_missing_and_said(race):
    race.add("a", status="planned")
    assert Advantage().missing(race.frames()) == "no trial has run yet"
    race.add("a", cost=10)
    assert Advantage().missing(race.frames()).startswith("only one optimizer has run")


def test_seconds_that_are_no_cost_are_said(race):
    for name in "ab":
        race.add(name, cost=10, together=3)
    assert "batches" in Advantage(by="seconds").missing(race.frames())


@pytest.mark.parametrize("width", [None, 3.3])
@pytest.mark.parametrize("problems", [1, 2, 4, 7])
def test_long_names_stay_on_the_picture_and_apart(race, panels, width, problems):
    names = [f"optimizer-{i}:lr=0.{i}+clip-norm:max=1,<b>=$na_me${i}" for i in range(6)]
    of = {name: 20.0 * (1 + i) for i, name in enumerate(names)}
    on = [f"problem-{i}:size=20,condition=1000" for i in range(problems)]
    found = panels(costs(race, of, on, sd=0.3), width)
    assert len(found.panels) == problems + (problems > 1)
    texts = [
        *found.axes.get_yticklabels(),
        found.axes._left_title,
        *found.axes.texts,
        *(panel.axes.title for panel in found.panels.values()),
        *(tick for p in found.panels.values() for tick in p.axes.get_xticklabels()),
    ]
    found.assert_on_page_and_apart(texts, slack=1)


def test_of_many_problems_and_contenders_the_first_are_shown(race, panels):
    of = {f"o{i:02}": 10.0 + i for i in range(14)}
    found = panels(costs(race, of, [f"p{i}" for i in range(11)], seeds=1))
    assert list(found.panels) == ["all problems", *(f"p{i}" for i in range(9))]
    assert list(dict.fromkeys(t.get_text() for t in found.axes.get_yticklabels())) == [
        f"o{i:02}" for i in range(12)
    ]
    assert "the first 9 of 11 problems" in found.notes
    assert "the first 12 of 14 contenders" in found.notes


def test_the_standings_of_the_frames_are_used_and_computed_once(race, drawn, monkeypatch):
    frames = costs(race, {"a": 10, "b": 20})
    found, made, calls = standings(frames.trials, frames.curves), tables.panels_frame, []

    def counted(of, table):
        calls.append(of)
        return made(of, table)

    monkeypatch.setattr(tables, "panels_frame", counted)
    drawn(Advantage(), dataclasses.replace(frames, standings=found))
    assert calls == [found]
