"""A baseline is small, in order, and written whole or not at all."""

import json
import re
from pathlib import Path

import pytest

from optframe.errors import StoreError, UsageError
from optframe.gate import compare, open_source
from optframe.gate.baseline import place_of, text, write
from optframe.gate.tolerance import Tolerance, Tolerances
from optframe.testing import KIT_VERSION

NOTHING_KNOWN = Tolerances()


def test_a_baseline_has_a_line_for_each_cell_and_its_keys_in_order(source, measured):
    adam = [measured("adam"), measured("adam", "booth"), measured("adam", seed=1)]
    trials = [measured("sgd"), *adam]
    written = text(source(*trials), Tolerances({"adam": Tolerance(0.1)}, ("old",)))
    told = json.loads(written)
    assert list(told) == ["format", "kit", "study", "environment", "tolerances", "cells"]
    assert (told["format"], told["kit"]) == ("optframe-baseline/1", KIT_VERSION)
    lines = [line for line in written.splitlines() if '"cell": ' in line]
    names = [re.search(r'"optimizer": "(\w+)".*"problem": "(\w+)".*"seed": (\d)', x) for x in lines]
    assert [name.groups() for name in names] == [
        ("adam", "booth", "0"),
        ("adam", "rosenbrock", "0"),
        ("adam", "rosenbrock", "1"),
        ("sgd", "rosenbrock", "0"),
    ]
    for line, cell in zip(lines, told["cells"], strict=True):
        assert json.dumps(cell, sort_keys=True) == line.strip().removesuffix(",")
    assert "machine" not in told["environment"]


def test_the_order_of_the_plan_changes_nothing(source, measured):
    one, other = measured("sgd"), measured("adam")
    assert text(source(one, other), NOTHING_KNOWN) == text(source(other, one), NOTHING_KNOWN)


def test_a_change_of_one_cell_is_a_change_of_one_line(source, measured):
    before = text(source(measured("sgd"), measured("adam")), NOTHING_KNOWN).splitlines()
    after = text(source(measured("sgd"), measured("adam", steps=3)), NOTHING_KNOWN).splitlines()
    changed = [line for line, other in zip(before, after, strict=True) if line != other]
    (line,) = changed
    assert '"optimizer": "adam"' in line


def test_every_bit_of_a_loss_is_kept(source, measured, tmp_path, random):
    trials = [measured("adam", seed=i, loss=float(x)) for i, x in enumerate(random.random(20))]
    write(source(*trials), tmp_path / "a.json", NOTHING_KNOWN)
    read = open_source(tmp_path / "a.json")
    assert sorted(one.loss for one in read.trials) == sorted(one.loss for one in trials)
    assert compare(read, source(*trials)).exit_code == 0


@pytest.mark.parametrize("status", ["failed", "crashed", "timeout", "planned"])
def test_a_trial_that_did_not_work_is_no_baseline(source, measured, tmp_path, status):
    path = tmp_path / "a.json"
    path.write_text("old")
    bad = measured("sgd", status=status, reason="because")
    with pytest.raises(UsageError, match=f"sgd on rosenbrock: {status}: because"):
        write(source(measured(), bad), path, NOTHING_KNOWN)
    assert path.read_text() == "old"


@pytest.mark.parametrize("status", ["diverged", "skipped", "stopped"])
def test_other_ends_are_kept_with_their_reason(source, measured, tmp_path, status):
    path = tmp_path / "a.json"
    write(source(measured(status=status, reason="because", loss=None)), path, NOTHING_KNOWN)
    (read,) = open_source(path).trials
    assert (read.status, read.reason) == (status, "because")


def test_one_baseline_is_measured_in_one_place(source, measured, elsewhere, tmp_path):
    both = source(measured(), measured("sgd", environment=elsewhere))
    with pytest.raises(UsageError, match="its trials ran in 2 different environments"):
        write(both, tmp_path / "a.json", NOTHING_KNOWN)
    machine = measured().environment | {"machine": "three", "git": "abc"}
    both = source(measured(), measured("sgd", environment=machine))
    write(both, tmp_path / "a.json", NOTHING_KNOWN)


def test_a_place_that_cannot_be_written_is_named(source, measured, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"a\.json: "):
        write(source(measured()), tmp_path / "file" / "a.json", NOTHING_KNOWN)


def test_a_baseline_lies_beside_its_study():
    assert place_of("tests/gate/counts.toml", "x") == Path("tests/gate/counts.baseline.json")
    assert place_of("quickstart", "quickstart") == Path("quickstart.baseline.json")
