"""That two stores stand beside each other, and nothing of one is taken for the other's."""

import pytest

import optframe
from optframe.store.side_by_side import SideBySide
from optframe_reports.tables.beside import beside_table


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Two runs of one study, of which the second has another learning rate for sgd and no adam."""
    folder = tmp_path_factory.mktemp("stores")

    def run(name, optimizers):
        budget = {"steps": 20}
        study = optframe.Study("s", budget, optimizers, ["rosenbrock", "beale"], seeds=2)
        return optframe.run(study, folder / name / "results")

    same = {"name": "momentum", "lr": 1e-3}
    before = run("before", [same, {"name": "sgd", "lr": 1e-3}, "adam"])
    return before, run("after", [same, {"name": "sgd", "lr": 1e-4}])


def test_optimizers_are_told_apart_by_their_store_and_neighbours_if_asked_alike(stores):
    joined = SideBySide(stores)
    assert list(joined.sides) == ["before/results", "after/results"]
    first = joined.trials[joined.trials["problem"] == "rosenbrock"]
    assert first["optimizer"].tolist()[:3] == [
        "momentum:lr=0.001 @ before/results",
        "momentum:lr=0.001 @ after/results",
        "sgd:lr=0.001 @ before/results",
    ]
    assert len(joined.trials) == sum(len(one.trials) for one in stores)
    assert len(joined.curves) == sum(len(one.curves) for one in stores)


def test_each_trial_keeps_its_own_curve(stores):
    joined = SideBySide(stores)
    assert joined.trials["key"].is_unique  # the same trial of two stores has one key in both
    ends = joined.curves.groupby("key")["loss"].last()
    trials = joined.trials.set_index("key")
    assert (ends == trials["loss"].reindex(ends.index)).all()
    assert set(joined.landscapes) <= set(trials.index)


def test_the_table_compares_what_both_ran(stores):
    table = beside_table(SideBySide(stores).trials)
    assert table.column("optimizer") == ["momentum:lr=0.001"] * 2
    assert table.column("alike") == ["1 of 1"] * 2  # nothing is drawn: one seed
    assert "Only one of the two ran 6 more" in table.note
    assert float(table.column("time ratio")[0]) > 0


def test_a_run_that_differs_is_not_alike(stores):
    trials = SideBySide(stores).trials
    moved = (trials["side"] == "after/results") & (trials["problem"] == "beale")
    trials.loc[moved, "loss"] += 1e-12
    table = beside_table(trials)
    assert dict(zip(table.column("problem"), table.column("alike"), strict=True)) == {
        "rosenbrock": "1 of 1",
        "beale": "0 of 1",
    }


def test_stores_of_one_name_are_told_apart_by_their_parents(stores, tmp_path):
    assert list(SideBySide([stores[0], stores[0]]).sides) == ["results (1)", "results (2)"]


def test_a_report_of_two_stores_is_one_page(stores, tmp_path):
    page = optframe.report(stores, tmp_path).read_text(encoding="utf-8")
    assert "Side by side" in page
    assert "s: before/results beside after/results" in page
    assert page == optframe.report(stores, tmp_path / "again").read_text(encoding="utf-8")
