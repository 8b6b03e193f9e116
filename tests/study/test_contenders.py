"""What the points of a grid are compared as: the column ``contender`` of a plan."""

import dataclasses

import pytest

import optframe


def contenders(trials):
    """Return each optimizer's label with the name that it is compared under."""
    return {trial.optimizer.label: trial.contender for trial in trials}


def test_a_grid_is_called_what_its_points_have_in_common(plan):
    assert contenders(plan(optimizers=["momentum:lr=[0.1,0.2],momentum=[0.9]", "adam"])) == {
        "momentum:lr=0.1,momentum=0.9": "momentum:momentum=0.9",
        "momentum:lr=0.2,momentum=0.9": "momentum:momentum=0.9",
        "adam": None,
    }


def test_a_grid_of_all_its_parameters_has_its_optimizers_name(plan):
    found = contenders(plan(optimizers="momentum:lr=[0.1,0.2],momentum=[0.5,0.9]"))
    assert len(found) == 4
    assert set(found.values()) == {"momentum"}


def test_a_written_label_is_the_name(plan):
    table = {"name": "sgd", "label": "plain", "lr": [0.1, 0.2]}
    assert contenders(plan(optimizers=[table])) == {"plain 0.1": "plain", "plain 0.2": "plain"}


def test_wrappers_belong_to_the_name(plan):
    found = contenders(plan(optimizers="sgd:lr=[0.1,0.2]+weight-decay:decay=0.01"))
    assert set(found.values()) == {"sgd+weight-decay:decay=0.01"}


def test_single_settings_and_lists_of_one_value_are_no_grid(plan):
    found = contenders(plan(optimizers=["sgd:lr=0.1", "sgd:lr=0.2", "sgd:lr=[0.3]"]))
    assert found == {"sgd:lr=0.1": None, "sgd:lr=0.2": None, "sgd:lr=0.3": None}


def test_a_value_that_is_a_list_is_no_grid_and_a_list_of_schedules_is_one(plan):
    schedules = [{"schedule": "inverse-sqrt", "start": start} for start in (0.1, 0.2)]
    found = contenders(plan(optimizers=[{"name": "sgd", "lr": schedules}]))
    assert list(found.values()) == ["sgd", "sgd"]


def test_grids_without_labels_over_the_same_parameters_are_one_contender(plan):
    found = contenders(plan(optimizers=["sgd:lr=[0.1,0.2]", "sgd:lr=[0.3,0.4]"]))
    assert len(found) == 4
    assert set(found.values()) == {"sgd"}


def test_a_grid_is_kept_apart_from_a_single_setting_of_its_name(plan):
    found = contenders(plan(optimizers=["sgd", "sgd:lr=[0.1,0.2]"]))
    assert found["sgd"] is None
    assert found["sgd:lr=0.1"] == found["sgd:lr=0.2"] == "sgd:lr=[0.1,0.2]"


def test_grids_over_other_parameters_are_kept_apart(plan):
    found = plan(optimizers=["momentum:lr=[0.1,0.2]", "momentum:lr=[0.3,0.4],momentum=[0.5,0.9]"])
    assert {trial.contender for trial in found} == {
        "momentum:lr=[0.1,0.2]",
        "momentum:lr=[0.3,0.4],momentum=[0.5,0.9]",
    }


def test_grids_with_another_budget_are_kept_apart(plan):
    short = {"name": "sgd", "lr": [0.1, 0.2]}
    long = {"name": "sgd", "lr": [0.3, 0.4], "budget": {"steps": 9}}
    found = {trial.contender for trial in plan(optimizers=[short, long])}
    assert found == {"sgd:lr=[0.1,0.2]", "sgd:lr=[0.3,0.4]"}


def test_a_grid_is_kept_apart_from_one_that_somebody_labelled_alike(plan):
    labelled = {"name": "momentum", "label": "sgd", "lr": [0.1, 0.2]}
    found = {trial.contender for trial in plan(optimizers=[labelled, "sgd:lr=[0.3,0.4]"])}
    assert found == {"sgd", "sgd:lr=[0.3,0.4]"}


def test_tables_with_the_same_written_label_are_one_contender(plan):
    """A person may give an optimizer other rates on each problem, under one name."""
    first = {"name": "sgd", "label": "mine", "lr": [0.1, 0.2], "problems": ["rosenbrock"]}
    second = {"name": "sgd", "label": "mine", "lr": [0.3, 0.4], "problems": ["beale"]}
    found = plan(optimizers=[first, second], problems=["rosenbrock", "beale"])
    assert {trial.contender for trial in found} == {"mine"}


def test_the_name_changes_no_cell_and_no_key(plan):
    for trial in plan(optimizers="sgd:lr=[0.1,0.2]"):
        other = dataclasses.replace(trial, contender=None)
        assert (other.cell, other.key) == (trial.cell, trial.key)


def test_a_store_has_the_names_and_takes_over_new_ones(tmp_path):
    def run(**given):
        study = optframe.Study(
            "x", {"steps": 3}, [{"name": "sgd", "lr": [1e-4, 1e-3], **given}], ["rosenbrock"]
        )
        return optframe.run(study, tmp_path).trials

    assert list(run()["contender"]) == ["sgd", "sgd"]
    again = run(label="plain")
    assert list(again["contender"]) == ["plain", "plain"]
    assert len(again) == 2
    study = optframe.Study("x", {"steps": 3}, ["sgd:lr=1e-4"], ["rosenbrock"])
    assert optframe.run(study, tmp_path).trials["contender"].isna().all()


@pytest.mark.parametrize(
    ("optimizers", "kind", "names"),
    [
        (["sgd:lr=1e-4", "sgd:lr=1e-3"], "optimizers", {"sgd:lr=0.0001", "sgd:lr=0.001"}),
        (["sgd:lr=[1e-4,1e-3]", "adam"], "optimizers", {"sgd", "adam"}),
        (["sgd:lr=[1e-4,1e-3]"], "settings", {"sgd:lr=0.0001", "sgd:lr=0.001"}),
    ],
)
def test_standings_compare_what_was_planned(tmp_path, optimizers, kind, names):
    study = optframe.Study("x", {"steps": 3}, optimizers, ["rosenbrock"])
    found = optframe.run(study, tmp_path).standings()
    assert found.kind == kind
    assert set(found.contenders) == names


def test_a_label_is_the_label_of_a_problem_with_a_list_of_its_own():
    tables = [{"name": "mlp", "label": "net", "hidden": [3]}]
    (trial,) = optframe.Study("s", {"steps": 1}, "sgd", tables).trials(optframe.load_plugins())
    assert trial.problem.label == "net"
    tables[0]["hidden"] = [[3], [4]]
    labels = {
        trial.problem.label
        for trial in optframe.Study("s", {"steps": 1}, "sgd", tables).trials(
            optframe.load_plugins()
        )
    }
    assert labels == {"net [3]", "net [4]"}
