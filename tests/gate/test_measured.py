"""The table of a measured cell, as the fixture writes it and the gate reads it."""

import dataclasses
import json

import pytest

import optframe
from optframe.contracts.columns import FINAL_COUNTS
from optframe.errors import StoreError
from optframe.gate.measured import COUNTS, SCHEMA, check_kit, of_record, read, table
from optframe.gate.sources import of_results
from optframe.testing import KIT_VERSION


def test_counts_are_those_of_a_record():
    newer = {"records", "work"}  # not in the published format
    assert sorted(COUNTS) == sorted(FINAL_COUNTS.keys() - newer)


def test_a_table_is_read_as_it_was_written(measured):
    one = measured(seconds=0.25, kit=KIT_VERSION, epochs=1.5, reason="so")
    plain = json.loads(json.dumps(table(one), allow_nan=False))
    assert plain["schema"] == SCHEMA == "optframe-benchmark/1"
    assert read(plain, "here") == one
    assert "benchmark" not in plain
    assert read(plain, "here", {"benchmark": "test_it"}).benchmark == "test_it"


def test_what_is_not_finite_is_null(measured):
    told = table(measured(loss=float("nan"), steps=float("inf"), seconds=float("inf")))
    assert (told["loss"], told["counts"]["steps"], told["seconds"]) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(schema="optframe-benchmark/9"), "format 'optframe-benchmark/9', exp"),
        (lambda t: t.pop("spec"), "spec: expected a table, found None"),
        (lambda t: t["spec"].pop("budget"), "here: spec: budget is missing"),
        (lambda t: t["spec"].update(seed="x"), "here: spec: seed: expected a whole number"),
        (lambda t: t.pop("cell"), "here: cell is missing"),
        (lambda t: t.update(loss="small"), "here: loss: expected a number"),
        (lambda t: t.update(status="fine"), "unknown status 'fine'"),
        (lambda t: t["counts"].update(stepps=3), "counts: unknown 'stepps'; did you mean 'steps'"),
        (lambda t: t["counts"].pop("hvps"), "counts: hvps is missing"),
        (lambda t: t["counts"].update(steps="3"), "here: counts: expected a table"),
        (lambda t: t.update(more=1), "unknown parameter 'more'"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_mistake(measured, change, said):
    plain = table(measured())
    change(plain)
    with pytest.raises(StoreError, match=said):
        read(plain, "here")


@pytest.mark.parametrize("given", [None, 3, [], "text"])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(StoreError, match="here: expected a table"):
        read(given, "here")


def test_another_kit_is_refused():
    check_kit(KIT_VERSION, "here")
    check_kit(None, "here")
    said = f"version {KIT_VERSION + 1} of the kit, expected {KIT_VERSION}"
    with pytest.raises(StoreError, match=said):
        check_kit(KIT_VERSION + 1, "here")


class Keeper:
    """Keeps the records of a study as they come."""

    def __init__(self):
        self.pairs = []

    @optframe.hookimpl
    def optframe_trial_finished(self, trial, record):
        self.pairs.append((trial, record))


def test_a_record_and_its_row_in_a_store_say_the_same(tmp_path):
    study = optframe.Study(
        name="small",
        budget={"steps": 30, "target": 1e-3},
        optimizers=["sgd:lr=1e6", "newton", "sgd:lr=0.001", "conjugate-gradient"],
        problems=["rosenbrock", "softmax"],
        samplers=["shuffled:batch_size=100"],
        seeds=2,
    )
    registry, keeper = optframe.load_plugins(), Keeper()
    registry.watch(keeper)
    results = optframe.run(study, tmp_path, registry=registry)
    stored = of_results(results)
    by_cell = {one.cell: one for one in stored.trials}
    assert len(by_cell) == len(keeper.pairs) == len(stored.trials)
    assert {one.status for one in stored.trials} >= {"converged", "diverged", "finished", "skipped"}
    for trial, record in keeper.pairs:
        one = by_cell[trial.cell]
        made = of_record(trial, record, one.environment)
        skipped = record.status == "skipped"
        expected = {"kit": None, "seconds": None if skipped else made.seconds}
        assert dataclasses.replace(made, **expected) == one
        assert read(json.loads(json.dumps(table(one))), "here") == one
