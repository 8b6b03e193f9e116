"""What `optframe verify` says: the same, rounded otherwise, changed, or not comparable."""

import sqlite3
import zlib

import numpy as np
import pytest
from click.testing import CliRunner

from optframe import Study, load_plugins, run
from optframe.cli.commands.verify import command
from optframe.contracts.columns import COUNT_COLUMNS
from optframe.errors import UsageError
from optframe.gate.verification import Agreement, drawn, verify
from optframe.store.tasks import read_tasks

PLUGIN = """
from dataclasses import dataclass
from optframe import Optimizer, Positive, hookimpl
optframe_api = 1

@dataclass(frozen=True)
class Slow(Optimizer):
    \"\"\"Slow: a small step against the gradient.\"\"\"
    lr: Positive = 0.001
    def step(self, theta, state, oracle):
        return theta - {factor} * self.lr * oracle.gradient(theta), state

@hookimpl
def optframe_optimizers():
    return {{"slow": Slow}}
"""


@pytest.fixture
def store(tmp_path):
    """Two optimizers on two problems, one of them with minibatches."""
    optimizers, problems = ["adam:lr=0.01", "sgd:lr=0.001"], ["rosenbrock", "noisy-quadratic"]
    study = Study("v", {"steps": 20}, optimizers, problems, seeds=2)
    return run(study, out=tmp_path / "v").path


def verified(path, registry=None):
    trials, _ = drawn(path, None)
    return [*verify(path, trials, registry or load_plugins())]


def alter(path, statement):
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def falsify(path, optimizer, change):
    """Write another curve for each trial of an optimizer, as another machine might have."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT key, rows, data FROM curves JOIN trials USING (key) WHERE optimizer = ?",
            (optimizer,),
        ).fetchall()
        for key, length, data in rows:
            curve = np.frombuffer(zlib.decompress(data), "<f8").reshape(-1, length).copy()
            change(curve)
            blob = zlib.compress(curve.tobytes())
            connection.execute("UPDATE curves SET data = ? WHERE key = ?", (blob, key))
    connection.close()


def of_adam(found):
    """What was found of adam's three trials; all else agrees to the bit."""
    ours = [one for one in found if one.trial.optimizer.name == "adam"]
    assert len(ours) == 3
    assert {one.agreement for one in found if one not in ours} == {Agreement.BIT}
    return ours


def test_on_the_same_machine_all_agree_to_the_bit(store):
    found = verified(store)
    assert len(found) == 6  # rosenbrock draws nothing, so that one seed is enough
    assert {one.agreement for one in found} == {Agreement.BIT}
    assert not any(one.reason or one.changed for one in found)


@pytest.mark.parametrize(
    ("row", "change", "agreement", "said"),
    [
        ("loss", lambda x: np.r_[x[:5], x[5:] * (1 + 1e-12)], Agreement.ROUNDING, "1e-12"),
        (
            "loss",
            lambda x: np.r_[x[:5], x[5] * (1 + 1e-5), x[6:]],
            Agreement.NOT,
            "first at step 5: lo",
        ),
        (
            "gradients",
            lambda x: np.r_[x[:-1], x[-1] + 1],
            Agreement.NOT,
            "gradients 21 then, 20 now",
        ),
        ("seconds", lambda x: 2 * x, Agreement.BIT, ""),
    ],
    ids=["rounding", "another loss", "another count", "another time"],
)
def test_a_curve_that_differs(store, row, change, agreement, said):
    def changed(curve):
        place = [*COUNT_COLUMNS, "loss"].index(row)
        curve[place] = change(curve[place])

    falsify(store, "adam:lr=0.01", changed)
    found = of_adam(verified(store))
    assert {one.agreement for one in found} == {agreement}
    assert all(said in one.reason for one in found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("status = 'diverged'", "diverged then, finished now"),
        ("final = '{\"loss\": 0.5}'", "its curve agrees, but its row does not"),
    ],
)
def test_a_row_that_differs_does_not_agree(store, change, said):
    alter(store, f"UPDATE trials SET {change} WHERE optimizer LIKE 'adam%'")
    found = of_adam(verified(store))
    assert {(one.agreement, one.reason) for one in found} == {(Agreement.NOT, said)}


def test_a_trial_without_its_curve_does_not_agree(store):
    trials, _ = drawn(store, None)
    alter(store, "DELETE FROM curves WHERE key IN (SELECT key FROM trials WHERE position = 0)")
    missing = [one for one in verify(store, trials, load_plugins()) if one.reason]
    assert [one.agreement for one in missing] == [Agreement.NOT]
    assert missing[0].reason.startswith("the store has no result for its key")


def test_code_that_changed_is_named(tmp_path):
    plugin = tmp_path / "slow_plugin.py"
    plugin.write_text(PLUGIN.format(factor=1), encoding="utf-8")
    study = Study("s", {"steps": 5}, ["slow", "adam"], ["rosenbrock"])
    path = run(study, out=tmp_path / "out", plugins=[str(plugin)]).path
    plugin.write_text(PLUGIN.format(factor=2), encoding="utf-8")
    found = {one.trial.optimizer.name: one for one in verified(path, load_plugins([str(plugin)]))}
    assert found["adam"].agreement is Agreement.BIT
    assert found["slow"].agreement is Agreement.NOT
    assert found["slow"].changed == ("code of optimizer slow",)
    without = {one.trial.optimizer.name: one for one in verified(path)}
    assert without["slow"].agreement is Agreement.NOT
    assert "slow" in without["slow"].reason


def test_budgets_in_seconds_are_exempt(tmp_path):
    study = Study("s", {"seconds": 0.01}, ["adam"], ["rosenbrock"])
    path = run(study, out=tmp_path / "out").path
    (one,) = verified(path)
    assert one.agreement is Agreement.EXEMPT
    assert "seconds" in one.reason
    done = CliRunner().invoke(command, [str(path.parent)], standalone_mode=False)
    assert done.return_value == 3


def test_the_sample_is_drawn_afresh_with_each_seed_and_is_in_order(store):
    keys = [trial.key for trial in drawn(store, None)[0]]
    assert set(keys) == set(read_tasks(store))
    samples = set()
    for seed in range(20):
        trials, there = drawn(store, 2, seed)
        assert there == 6
        chosen = tuple(trial.key for trial in trials)
        assert len(chosen) == 2
        assert sorted(chosen, key=keys.index) == list(chosen)
        assert chosen == tuple(trial.key for trial in drawn(store, 2, seed)[0])
        samples.add(chosen)
    assert len(samples) > 3


def test_the_command_says_it_and_exits_by_it(store):
    done = CliRunner().invoke(command, [str(store.parent), "--all"], standalone_mode=False)
    assert done.return_value == 0
    assert done.output.splitlines()[-1] == "6 of 6 trials ran again: 6 to the bit"
    alter(store, "UPDATE trials SET status = 'diverged' WHERE optimizer LIKE 'adam%'")
    done = CliRunner().invoke(command, [str(store.parent), "--all"], standalone_mode=False)
    assert done.return_value == 1
    assert "3 to the bit, 3 not at all" in done.output


def test_a_store_without_results_has_nothing_to_verify(store):
    alter(store, "UPDATE trials SET status = 'failed'")
    with pytest.raises(UsageError, match="nothing to verify"):
        drawn(store, 10)
