"""Searches are read from the frames of a store, and all their warnings follow."""

import math

import pandas as pd
import pytest

from optframe import Space
from optframe.statistics.tuning import (
    Choosing,
    choosing_of,
    searches_of,
    too_wide,
    warnings_of,
)

SPACE = {"lr": Space(1e-4, 1e-1)}
US = [0.1, 0.5, 0.97]


@pytest.fixture
def store(tuning, final):
    """Return the frames of a store with two contenders: tuning, tunings, final."""
    frames, rows = [], []
    for contender, losses in (("adam", [3.0, 2.0, 1.0]), ("sgd", [3.0, 1.0, 1.3])):
        made = [
            {"number": n, "loss": loss, "round": 0, "seed": s}
            for n, loss in enumerate(losses)
            for s in range(1 + 2 * (n == 0))
        ]
        frames.append(tuning(made, contender=contender, problem="mlp"))
        settings = [{"lr": SPACE["lr"].at(u)} for u in US]
        best = losses.index(1.0)
        rows.append(
            {"contender": contender, "problem": "mlp", "sampler": "none", "study": 0}
            | {"space": SPACE, "seed": 1, "closed": 1, "reason": None}
            | {"tuner": {"tuner": "random", "trials": 3, "seeds": 1, "metric": "loss"}}
            | {"proposals": [settings[:2], settings[2:]]}
            | {"winner": {"number": best, "setting": settings[best]}}
        )
    fresh = final((1.0, 1.1, 0.9))
    fresh = pd.concat([fresh, fresh.assign(contender="sgd", key="sgd/" + fresh["key"])])
    return pd.concat(frames, ignore_index=True), pd.DataFrame(rows), fresh


def test_searches_have_the_trials_of_their_contender_and_their_settings(store):
    tuning, tunings, final = store
    adam, sgd = searches_of(tuning, tunings, final)
    assert (adam.contender, sgd.contender, adam.name) == ("adam", "sgd", "adam on mlp")
    assert set(sgd.frame["contender"]) == {"sgd"}
    assert adam.how == Choosing("loss")
    assert (adam.winner, sgd.winner) == (2, 1)
    assert (adam.exchangeable, adam.adaptive, adam.seeds) == (True, False, 1)
    assert adam.u("lr").tolist() == pytest.approx(US, abs=1e-6)
    assert adam.searched["runs"].tolist() == [1, 1, 1]
    assert adam.tried["runs"].tolist() == [3, 1, 1]
    assert adam.winner_values[0].tolist() == [1.0]
    assert adam.winner_values[1].tolist() == [1.0, 1.1, 0.9]
    assert adam.seed_deviation == pytest.approx(0.0816, abs=1e-4)
    assert (adam.measure, adam.value_of("lr", 1)) == ("loss", SPACE["lr"].at(0.5))


def test_what_a_store_says_of_a_tuner_comes_before_its_name(store):
    tuning, tunings, _ = store
    marks = {"tuner": "random:x=1", "exchangeable": False, "adaptive": True}
    tunings = tunings.assign(tuner=[marks, {"name": "optuna"}])
    first, second = searches_of(tuning, tunings)
    assert (first.exchangeable, first.adaptive) == (False, True)
    assert (second.exchangeable, second.adaptive, second.seeds) == (False, True, None)


def test_searches_that_have_not_begun_are_left_out(store):
    tuning, tunings, _ = store
    begun = tuning.assign(status=tuning["status"].where(tuning["contender"] == "sgd", "planned"))
    assert [search.contender for search in searches_of(begun, tunings)] == ["sgd"]
    assert searches_of(tuning.iloc[:0], tunings) == []
    assert searches_of(pd.DataFrame(), pd.DataFrame()) == []


def test_values_that_are_unknown_have_no_place(store):
    tuning, tunings, _ = store
    adam = searches_of(tuning, tunings.assign(proposals=[[[{"lr": "x"}]], []]))[0]
    assert all(math.isnan(u) for u in adam.u("lr"))


def test_a_missing_table_is_the_usual_choice():
    assert choosing_of({}) == Choosing()
    table = {"metric": "loss", "at": "best", "average": "mean", "target": 1, "cost": "steps"}
    assert choosing_of(table) == Choosing("loss", "best", "mean", True, "steps")


def test_a_space_that_should_reach_farther_is_not_called_too_wide(store):
    tuning, tunings, final = store
    quiet = final.assign(loss=1.0)
    adam = searches_of(tuning, tunings, quiet)[0]
    assert too_wide(adam) is not None
    found = warnings_of(tuning, tunings, quiet)
    assert ["at the upper end" in sentence for sentence in found] == [True, False]


def test_warnings_are_of_each_search(store):
    tuning, tunings, final = store
    found = warnings_of(tuning, tunings, final)
    assert len(found) == 2
    assert "adam on mlp has lr = 0.0812831, at the upper end" in found[0]
    assert found[1].startswith("None of the other 2 settings of sgd on mlp came within 10 %")


def test_warnings_name_the_study_and_are_said_once_where_only_numbers_differ(store):
    tuning, tunings, final = store
    parts = [
        [frame.assign(study=study) for frame in (tuning, tunings, final)] for study in (0, 1, 4)
    ]
    tuning, tunings, final = (
        pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True)
    )
    tuning["key"] += tuning["study"].astype(str)
    edge, wide = warnings_of(tuning, tunings, final)
    assert edge.startswith("The best setting of adam on mlp in study 0 has lr = 0.0812831, at the")
    assert edge.endswith("; likewise in studies 1 and 4.")
    assert wide.startswith("None of the other 2 settings of sgd on mlp in study 0 came within")
    tunings["sampler"] = tuning["sampler"] = "full"
    second = (tunings.assign(sampler="shuffled"), tuning.assign(sampler="shuffled"))
    tunings, tuning = (
        pd.concat(pair, ignore_index=True) for pair in zip((tunings, tuning), second, strict=True)
    )
    names = [search.name for search in searches_of(tuning, tunings)]
    assert names[0] == "adam on mlp with full in study 0"
    assert len(set(names)) == len(names) == 12
