"""What is wrong with a study that tunes is said before it runs, all at once."""

import pytest

from optframe import Space, Study, UsageError
from optframe.tuning import Stages

RANGE = "sgd:lr=1e-4..1e-2"


def mistakes(study, registry, tune, **given):
    with pytest.raises(UsageError) as refused:
        Stages(study(tune, **given), registry)
    return list(refused.value.mistakes)


@pytest.mark.parametrize(
    ("tune", "expected"),
    [
        (
            {"protocol": "randon"},
            "[tune]: protocol: unknown protocol 'randon'; did you mean 'random'?",
        ),
        ({"protocol": "grid:points=9", "trials": 4}, "[tune] protocol: grid"),
        (
            {"trials": 3, "studies": 5},
            "[tune]: found 3 trials for 5 studies, expected",
        ),
        (5, "[tune]: expected a table such as { trials = 20 }, found 5"),
        ({"trials": 0}, "[tune]: trials: expected a whole number from 1 to 1,000,000, found 0"),
        ({"trails": 4}, "[tune]: unknown parameter 'trails'; did you mean 'trials'?"),
        ({"metric": "validation_loss"}, "[tune] metric: rosenbrock does not measure"),
        ({"metric": "test_loss"}, "that is not of test data"),
        ({"at": "middle"}, "[tune]: at: expected"),
        ({"fields": ["momentun"]}, ""),
        ({"protocol": "random:points=4"}, "unknown parameter 'points'"),
        ({"protocol": {"trials": 3}}, "[tune]: protocol: expected the name of a tuner"),
    ],
    ids=str,
)
def test_a_wrong_table_is_one_line(study, registry, tune, expected):
    if tune == {"fields": ["momentun"]}:
        (line,) = mistakes(study, registry, tune, optimizers=["momentum"])
        expected = "[tune] fields: no optimizer has the field 'momentun'; did you mean 'momentum'?"
        assert line == expected
        return
    lines = mistakes(study, registry, tune)
    assert any(expected in line for line in lines), lines


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ({"name": "sgd", "lr": {"low": 1.0, "high": 0.1}}, "expected low < high"),
        ({"name": "sgd", "lr": {"low": 0.1, "high": 0.1}}, "expected low < high"),
        (
            {"name": "sgd", "lr": {"low": -1.0, "high": 1.0, "scale": "log"}},
            "expected a number > 0",
        ),
        ({"name": "sgd", "lr": {"low": 0.1, "high": float("inf")}}, "expected a finite number"),
        ({"name": "sgd", "lr": {"values": []}}, "expected a list of at least one value"),
        (
            {"name": "sgd", "lr": {"low": -1.0, "high": 1.0, "scale": "linear"}},
            "lr: expected a number",
        ),
        ({"name": "sgd", "lr": 0.1, "speed": {"low": 1, "high": 2}}, "speed"),
        ({"name": "sgd", "lr": Space(1e-3, 1e-1), "tune": 4}, "tune: expected a table"),
        ({"name": "sgd", "lr": Space(1e-3, 1e-1), "tune": {"studies": 2}}, "studies is the same"),
        ({"name": "sgd", "lr": Space(1e-3, 1e-1), "tune": {"trails": 2}}, "did you mean 'trials'"),
    ],
    ids=str,
)
def test_a_wrong_space_is_a_line_that_names_its_table(study, registry, optimizer, expected):
    lines = mistakes(study, registry, {"trials": 2}, optimizers=[optimizer])
    assert any(line.startswith("[[optimizer]] sgd: ") and expected in line for line in lines), lines


def test_all_mistakes_are_said_at_once(study, registry):
    optimizers = [{"name": "sgd", "lr": {"low": 2, "high": 1}}, "adan:lr=0.1..1"]
    lines = mistakes(study, registry, {"trials": 0, "at": "x"}, optimizers=optimizers)
    assert len(lines) >= 4


