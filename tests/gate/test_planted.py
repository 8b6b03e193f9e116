"""Planted faults, which tier 1 must catch, and A against A, in which it must find nothing."""

import signal
from dataclasses import replace

import pytest

import optframe
from optframe.gate import Verdict, compare, of_results
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.sgd import SGD

STUDY = optframe.Study(
    name="planted",
    budget={"steps": 3000, "target": 1e-4},
    optimizers=["adam:lr=0.1", "sgd:lr=0.002", "bfgs"],
    problems=["booth", "himmelblau"],
    run=optframe.study.settings.RunSettings(backend="numpy", checkpoints=2),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return measure(tmp_path_factory.mktemp("base"))


def measure(folder, **changes):
    return of_results(optframe.run(replace(STUDY, **changes), folder))


def verdicts(comparison):
    return {str(s): comparison.verdict_of(s).value for s in comparison.subjects}


def only(optimizer, verdict):
    names = ("adam:lr=0.1", "sgd:lr=0.002", "bfgs")
    return {
        f"{name} on {problem}": verdict if name.startswith(optimizer) else "pass"
        for problem in ("booth", "himmelblau")
        for name in names
    }


def test_a_against_a_is_never_red(base, tmp_path):
    for again in range(10):
        comparison = compare(base, measure(tmp_path / str(again)))
        assert verdicts(comparison) == only("nothing", "")
        assert comparison.exit_code == 0
        rows = [row for row in comparison.rows if row.name != "seconds"]
        assert all(row.base == row.head for row in rows)


def test_the_order_of_the_trials_changes_nothing(base, tmp_path):
    turned = {name: getattr(STUDY, name)[::-1] for name in ("optimizers", "problems")}
    assert verdicts(compare(base, measure(tmp_path, **turned))) == only("nothing", "")


@pytest.fixture
def planted(base, tmp_path, monkeypatch):
    """Return what compares the base with a study whose optimizer takes other steps."""

    def plant(optimizer, fault):
        step = optimizer.step
        monkeypatch.setattr(optimizer, "step", lambda self, *given: fault(step, self, *given))
        return compare(base, measure(tmp_path))

    return plant


@pytest.mark.parametrize("eps", [1e-7, 1e-3])
def test_a_wrong_eps_is_caught(planted, eps):
    comparison = planted(Adam, lambda step, self, *given: step(replace(self, eps=eps), *given))
    assert verdicts(comparison)["sgd:lr=0.002 on booth"] == "pass"
    changed = [row for row in comparison.rows if row.verdict is Verdict.REGRESSION]
    assert {row.subject.optimizer for row in changed} == {"adam:lr=0.1"}
    assert comparison.exit_code == 1


def test_a_tenth_more_steps_is_caught(planted):
    comparison = planted(
        SGD, lambda step, self, *given: step(replace(self, lr=self.lr / 1.1), *given)
    )
    assert verdicts(comparison) == only("sgd", "regression")
    steps = [row for row in comparison.rows if row.name == "steps" and row.verdict.fails]
    assert len(steps) == 2
    assert all(0.08 < row.change < 0.12 for row in steps)
    assert comparison.exit_code == 1


def test_an_evaluation_too_many_is_caught(planted):
    def wasteful(step, self, theta, state, oracle):
        oracle.loss(theta)
        return step(self, theta, state, oracle)

    comparison = planted(SGD, wasteful)
    assert verdicts(comparison) == only("sgd", "regression")
    assert {row.name for row in comparison.rows if row.verdict.fails} == {"losses"}


def test_a_slowed_step_is_for_the_other_tiers(planted):
    """Counts do not see it: see racing/test_real_races.py and racing/test_instructions.py."""

    def slowed(step, self, *given):
        sum(range(10_000))
        return step(self, *given)

    assert verdicts(planted(SGD, slowed)) == only("nothing", "")


def test_a_wrong_sign_diverges_and_is_caught(planted):
    def opposite(step, self, theta, state, oracle):
        return 2 * theta - step(self, theta.copy(), state, oracle)[0], state

    comparison = planted(SGD, opposite)
    assert verdicts(comparison) == only("sgd", "regression")
    assert "diverged" in {row.head for row in comparison.rows if row.verdict.fails}


def test_an_exception_is_caught_and_a_repair_is_an_improvement(base, tmp_path, monkeypatch):
    def broken(self, theta, state, oracle):
        raise ZeroDivisionError("planted")

    with monkeypatch.context() as patch:
        patch.setattr(SGD, "step", broken)
        failed = measure(tmp_path)
    comparison = compare(base, failed)
    assert verdicts(comparison) == only("sgd", "regression")
    assert any("ZeroDivisionError: planted" in row.reason for row in comparison.rows)
    assert verdicts(compare(failed, base)) == only("sgd", "improvement")
    comparison = compare(failed, failed)
    assert verdicts(comparison) == only("sgd", "inconclusive")
    assert comparison.exit_code == 3


def test_another_dtype_is_refused(base, tmp_path):
    with pytest.raises(optframe.StoreError, match=r"measured in float64, and .* in float32"):
        compare(base, measure(tmp_path, dtype="float32"))


def test_an_interrupted_head_is_missing_what_it_planned(base, tmp_path, monkeypatch):
    asked = []

    def interrupted(self, theta, state, oracle):
        if not asked:
            asked.append(signal.raise_signal(signal.SIGINT))  # as Ctrl-C does
        return theta, state

    monkeypatch.setattr(SGD, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(tmp_path)
    comparison = compare(base, of_results(optframe.load(tmp_path)))
    assert comparison.exit_code == 1
    assert "missing" in verdicts(comparison).values()
