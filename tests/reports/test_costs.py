"""Every figure, table and page with every cost, on stores of today and of earlier formats."""

import dataclasses
import json
import re
import shutil
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Canvas

import optframe
from optframe import Study, UsageError, load, load_plugins
from optframe.cli.commands.report import command
from optframe.contracts.costs import COSTS, OFFERED
from optframe.drawing.figures import frames_of
from optframe.statistics import standings
from optframe.store.merging import merge
from optframe.store.results import Results
from optframe_reports.page.charts import Arrays, chart
from optframe_reports.problem_frames import by_problem
from optframe_reports.tables.of_problem import tables_of_problems

OLD = Path(__file__).parents[1] / "store" / "old"
CHOOSE = ("x", "by", "measure")
"""The parameters of figures that choose a cost."""


@pytest.fixture(scope="module")
def registry():
    return load_plugins()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Stores by name: today's on functions and on data, earlier ones, and one of both."""
    folder = tmp_path_factory.mktemp("stores")
    found = {}
    optimizers = ["bfgs", "adam:lr=0.1", "momentum:lr=0.0005"]
    problems = ["rosenbrock", "quadratic:size=3", "quadratic:size=3,rotate=true"]
    budget = {"work": 40, "target": 1e-3}
    functions = Study("new", budget, optimizers, problems, seeds=3, start="random")
    found["functions"] = optframe.run(functions, folder / "functions")
    samplers = ["shuffled:batch_size=16", "shuffled:batch_size=50"]
    data = {"epochs": 3, "target": {"test_accuracy": 0.9}}
    pair = ["sgd:lr=0.5", "adam:lr=0.05"]
    learning = Study("data", data, pair, ["softmax:data=iris"], samplers, seeds=2)
    found["data"] = optframe.run(learning, folder / "data")
    for name in ("functions", "data"):
        (folder / f"old-{name}").mkdir()
        shutil.copy(OLD / name / "store.sqlite", folder / f"old-{name}")
        found[f"old-{name}"] = load(folder / f"old-{name}")
    (folder / "both").mkdir()
    both = [found[name].path for name in ("functions", "old-functions")]
    found["both"] = Results(merge(both, folder / "both" / "store.sqlite").path)
    return found


def figures(registry):
    """Return the figures that show a cost, by their name, with the parameter that chooses it."""
    found = {}
    for name in registry.names("figures"):
        names = [field.name for field in fields(registry.load("figures", name))]
        for parameter in CHOOSE:
            made = registry.load("figures", name)
            default = getattr(made(), parameter, "") if parameter in names else ""
            if default is None or (name, parameter) == ("rotated", "measure"):
                found[name] = parameter
    return found


def test_these_figures_show_a_cost(registry):
    shown = "advantage convergence critical-difference data-profile ecdf ert generalization"
    shown += " performance-profile rank-heatmap rotated time-to-target"
    assert sorted(figures(registry)) == shown.split()


@pytest.mark.parametrize("store", ["functions", "data", "old-data", "both"])
@pytest.mark.parametrize("cost", OFFERED)
def test_each_figure_is_drawn_with_each_cost(registry, stores, store, cost):
    frames = frames_of(stores[store])
    one = next(iter(by_problem(frames).values()))
    drawn = 0
    for name, parameter in figures(registry).items():
        figure = registry.make("figures", name, {parameter: cost})
        part = frames if figure.across else one
        if figure.missing(part) is None:
            drawn += 1
            figure.draw(Canvas().subplots(), part)
    counted = "data" in store or cost not in ("epochs", "samples", "records")
    counted = counted or (store, cost) == ("both", "records")  # by gradients
    assert (drawn >= 4) == counted


@pytest.mark.parametrize("cost", ["work", "steps", "seconds", "evaluations"])
def test_by_default_the_cost_is_the_studys(registry, stores, cost):
    frames = frames_of(stores["functions"].judged_by(cost))
    one = by_problem(frames)["rosenbrock"]
    for name, parameter in figures(registry).items():
        named = registry.make("figures", name, {parameter: cost})
        if name not in ("generalization", "rotated"):
            part = frames if named.across else one
            assert registry.make("figures", name, {}).data(part).equals(named.data(part))


