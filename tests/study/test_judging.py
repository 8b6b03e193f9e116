"""A study's choice of what its reports compare and judge by."""

import json
import sqlite3

import pytest

from optframe import Budget, Study, UsageError, load, run

DATA = "softmax:data=iris"


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"cost": "gradient"}, "[study] cost: unknown cost 'gradient'; did you mean 'gradients'?"),
        ({"cost": "hvps"}, "[study] cost: unknown cost 'hvps'; expected one of: epochs, evalua"),
        ({"cost": 3}, "[study]: cost: expected a string, found 3"),
        ({"metric": 3}, "[study]: metric: expected a string, found 3"),
        ({"metric": "gap", "problems": DATA}, "[study] metric: found gap, the distance to the"),
        (
            {"metric": "test_acuracy", "problems": DATA},
            "[study] metric: softmax:data=iris does not measure 'test_acuracy'; did you mean "
            "'test_accuracy'?",
        ),
        (
            {"metric": "test_loss"},
            "[study] metric: rosenbrock does not measure 'test_loss', since it has no test records",
        ),
        ({"metric": "gradient_norm"}, "[study] metric: rosenbrock does not measure 'gradient_no"),
    ],
)
def test_a_wrong_choice_is_said_in_one_line(plan, given, mistake):
    with pytest.raises(UsageError) as caught:
        plan(**given)
    (line,) = caught.value.mistakes
    assert mistake in line


@pytest.mark.parametrize(
    "given",
    [
        {"cost": "work"},
        {"cost": "evaluations", "metric": "loss"},
        {"metric": "gap"},
        {"metric": "test_accuracy", "problems": DATA, "budget": {"steps": 1}},
    ],
)
def test_the_choice_changes_no_trial(plan, given):
    without = {name: value for name, value in given.items() if name not in ("cost", "metric")}
    assert [trial.key for trial in plan(**given)] == [trial.key for trial in plan(**without)]
    assert [trial.cell for trial in plan(**given)] == [trial.cell for trial in plan(**without)]


def test_what_is_measured_beside_the_problems_own_may_judge(registry, with_settings):
    study = with_settings({"measure": ["gradient_norm"]})
    tables = {"study": {"budget": {"steps": 3}, "metric": "gradient_norm"}}
    tables |= {"optimizer": [{"name": "sgd"}], "problem": [{"name": "rosenbrock"}]}
    tables["run"] = {"measure": ["gradient_norm"]}
    (trial,) = Study.from_tables(tables, "study.toml").trials(registry)
    assert trial.key == study.trials(registry)[0].key


def test_a_file_names_both_and_the_store_keeps_them(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        '[study]\ncost = "records"\nmetric = "test_loss"\nbudget = { steps = 2 }\n'
        '[[optimizer]]\nname = "sgd"\n[[problem]]\nname = "softmax"\ndata = "iris"\n'
    )
    results = run(path, tmp_path / "out")
    assert (results.cost, results.metric) == ("records", "test_loss")
    assert {"records", "work"} <= {*results.trials}
    with sqlite3.connect(results.path) as store:
        (text,) = store.execute("SELECT value FROM meta WHERE name = 'study'").fetchone()
        store.execute(
            "UPDATE meta SET value = ? WHERE name = 'study'",
            [json.dumps({**json.loads(text), "cost": "wrok", "metric": "nothing"})],
        )
    assert (json.loads(text)["cost"], json.loads(text)["metric"]) == ("records", "test_loss")
    strange = load(tmp_path / "out")  # of a later version, say
    assert (strange.cost, strange.metric) == ("work", None)


def test_without_a_choice_it_is_work_and_what_each_problem_has(tmp_path):
    study = Study("x", Budget(steps=2, target=1e-9), ["sgd:lr=0.001"], ["rosenbrock"])
    results = run(study, tmp_path)
    assert (results.cost, results.metric) == ("work", None)
    assert {"loss", "gap"} <= {*results.metrics}
    other = results.judged_by("steps", "gap")
    assert (other.cost, other.metric) == ("steps", "gap")
    assert (results.cost, results.metric) == ("work", None)
    assert other.trials is results.trials
    for given in ({"cost": "stpes"}, {"metric": "lsos"}):
        with pytest.raises(UsageError, match=r"did you mean '(steps|loss)'"):
            results.judged_by(**given)
