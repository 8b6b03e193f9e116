"""A quantity that stands at several places of a report has one value."""

import re

import pytest

import optframe
from optframe_reports.tables.of_problem import tables_of_problems
from optframe_reports.tables.overall import overall_table
from optframe_reports.tables.pairwise import pairwise_table


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
