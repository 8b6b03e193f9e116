"""Studies that tune: what is tried, which setting is chosen, and what is judged."""

import math

import numpy as np
import pytest

import optframe
from optframe import Space, UsageError
from optframe.execution.runner import run_study
from optframe.statistics.tuning import Choosing, tried
from optframe.study.settings import RunSettings
from optframe.tuning import Stages

RANGE = "sgd:lr=1e-4..1e-2"


def test_the_best_setting_runs_on_the_studys_seeds_and_only_that_is_judged(run):
    results = run({"trials": 5, "seeds": 2}, seeds=3)
    tuning, final = results.tuning, results.trials
    assert len(tuning) == 10
    assert len(final) == 3
    assert [*final["seed"]] == [0, 1, 2]
    assert {*final["contender"]} == {*tuning["contender"]} == {"sgd"}
    assert {*final["stage"]} == {"final"}
    assert {*tuning["stage"]} == {"tune"}
    value = tuning.groupby("number")["loss"].median()
    (winner,) = {*final["number"]}
    assert value[winner] == value.min()
    (row,) = results.tunings.to_dict("records")
    assert row["closed"]
    assert row["winner"]["number"] == winner
    assert row["winner"]["setting"] == {"lr": row["proposals"][0][int(winner)]["lr"]}
    assert final["optimizer"].iloc[0] == f"sgd:lr={row['winner']['setting']['lr']:g}"