def test_places_on_an_axis_of_work_are_those_of_the_curve(stores):
    """Of a single seed, and of several whose checkpoints cost the same."""
    results = stores["data"]
    frames = by_problem(frames_of(results))["softmax:data=iris"]
    label, records = "sgd:lr=0.5", []
    for sampler in ("shuffled:batch_size=16", "shuffled:batch_size=50"):
        numbers = optframe.make("convergence", x="work").data(frames).set_index("name")
        places = numbers.loc[f"{label} · {sampler}", "work"].to_numpy()
        curves = results.curves
        own = curves[(curves["optimizer"] == label) & (curves["sampler"] == sampler)]
        assert sorted({*places}) == sorted({*own["work"]})
        # A step of plain descent is a gradient on its batch: the work is the share of the data.
        assert own["records"].tolist() == own["samples"].tolist()
        records.append((own["records"] / own["work"])[own["work"] > 0])
    assert pd.concat(records).to_numpy() == pytest.approx(records[0].iloc[0])
    axes = optframe.draw("convergence", results).axes[0]
    assert axes.get_xlabel() == "work (full gradients)"


def test_the_interactive_chart_begins_with_the_studys_cost_and_has_what_all_runs_have(stores):
    frames = by_problem(frames_of(stores["data"]))["softmax:data=iris"]
    arrays = Arrays()
    made = chart(frames, arrays)
    names = [axis["name"] for axis in made["axes"]]
    assert names == ["work", "steps", "gradients", "records", "epochs", "samples", "seconds"]
    assert made["axes"][0]["label"] == "work (full gradients)"
    places, *_ = made["lines"]["work"]["loss"][0]
    curves = stores["data"].curves
    first = curves[(curves["optimizer"] == "sgd:lr=0.5") & curves["sampler"].str.endswith("=16")]
    assert arrays.all[places] == pytest.approx(sorted({*first["work"]}), rel=1e-6)

    frames = by_problem(frames_of(stores["data"].judged_by("samples", "test_accuracy")))
    made = chart(frames["softmax:data=iris"], Arrays())
    assert made["axes"][0]["name"] == "samples"
    assert made["metrics"][0]["name"] == "test_accuracy"

    frames = by_problem(frames_of(stores["old-data"]))["softmax:data=digits"]
    names = [axis["name"] for axis in chart(frames, Arrays())["axes"]]
    assert names == ["gradients", "steps", "epochs", "samples", "seconds"]


@pytest.mark.parametrize("store", ["old-functions", "both"])
def test_what_lacks_work_falls_back_on_gradients_and_says_so(registry, stores, store):
    results = stores[store]
    frames = frames_of(results)
    remark = "Not all runs have work, so all are compared by gradients."
    notes = Canvas().subplots()
    registry.make("figures", "data-profile", {}).draw(notes, frames)
    assert notes.get_xlabel() == "gradient evaluations / (P + 1)"
    assert any(remark in " ".join(text.get_text().split()) for text in notes.texts)
    lacking = {str(p) for p, own in results.trials.groupby("problem") if own["work"].isna().any()}
    for problem, part in by_problem(frames).items():
        axes = Canvas().subplots()
        registry.make("figures", "convergence", {}).draw(axes, part)
        said = " (not all runs have work)" if problem in lacking else ""
        assert axes.get_xlabel() == f"gradient evaluations{said}"
    found = results.standings()
    assert any("have no work" in caveat for caveat in found.caveats)
    assert not any("work" in text for text in found.headline)
    tables = tables_of_problems(found)
    assert not any("work to target" in table.columns for table in tables)
    assert any("gradients to target" in table.columns for table in tables)
    own = results.standings(cost="steps")
    assert not any("have no work" in caveat for caveat in own.caveats)