@pytest.mark.parametrize("lr", ["1e-4..1e-2", "{low=0.1,high=1}", "{values=[0.1,1]}"])
def test_a_space_needs_a_table_tune(registry, lr):
    study = Study("x", {"steps": 1}, f"sgd:lr={lr}", "rosenbrock")
    with pytest.raises(UsageError) as refused:
        study.trials(registry)
    expected = (
        "[[optimizer]] sgd: lr: found a space, which only a study with a table [tune] searches; "
        "add [tune] (--tune N), or give a value or a list of values"
    )
    assert refused.value.mistakes == (expected,)


def test_a_table_tune_is_for_optimizers_and_problems_of_a_study_that_tunes(study, registry):
    (line,) = mistakes(study, registry, {}, samplers=[{"name": "shuffled", "tune": {"trials": 2}}])
    assert line.startswith("[[sampler]] shuffled: tune: found {'trials': 2}, expected in an")
    problem = {"name": "rosenbrock", "tune": {"fields": "all"}}
    (line,) = mistakes(study, registry, {}, problems=[problem])
    expected = "fields is the same for all problems; expected in the table [tune]"
    assert line == f"[[problem]] rosenbrock: tune: {expected}"
    plain = Study("x", {"steps": 1}, {"name": "sgd", "tune": {"trials": 2}}, "rosenbrock")
    with pytest.raises(UsageError, match=r"tune: found .* of a study with a table \[tune\]"):
        plain.trials(registry)


def test_a_space_of_a_problem_is_a_mistake(study, registry):
    problem = {"name": "sphere", "size": {"low": 2, "high": 9}}
    (line,) = mistakes(study, registry, {"trials": 2}, problems=[problem])
    assert line.startswith("[[problem]] sphere: size: found a space, but problems are not tuned")


def test_a_target_of_test_data_does_not_choose(study, registry):
    given = {
        "problems": ["softmax:data=iris"],
        "budget": {"steps": 2, "target": {"test_loss": 1.0}},
    }
    lines = mistakes(study, registry, {"trials": 2}, **given)
    assert len(lines) == 1
    assert "test_loss" in lines[0]


def test_two_contenders_of_one_label_are_a_mistake(study, registry):
    tables = [{"name": "sgd", "label": "A", "lr": Space(low, 1e-1)} for low in (1e-4, 1e-3)]
    lines = mistakes(study, registry, {"trials": 2}, optimizers=tables)
    assert any("two different contenders have the name 'A' on 'rosenbrock'" in one for one in lines)


def test_a_study_file_has_the_table(tmp_path, registry):
    path = tmp_path / "study.toml"
    path.write_text(
        """
        [study]
        budget = { steps = 3 }
        [tune]
        trials = 3
        protcol = "sobol"
        [[optimizer]]
        name = "sgd"
        lr = { low = 1e-3, high = 1e-2 }
        [[problem]]
        name = "rosenbrock"
        """
    )
    study = Study.from_file(path)
    with pytest.raises(UsageError) as refused:
        Stages(study, registry)
    (line,) = refused.value.mistakes
    assert line == f"{path}: [tune]: unknown parameter 'protcol'; did you mean 'protocol'?"


def test_a_batch_size_that_the_records_do_not_reach_is_a_mistake(study, registry):
    sampler = {"name": "shuffled", "batch_size": Space(8, 1e5)}
    given = {"problems": ["softmax:data=digits"], "samplers": [sampler], "start": "standard"}
    lines = mistakes(study, registry, {"trials": 2}, optimizers=["sgd:lr=0.1"], **given)
    assert any("batch_size 100000 is more" in line for line in lines), lines


def test_trials_that_tuning_chooses_are_not_listed_before_it_has_run(study, registry):
    mixed = study({"trials": 2}, optimizers=[RANGE, "adam:lr=0.1..1", "lbfgs"])
    with pytest.raises(UsageError) as refused:
        mixed.trials(registry)
    (line,) = refused.value.mistakes
    assert line.startswith("[tune]: found no trials of sgd, adam before the study has run")
    assert "optframe export DIR --tuned FILE" in line
    (trial,) = study({"trials": 2}, optimizers=["lbfgs"]).trials(registry)
    assert trial.stage == "final"