def test_a_study_file_tunes(registry, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(
        """
        [study]
        budget = { steps = 3 }
        [tune]
        protocol = "sobol"
        trials = 4
        [[optimizer]]
        name = "momentum"
        lr = { low = 1e-4, high = 1e-2 }
        momentum = { low = 0.5, high = 0.99, scale = "one-minus-log" }
        [[problem]]
        name = "rosenbrock"
        """
    )
    results = optframe.run(path, tmp_path / "out", registry=registry)
    assert (len(results.tuning), len(results.trials)) == (4, 1)
    (row,) = results.tunings.to_dict("records")
    assert row["space"]["momentum"] == Space(0.5, 0.99, "one-minus-log")
    assert results.study["tune"]["protocol"] == "sobol"


def test_no_draw_of_the_tuning_is_one_of_the_judged_runs(run):
    results = run({"trials": 4, "seeds": 3, "studies": 2}, seeds=4)
    tuned, judged = results.tuning["derived_seed"], results.trials["derived_seed"]
    assert tuned.nunique() == 6  # 2 studies of 3 seeds
    assert not {*tuned} & {*judged}


def test_contenders_with_the_same_space_get_the_same_settings_and_problems_others(run):
    optimizers = [RANGE, "momentum:lr=1e-4..1e-2", "adam:lr=1e-3..1"]
    tune = {"trials": 4, "seeds": 1}
    tunings = run(tune, optimizers=optimizers, problems=["rosenbrock", "sphere:size=3"]).tunings
    proposed = {
        (row["contender"], row["problem"]): row["proposals"] for row in tunings.to_dict("records")
    }
    assert proposed["sgd", "rosenbrock"] == proposed["momentum", "rosenbrock"]
    assert proposed["sgd", "rosenbrock"] != proposed["adam", "rosenbrock"]
    assert proposed["sgd", "rosenbrock"] != proposed["sgd", "sphere:size=3"]


def test_what_is_tuned_is_what_has_a_space_else_the_learning_rate_else_all(run):
    def fields(tune, optimizer):
        name = f"{len(tune)}{optimizer}"
        out = "".join(c for c in name if c.isalnum())
        results = run({"trials": 1, **tune}, out, optimizers=[optimizer])
        return [list(row) for row in results.tunings["space"]]

    assert fields({}, "adam") == [["lr"]]
    assert fields({}, "adam:beta1=0.5..0.9") == [["beta1"]]
    assert fields({}, "adam:lr=0.1") == []
    assert set(fields({"fields": "all"}, "adam:lr=0.1")[0]) >= {"beta1", "beta2"}
    assert fields({"fields": ["beta1"], "at": "end"}, "adam") == [["beta1"]]


def test_wrappers_samplers_and_schedules_are_tuned_too(run):
    table = {
        "name": "sgd",
        "lr": {"schedule": "inverse-sqrt", "start": Space(1e-3, 1e-1)},
        "wrap": [{"name": "clip-norm", "max": Space(0.5, 2.0)}],
    }
    samplers = [{"name": "shuffled", "batch_size": [16, 32]}]
    given = {"problems": ["softmax:data=iris"], "start": "standard", "samplers": samplers}
    results = run({"trials": 6}, optimizers=[table], seeds=2, **given)
    (row,) = results.tunings.to_dict("records")
    assert set(row["space"]) == {"lr.start", "clip-norm.max", "sampler.batch_size"}
    assert row["sampler"] == "shuffled"
    assert {*results.trials["sampler"]} == {"shuffled"}
    assert results.tuning["optimizer"].nunique() == results.tuning["number"].nunique() == 6
    sizes = results.tuning["sampler_parameters"].str.contains('"batch_size":16')
    assert {*sizes} == {True, False}


def test_a_factor_multiplies_and_the_proposal_is_stored_without_it(run):
    table = {"name": "adam", "lr": Space(0.1, 0.5, times="eps"), "eps": Space(1.0, 10.0)}
    results = run({"trials": 3}, optimizers=[table])
    (row,) = results.tunings.to_dict("records")
    for label, drawn in zip(results.tuning["optimizer"].unique(), row["proposals"][0], strict=True):
        made = optframe.make(label)
        assert made.eps == drawn["eps"]
        assert math.isclose(made.lr, drawn["lr"] * drawn["eps"], rel_tol=1e-5)
    winner = row["winner"]
    drawn = row["proposals"][0][winner["number"]]
    assert math.isclose(winner["setting"]["lr"], drawn["lr"] * drawn["eps"], rel_tol=1e-5)


def test_a_label_that_a_person_wrote_is_the_name_and_settings_have_their_own(run):
    table = {"name": "sgd", "label": "Plain", "lr": Space(1e-4, 1e-2)}
    results = run({"trials": 3}, optimizers=[table])
    assert {*results.tuning["contender"]} == {"Plain"}
    assert all(label.startswith("Plain 0.0") for label in results.tuning["optimizer"])
    assert results.tuning["optimizer"].nunique() == 3


def test_a_setting_that_is_proposed_twice_runs_once_and_counts_twice(run):
    results = run({"protocol": "stubborn", "trials": 4, "seeds": 1})
    assert sorted(results.tuning["number"]) == [0, 3]
    (row,) = results.tunings.to_dict("records")
    assert len(row["proposals"][0]) == 4


def test_an_adaptive_tuner_learns_in_rounds(run):
    results = run({"protocol": "halves", "trials": 5, "seeds": 1})
    (row,) = results.tunings.to_dict("records")
    assert [len(one) for one in row["proposals"]] == [2, 2, 1]
    by_number = results.tuning.set_index("number")
    assert [*by_number.sort_index()["round"]] == [0, 0, 1, 1, 2]
    first = [setting["lr"] for setting in row["proposals"][0]]
    best = first[int(by_number.loc[[0, 1], "loss"].argmin())]
    around = [setting["lr"] for setting in row["proposals"][1]]
    assert min(around) <= best <= max(around)


def test_the_best_are_confirmed_on_further_seeds_and_one_of_them_is_chosen(run):
    results = run({"trials": 6, "seeds": 1, "confirm": 2, "confirm_seeds": 3})
    tuning = results.tuning
    runs = tuning.groupby("number").size()
    confirmed = [*runs[runs == 4].index]
    assert len(tuning) == 6 + 2 * 3
    assert len(confirmed) == 2
    first = tuning[tuning["seed"] == 0]
    assert set(confirmed) == set(tried(first, Choosing())["number"].iloc[:2])
    again = tuning[tuning["number"].isin(confirmed) & (tuning["seed"] > 0)]
    assert sorted(again["seed"].unique()) == [1, 2, 3]
    assert {*again["round"]} == {1}
    assert results.trials["number"].iloc[0] in confirmed


def test_studies_split_the_trials_and_the_seeds(run):
    results = run({"trials": 7, "studies": 3, "seeds": 1}, seeds=6)
    assert [*results.tuning.groupby("study").size()] == [3, 2, 2]
    judged = results.trials.sort_values("seed")
    assert [*judged["study"]] == [0, 0, 1, 1, 2, 2]
    assert [*judged["seed"]] == [0, 1, 2, 3, 4, 5]
    proposals = [row["proposals"] for row in results.tunings.to_dict("records")]
    assert proposals[0][0][:2] != proposals[1][0]


def test_a_contender_whose_settings_all_break_is_lost(study, registry, tmp_path, capsys):
    optimizers = ["sgd:lr=1e4..1e6", RANGE]
    made = study({"trials": 3, "seeds": 1}, optimizers=optimizers, seeds=2, budget={"steps": 100})
    outcome = run_study(made, tmp_path / "out", registry)
    (line,) = outcome.lost
    assert line.startswith("sgd:lr={")
    assert line.endswith(" on rosenbrock is lost: every run of its 3 settings broke down")
    assert capsys.readouterr().err == f"optframe: {line}\n"
    assert run_study(made, tmp_path / "out", registry).lost == (line,)
    assert capsys.readouterr().err == ""
    results = outcome.results
    assert results.trials["contender"].nunique() == 1
    assert len(results.trials) == 2
    lost = results.tunings[results.tunings["winner"].isna()]
    assert len(lost) == 1
    assert lost["closed"].all()
    assert lost["reason"].notna().all()
    assert outcome.tuned == 6
    assert outcome.ran == 8
    assert outcome.left == 0


def test_a_contender_with_nothing_to_tune_has_final_runs_only(study, registry, tmp_path, capsys):
    made = study({"trials": 2}, optimizers=["sgd:lr=0.001", "adam:lr=1e-3..1"], seeds=2)
    outcome = run_study(made, tmp_path / "out", registry)
    assert outcome.untuned == ("sgd:lr=0.001",)
    said = "optframe: sgd:lr=0.001 has nothing to tune: it runs with its one setting\n"
    assert capsys.readouterr().err == said
    fixed = outcome.results.trials.query("optimizer == 'sgd:lr=0.001'")
    assert len(fixed) == 2
    assert fixed["study"].isna().all()
    assert fixed["contender"].isna().all()
    assert [*outcome.results.trials["optimizer_name"]] == ["sgd"] * 2 + ["adam"] * 2


def test_where_another_seed_would_change_nothing_there_is_one_run_of_each(run):
    tune = {"trials": 3, "seeds": 4, "confirm": 2}
    results = run(tune, start="standard", seeds=5)
    assert len(results.tuning) == 3
    assert len(results.trials) == 1
    winner = results.tuning[results.tuning["number"] == results.trials["number"].iloc[0]]
    assert winner["loss"].iloc[0] == results.trials["loss"].iloc[0]


def test_three_seeds_where_starts_are_drawn_and_one_elsewhere(run):
    drawn = run({"trials": 2}, "drawn")
    batches = {"problems": ["softmax:data=iris"], "start": "standard"}
    assert len(drawn.tuning) == 6
    assert len(run({"trials": 2}, "batches", **batches).tuning) == 2


def test_a_contender_that_cannot_run_is_skipped_with_its_reason(run):
    given = {"problems": ["softmax:data=iris"], "start": "standard", "samplers": ["shuffled"]}
    results = run({"trials": 2}, optimizers=["bfgs:scale_first=[true,false]"], seeds=2, **given)
    assert results.tuning.empty
    assert {*results.trials["status"]} == {"skipped"}
    assert len(results.trials) == 2


def test_a_table_may_ask_for_more_than_the_study_and_the_store_tells(run):
    optimizers = [{"name": "sgd", "lr": Space(1e-4, 1e-2), "tune": {"trials": 4}}, "adam"]
    problems = ["rosenbrock", {"name": "sphere", "tune": {"trials": 3, "seeds": 2}}]
    tunings = run({"trials": 2, "seeds": 1}, optimizers=optimizers, problems=problems).tunings
    asked = {
        (row["contender"], row["problem"]): (row["tuner"]["trials"], row["tuner"]["seeds"])
        for row in tunings.to_dict("records")
    }
    assert asked == {
        ("sgd", "rosenbrock"): (4, 1),
        ("adam", "rosenbrock"): (2, 1),
        ("sgd", "sphere"): (4, 2),
        ("adam", "sphere"): (3, 2),
    }


def test_a_protocol_fills_what_the_table_leaves_out(run):
    results = run({"protocol": "paper"}, "one", optimizers=["sgd"])
    (row,) = results.tunings.to_dict("records")
    assert row["space"] == {"lr": Space(1e-4, 1e-3)}
    assert (row["tuner"]["name"], row["tuner"]["protocol"]) == ("random", "paper")
    assert (len(results.tuning), len(results.trials), row["tuner"]["at"]) == (6, 4, "best")
    tune = {"protocol": "paper", "trials": 2, "seeds": 1, "at": "end"}
    other = run(tune, "other", optimizers=["sgd"], seeds=2)
    (row,) = other.tunings.to_dict("records")
    assert (len(other.tuning), len(other.trials), row["tuner"]["at"]) == (2, 2, "end")


@pytest.mark.parametrize(
    ("protocol", "settings"),
    [("random", {"together": True}), ("halves", {"together": True}), ("halves", {"jobs": 2})],
    ids=str,
)
def test_batches_and_processes_give_the_same_to_the_bit(run, settings, protocol):
    given = {
        "optimizers": [RANGE, "momentum:lr=1e-4..1e-2,momentum=[0.5,0.9]"],
        "problems": ["rosenbrock", "quadratic+rotate"],
    }
    tune = {"protocol": protocol, "trials": 5, "seeds": 2, "confirm": 2}
    alone = run(tune, "alone", **given)
    other = run(tune, "other", run=RunSettings(**settings), **given)
    assert contents(alone) == contents(other)


def contents(results):
    """Return all that a store holds of trials and tunings but times and where they ran."""
    names = ["key", "optimizer", "problem", "seed", "study", "number", "round", "status", "work"]
    found = [
        frame[names].astype(str).to_numpy().tolist() for frame in (results.tuning, results.trials)
    ]
    curves = [frame[["key", "step", "loss"]] for frame in (results.curves, results.tuning_curves)]
    values = [[*f["key"], *np.asarray(f["loss"]).tobytes(), *f["step"]] for f in curves]
    return found, values, results.tunings.astype(str).to_dict("records")


def test_contenders_that_come_to_one_setting_have_runs_of_their_own(study, registry, tmp_path):
    optimizers = [
        {"name": "sgd", "label": "usual", "lr": 1e-3},
        {"name": "sgd", "label": "A", "lr": Space(values=(1e-3, 1e-5))},
        {"name": "sgd", "label": "B", "lr": Space(values=(1e-3, 1e-6))},
    ]
    made = study({"protocol": "grid", "trials": 2, "seeds": 1}, seeds=2, optimizers=optimizers)
    outcome = run_study(made, tmp_path, registry)
    results = outcome.results
    assert outcome.repeated == 0
    final = results.trials.assign(name=results.trials["contender"].fillna("usual"))
    assert final.groupby("name").size().to_dict() == {"A": 2, "B": 2, "usual": 2}
    assert final.groupby("seed")["loss"].nunique().tolist() == [1, 1]
    assert results.winners["runs"].tolist() == [2, 2]
    assert results.winners["work"].nunique() == 1
    again = run_study(made, tmp_path, registry)
    assert (again.ran, again.found) == (0, 10)


def test_the_trials_of_a_store_keep_their_keys_beside_a_new_contender(study, registry, tmp_path):
    one = {"name": "sgd", "label": "A", "lr": Space(values=(1e-3, 1e-5))}
    tune = {"protocol": "grid", "trials": 2}
    first = run_study(study(tune, optimizers=[one]), tmp_path, registry)
    usual = {"name": "sgd", "label": "usual", "lr": 1e-3}
    again = run_study(study(tune, optimizers=[one, usual]), tmp_path, registry)
    assert (first.ran, again.ran) == (7, 1)


def test_two_copies_of_one_contender_are_refused(study, registry):
    copies = [
        {"name": "sgd", "label": label, "lr": Space(1e-4, 1e-2, source=label)} for label in "AB"
    ]
    with pytest.raises(UsageError, match="'A' and 'B' are the same optimizer") as raised:
        Stages(study({"trials": 2}, optimizers=copies), registry)
    assert len(raised.value.mistakes) == 1
    for more in ({"tune": {"trials": 3}}, {"budget": {"steps": 9}}):
        Stages(study({"trials": 2}, optimizers=[copies[0], copies[1] | more]), registry)


@pytest.mark.parametrize(
    ("tuner", "refused"), [("halves", {"lr=0.0017"}), ("grid:points=5", {"lr=0.00275"})]
)
def test_settings_that_a_component_refuses_do_not_run_and_are_not_chosen(
    run, study, registry, tmp_path, capsys, tuner, refused
):
    tune = {"protocol": tuner, "trials": 5}
    optimizer = {"name": "picky", "lr": Space(1e-3, 8e-3, "linear")}
    results = run(tune, optimizers=[optimizer])
    skipped = results.tuning[results.tuning["status"] == "skipped"]
    assert refused <= {label.removeprefix("picky at ") for label in skipped["optimizer"]}
    assert all(reason.startswith("refused: lr: found 0.00") for reason in skipped["reason"])
    assert not {*skipped["number"]} & {*results.winners["number"]}
    assert "of 5 settings did not run, and were not chosen" in capsys.readouterr().err
    again = run_study(study(tune, optimizers=[optimizer]), tmp_path / "out", registry)
    assert (again.ran, again.found) == (0, len(results.tuning) + 1)
    assert capsys.readouterr().err == ""


def test_a_study_whose_first_settings_are_all_refused_does_not_begin(study, registry):
    optimizer = {"name": "picky", "lr": Space(1e-3, 8e-3, "linear")}
    with pytest.raises(UsageError, match="picky: each of the first 1 settings that would be tried"):
        Stages(study({"protocol": "halves", "trials": 1}, optimizers=[optimizer]), registry)


@pytest.mark.parametrize(("studies", "start"), [(1, "random"), (2, "random"), (1, "standard")])
def test_no_more_settings_are_confirmed_than_were_tried(study, registry, tmp_path, studies, start):
    tune = {"trials": 3, "studies": studies, "confirm": 1000, "confirm_seeds": 2}
    made = study(tune, start=start)
    size = Stages(made, registry).extent.trials
    outcome = run_study(made, tmp_path, registry)
    assert outcome.ran == size == {"random": 3 * 3 + 3 * 2 + studies, "standard": 4}[start]


def test_what_is_not_tuned_is_judged_on_as_many_seeds_as_a_protocols_winners(run):
    results = run({"protocol": "paper"}, optimizers=["sgd", "adam:lr=0.001", "lbfgs"])
    assert results.trials.groupby("optimizer").size().tolist() == [4, 4, 4]
    results = run({"protocol": "paper"}, "two", optimizers=["sgd", "lbfgs"], seeds=2)
    assert results.trials.groupby("optimizer").size().tolist() == [2, 2]