def test_a_table_is_sorted_and_marked_by_the_chosen_cost(stores):
    """BFGS takes fewer steps, and each of Adam's costs less."""
    trials = stores["functions"].trials
    trials = trials[trials["problem"] == "quadratic:size=3"].copy()
    adam = trials["optimizer"].str.startswith("adam")
    trials.loc[adam, ["status", "loss", "steps", "gradients", "work"]] = ["converged", 0, 90, 9, 3]
    trials.loc[adam, "window"] = 1.0
    for cost, best in (("work", "adam:lr=0.1"), ("steps", "bfgs"), ("gradients", "bfgs")):
        found = standings(trials, None, cost)
        (table,) = tables_of_problems(found)
        assert table.rows[0]["optimizer"] == best
        assert [row["optimizer"] for row in table.rows if row.best] == [best]
        assert f"{cost} to target" in table.columns
        who, how_much, *_ = found.headline
        assert who.startswith(f"{best} leads on quadratic:size=3")
        assert f" {cost} of {best} to reach the target" in how_much


def test_an_accuracy_is_ordered_by_its_error_the_least_first(stores):
    trials = stores["data"].trials.assign(target=np.nan, target_metric=None, status="finished")
    trials["train_accuracy"] = np.where(trials["optimizer"] == "sgd:lr=0.5", 0.25, 0.75)
    found = standings(trials, None, metric="train_accuracy")
    (table,) = tables_of_problems(found)
    assert {row["optimizer"] for row in table.rows if row.best} == {"adam:lr=0.05"}
    assert table.rows[0]["mean error (1 − train accuracy)"] == "0.25"
    assert found.contenders == ("adam:lr=0.05", "sgd:lr=0.5")


def report_of(results, folder, **given):
    page = optframe.report(results, folder, **given).read_text()
    facts = dict(re.findall(r"<dt>([^<]*)</dt>\s*<dd>([^<]*)</dd>", page))
    data = json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page)[1])
    return facts, data["charts"][0]


def test_a_report_compares_by_the_studys_choice_or_by_its_own(stores, tmp_path):
    results = stores["data"]
    facts, made = report_of(results, tmp_path / "a")
    assert facts["compared by"] == "work"
    assert made["axes"][0]["name"] == "work"
    facts, made = report_of(results, tmp_path / "b", cost="records", metric="test_loss")
    assert (facts["compared by"], facts["judged by"]) == ("records", "test loss")
    assert (made["axes"][0]["name"], made["metrics"][0]["name"]) == ("records", "test_loss")
    text = optframe.report(
        stores["functions"], tmp_path / "c", format="md", cost="evaluations"
    ).read_text()
    assert "evaluations to target" in text
    beside = [stores["functions"], stores["old-functions"]]
    assert "have no work" in optframe.report(beside, tmp_path / "d", format="md").read_text()
    with pytest.raises(UsageError, match="unknown cost 'wrok'; did you mean 'work'"):
        optframe.report(results, tmp_path / "e", cost="wrok")
    assert not (tmp_path / "e").exists()


def test_there_is_one_list_of_costs(registry):
    """Whatever chooses a cost offers all of them: figures, and the options of the command line."""
    for name, parameter in figures(registry).items():
        hints = get_type_hints(registry.load("figures", name), include_extras=True)
        offered = str(hints[parameter])
        assert all(f"'{cost}'" in offered for cost in OFFERED), name
    (option,) = (one for one in command.params if one.name == "cost")
    assert option.help.startswith(f"Compare by {', '.join(OFFERED[:-1])} or {OFFERED[-1]}.")


def test_the_costs_of_the_table_have_words_for_an_axis(stores):
    frames = by_problem(frames_of(stores["data"]))["softmax:data=iris"]
    for cost in OFFERED:
        axes = Canvas().subplots()
        optframe.make("convergence", x=cost).draw(axes, frames)
        expected = r"time \(.*s\)" if cost == "seconds" else re.escape(COSTS[cost].words)
        assert re.fullmatch(expected, axes.get_xlabel())


