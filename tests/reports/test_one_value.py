"""A quantity that stands at several places of a report has one value."""

import math
import re

import pytest

import optframe
from optframe.contracts.figure import Frames
from optframe.drawing.palette import color_of_each
from optframe.statistics import standings
from optframe_reports.figures.advantage import Advantage
from optframe_reports.figures.rank_heatmap import RankHeatmap
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table

from ..statistics.standings.studies import random_study

STUDIES, CHUNK = 60, 10


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    study = optframe.Study(
        name="one value",
        optimizers=["sgd:lr=0.02", "momentum:lr=0.01", "adam:lr=0.3"],
        problems=["booth", "rosenbrock", "quadratic"],
        start="random",
        budget={"steps": 150, "target": 1e-3},
        seeds=6,
    )
    return optframe.run(study, tmp_path_factory.mktemp("one") / "out")


def test_headline_tables_and_figures_have_the_same_numbers(results):
    found = results.standings()
    first, second = found.contenders[:2]
    who, much, sure = found.headline

    pairs = pairwise_table(found)
    (pair,) = [r for r in pairs.rows if (r["optimizer"], r["against"]) == (first, second)]
    ratio = re.search(r"needs (.*?) times \(95 %: (.*?)\) the work", much)
    assert ratio
    assert pair["times the work"] == f"{ratio[1]} ({ratio[2]})"
    told = re.search(r"p (?:=|<) ([\d.e-]+)", sure)
    shown = {r["p"].removeprefix("< ") for r in pairs.rows if r["optimizer"] == first}
    assert told
    assert told[1] in shown

    overall = overall_table(found)
    assert [row["optimizer"] for row in overall.rows] == list(found.contenders)
    reached = re.search(r"reached the target in (\d+) of (\d+) runs", who)
    assert reached
    assert overall.rows[0]["reached"] == reached[1]
    firsts = re.search(r"first on (\d+)", who)
    assert (firsts is None) or overall.rows[0]["first on"] == firsts[1]

    for table in tables_of_problems(found):
        own = found.cells[found.cells["problem"] == table.title].set_index("contender")
        by_cost = (own["kind"] == "cost").all()
        column = "work to target" if by_cost else "mean f − f*"
        for row in table.rows:
            cell = own.loc[row["optimizer"]]
            assert row.values[column] == pytest.approx(cell["performance"], rel=1e-12)
            assert row["reached"].startswith(f"{cell['won']} of {cell['runs']} ")
            assert row.best == cell["first"]
        solved = {name for name in own.index if own.loc[name, "won"]}
        assert solved == {r["optimizer"] for r in table.rows if not r["reached"].startswith("0 ")}

    panel = found.panels()
    drawn = panel[
        panel["panel"].str.match("all problems(: cost)?$") & (panel["contender"] == second)
    ]
    assert drawn["ratio"].to_list() == [pair.values["times the work"]]


def test_a_format_has_the_headline_as_it_is(results, tmp_path):
    text = optframe.report(results, tmp_path, format="md").read_text(encoding="utf-8")
    for line in results.standings().headline:
        assert line in text.replace("\\", "")


def _same(a, b):
    return math.isclose(a, b, rel_tol=1e-12) or (a != a and b != b)


def _of_tables(found):
    """Yield each number of the tables of problems with that of the cells, where it is the same."""
    for table in tables_of_problems(found):
        of_problem = found.cells[found.cells["problem"] == table.title]
        cells = of_problem.set_index(["contender", "setting"]).to_dict("index")
        rows = [row["optimizer"] for row in table.rows]
        for row in table.rows:
            cell = cells.get((row["optimizer"], row["optimizer"]))
            if cell is None or rows.count(row["optimizer"]) > 1:
                continue  # a grid, or several samplers: its cell has the runs of several rows
            where = f"{table.title}, {row['optimizer']}"
            (judged,) = [c for c in row.values if c.startswith("mean ") or c.endswith(" to target")]
            yield where, row.values[judged], cell["performance"]
            if row["reached"] != "–":
                yield where, row.values["reached"], cell["won"]
            if not found.doubt:
                groups = found.groups[found.groups["problem"] == table.title]
                best = row.values["to the best"] <= 1 + 1e-9
                yield where, row.best, best
                yield where, groups["ratio"].min(), 1.0


def _of_headline(found):
    """Yield the numbers of the sentences with those of the tables."""
    who, much, *_ = found.headline
    first, second = found.contenders[:2]
    pairs, overall = pairwise_table(found), overall_table(found)
    (pair,) = [r for r in pairs.rows if (r["optimizer"], r["against"]) == (first, second)]
    for told in re.finditer(r"(?:needs|ends with) ([^;,(]*?) times(?: \(95 %: (.*?)\))?", much):
        shown = f"{told[1]} ({told[2]})" if told[2] else told[1]
        ratios = [text for column, text in pair.texts.items() if column.startswith("times the ")]
        yield "ratio", shown in ratios or f"ratio {shown} of {ratios}", True
    if overall is None:
        return
    row = overall.rows[0]
    yield "leader", row["optimizer"], first
    for words, column in (("first on", "first on"), ("within twice the best on", None)):
        told = re.search(rf"{words} (\d+)", who)
        if told:
            yield words, told[1], row[column or "within twice the best"]
    told = re.search(r"reached the target in (\d+) of (\d+) runs", who)
    if told and row["runs"] == told[2]:
        yield "reached", told[1], row["reached"]


def _of_figures(found, study):
    """Yield the numbers of the figures with those of the tables."""
    frames = Frames(
        found.trials,
        study.curves,
        color_of_each(found.trials["optimizer"]),
        cost=study.cost,
        metric=study.metric,
        standings=found,
    )
    pairs = {(r["optimizer"], r["against"]): r for r in pairwise_table(found).rows}
    figure = Advantage()
    if figure.missing(frames) is None:
        drawn = figure.data(frames)
        whole = drawn[drawn["panel"].str.startswith("all problems")]
        for _, row in whole.iterrows():
            pair = pairs.get((found.contenders[0], row["contender"]))
            if pair is None:
                continue
            told = [v for c, v in pair.values.items() if c.startswith("times the ")]
            found_one = (
                any(_same(row["ratio"], value) for value in told) or row["ratio"] != row["ratio"]
            )
            yield f"advantage over {row['contender']}", found_one or (row["ratio"], told), True
    figure = RankHeatmap()
    if figure.missing(frames) is None:
        cells = found.cells.set_index(["problem", "contender"])
        for row in figure.data(frames).to_dict("records"):
            at = row["problem"], row["optimizer"]
            if at in cells.index:
                yield f"heatmap {at}", row["rank"], cells.loc[at, "rank"]
                yield f"heatmap {at}", row["cost"], cells.loc[at, "performance"]


def _differing(number):
    study = random_study(number)
    found = study.judged(standings)
    parts = [_of_tables(found)]
    if found.comparable and len(found.headline) == 3 and len(found.contenders) > 1:
        parts += [_of_headline(found), _of_figures(found, study)]
    for part in parts:
        for where, one, other in part:
            same = _same(one, other) if isinstance(one, float) else one == other
            if not same:
                yield f"random_study({number}), {where}: {one} and {other}"


@pytest.mark.parametrize("begin", range(0, STUDIES, CHUNK))
def test_on_generated_studies_no_number_has_two_values(begin):
    wrong = [text for number in range(begin, begin + CHUNK) for text in _differing(number)]
    assert not wrong, "\n".join(wrong)