def drifting(trials):
    """Return trials whose contenders ran one after the other, while the machine's load changed."""
    drifted = trials.sort_values("optimizer", kind="stable").copy()
    order = np.arange(len(drifted))
    drifted["started"] = [f"2026-01-01T00:{number:02}:00.000+00:00" for number in order]
    drifted["load"] = np.where(order < len(order) // 3, 1.0, 9.0)
    drifted["seconds"] = 1.0 + 0.001 * (order % 3)
    return drifted


def test_seconds_of_a_machine_that_drifted_rank_nothing(stores):
    trials = stores["functions"].trials
    (table, *_) = tables_of_problems(standings(trials, None, "seconds"))
    assert [row.best for row in table.rows].count(True) == 1
    assert "to the best" in table.columns
    drifted = drifting(trials)
    found = standings(drifted, None, "seconds")
    assert found.headline[0].startswith("Seconds rank nothing here: not comparable")
    assert found.claim == "nothing"
    by_cost = found.cells[found.cells["kind"] == "cost"]
    assert len(by_cost)
    assert by_cost[["performance", "ratio", "rank"]].isna().all(axis=None)
    assert not by_cost["first"].any()
    assert found.table[["place", "score"]].isna().all(axis=None)
    assert found.runs["paid"].isna().all()
    assert list(found.contenders) == list(dict.fromkeys(drifted["optimizer"]))  # the study's order
    for table in tables_of_problems(found):
        assert not any(row.best for row in table.rows)
        assert "to the best" not in table.columns
        for row in table.rows:
            reached = not row["reached"].startswith("0 of")
            assert row["seconds to target"] == ("not comparable" if reached else "not reached")
    by_work = standings(drifted, None, "work"), standings(trials, None, "work")
    assert by_work[0].contenders == by_work[1].contenders
    assert by_work[0].p_best == by_work[1].p_best


def test_seconds_of_a_machine_that_drifted_choose_no_setting(stores):
    """The second setting needs more work, and takes fewer seconds since the machine was faster."""
    trials = drifting(stores["functions"].trials).assign(status="converged", contender="grid")
    trials = trials[trials["problem"] == "quadratic:size=3"]
    second = trials["optimizer"] == trials["optimizer"].iloc[-1]
    trials["work"], trials["window"] = np.where(second, 30.0, 20.0), 1.0
    trials.loc[trials["optimizer"].str.startswith("bfgs"), "contender"] = "bfgs"
    trials.loc[second, "seconds"] = 0.1
    quiet = trials.assign(load=1.0, started="2026-01-01T00:00:00.000+00:00")
    chosen = [standings(own, None, "seconds") for own in (trials, quiet)]
    settings = [found.cells.set_index("contender")["setting"] for found in chosen]
    assert settings[1]["grid"] == trials["optimizer"].iloc[-1]
    assert settings[0]["grid"] != trials["optimizer"].iloc[-1]
    assert any("was chosen by work on the same runs" in text for text in chosen[0].caveats)
    keys = [own["key"] for _, own in trials.groupby("optimizer", sort=False)]
    assert [chosen[0].performance(key) for key in keys[1:]] == [20.0, 30.0]


@pytest.mark.parametrize("figure", ["convergence", "timing", "time-split", "generalization"])
def test_an_axis_of_seconds_says_that_they_are_not_comparable(registry, stores, figure):
    frames = frames_of(stores["data" if figure == "generalization" else "functions"])
    label = {}
    for later in (1.0, 9.0):
        trials = drifting(frames.trials)
        trials["load"] = np.where(trials["load"] > 1, later, 1.0)
        one = dataclasses.replace(frames, trials=trials, standings=None)
        part = next(iter(by_problem(one).values()))
        if figure == "time-split":
            shares = {"seconds_sampling": 0.0, "seconds_oracle": 1e-6}
            part = dataclasses.replace(part, curves=part.curves.assign(**shares))
        given = {"x": "seconds"} if figure in ("convergence", "generalization") else {}
        axes = Canvas().subplots()
        registry.make("figures", figure, given).draw(axes, part)
        label[later] = axes.get_xlabel()
        charts = chart(part, Arrays())["axes"]
        assert charts[-1]["name"] == "seconds"
        assert charts[-1]["label"].endswith(", not comparable") == (later == 9.0)
    assert label[9.0] == f"{label[1.0]}, not comparable"
    assert re.fullmatch(r"time (per step )?\(.*s\)", label[1.0])
