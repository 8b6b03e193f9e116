"""What was written for optframe 0.1.0 runs unchanged: imports, and a plugin of every kind."""

import dataclasses
import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe.cli import main
from optframe.contracts import Stop
from optframe.testing import (
    check_optimizer,
    check_problem,
    check_protocol,
    check_sampler,
    check_schedule,
    check_tuner,
)

PLUGIN = Path(__file__).parent / "sample_plugins" / "everything.py"
OFFERED = {
    "optframe": """
        Array Backend Budget Count DataFile Dataset DatasetLoader EpochSeeds Executor Figure
        Fraction Frames Function FunctionProblem Indices Lost MinimizeResult NonNegative Number
        OptframeError Optimizer Oracle Part PluginError Point Positive Problem Record Registry
        Reporter Results Sampler Schedule Search Setting Solver StochasticProblem Stop StoreError
        Study Transform Trial UnavailableError UnitInterval UsageError Wrapper cache_folder
        coefficient draw elementwise hookimpl load load_plugins make maximum minimize minimum
        report run sign sqrt where
    """,
    "optframe.contracts": """
        Array Backend Count DataFile Dataset DatasetLoader EpochSeeds Executor Figure Fraction
        Frames Function Indices Lost NonNegative Number Optimizer Part Point Positive Problem
        Reporter Sampler Schedule Search Setting Solver StochasticProblem Stop Transform
        UnitInterval Wrapper cache_folder
    """,
    "optframe.drawing": "FORMATS draw frames_of picture prepared written",
    "optframe.errors": """
        OptframeError PluginError StoreError UnavailableError UsageError nearest one_line printable
    """,
    "optframe.execution": "execute",
    "optframe.rules": """
        Elementwise Rule Trace TraceError coefficient computing_with elementwise maximum minimum
        sign sqrt where
    """,
    "optframe.statistics": """
        CENSORED COSTS STATUSES UNRUN Curve Friedman Interval Quartiles RankChange align
        average_ranks data_profile evaluations_to_own_target evaluations_to_target final
        friedman holm iman_davenport median_and_quartiles median_interval nemenyi_distance
        nemenyi_groups performance_profile performance_ratios ranking_depends_on
        relative_targets solver_costs summary targets_reached time_to_target worst
    """,
    "optframe.store": "Store",
    "optframe.study": "NO_SAMPLER STARTS Budget Checkpoints RunSettings Study Trial",
    "optframe.testing": """
        KIT_VERSION Check Checks ConformanceWarning Outcome OverwritingBackend PlainBackend
        ReadOnlyBackend StrictBackend check_backend check_optimizer check_problem check_sampler
        check_schedule
    """,
    "optframe.trial": "Run Setup",
}
"""What each module offered in 0.1.0, in its ``__all__``, but for rankings."""


@pytest.mark.parametrize(
    ("module", "name"), [(home, name) for home, names in OFFERED.items() for name in names.split()]
)
def test_what_was_offered_is_still_there(module, name):
    assert hasattr(import_module(module), name)
    assert name in import_module(module).__all__


def test_a_name_means_the_same_wherever_it_comes_from():
    short = OFFERED["optframe"].split()
    for home, names in OFFERED.items():
        for name in {*short} & {*names.split()}:
            assert getattr(import_module(home), name) is getattr(optframe, name)


@pytest.fixture(scope="module")
def registry():
    return optframe.load_plugins([str(PLUGIN)], strict=True)


@pytest.fixture(scope="module")
def plugin(registry):
    return sys.modules["everything"]


@pytest.fixture(scope="module")
def told(plugin):
    return plugin.WATCHED


@pytest.fixture(scope="module")
def results(registry, told, tmp_path_factory):
    """The plugin's study, run by its name."""
    told.clear()
    return optframe.run("everything", out=tmp_path_factory.mktemp("everything"), registry=registry)


def test_the_plugin_is_taken_whole(registry):
    (own,) = [plugin for plugin in registry.plugins if plugin.name == "everything"]
    assert own.origin == str(PLUGIN)
    assert [*registry.broken] == []
    ours = {
        "optimizers": ["damped-ball", "own-loop", "plain-descent", "searching-descent"],
        "searches": ["trimmed"],
        "wrappers": ["twice"],
        "problems": ["fit", "trough"],
        "transforms": ["lifted"],
        "datasets": ["ramp"],
        "samplers": ["strips"],
        "schedules": ["teeth"],
        "executors": ["backwards"],
        "figures": ["ends"],
        "reporters": ["listed"],
        "tuners": ["ladder"],
        "protocols": ["careful"],
        "studies": ["everything"],
    }
    for kind, names in ours.items():
        assert [e.name for e in registry.entries(kind) if e.owner == "everything"] == names


def test_its_study_runs_to_the_end(results):
    trials = results.trials
    assert len(trials) == 48
    assert dict(trials["status"].value_counts()) == {"finished": 42, "skipped": 4, "converged": 2}
    skipped = trials[trials["status"] == "skipped"]
    assert {*skipped["optimizer_name"]} == {"searching-descent"}
    assert {*trials[trials["status"] == "converged"]["optimizer"]} == {"twice damped"}


def test_its_observer_hears_of_every_trial(results, told):
    ends = {"finished": 42, "skipped": 4, "converged": 2}
    assert told[0] == ("started", "everything", 48, 48)
    assert told[-1] == ("ended", "everything", ends)
    assert told[1] == ("round", "final", 48, 48)
    assert len(told) == 51
    assert {kind for kind, *_ in told[2:-1]} == {"finished"}
    asked = {*zip(results.trials["optimizer"], results.trials["seed"], strict=True)}
    assert {(optimizer, seed) for _, optimizer, seed, *_ in told[2:-1]} == asked


def curve(results, optimizer, problem, seed=0):
    curves = results.curves
    chosen = curves["optimizer"].eq(optimizer) & curves["problem"].eq(problem)
    return curves[chosen & curves["seed"].eq(seed)]


def test_its_numbers_are_those_of_its_formulas(results):
    """θ ← θ − ε∇f on ½(x² + 4y²) + xy/2, from where the study begins; and a solver's the same."""
    matrix = np.array([[1.0, 0.5], [0.5, 4.0]])
    for seed in (0, 1):
        found = curve(results, "plain-descent:lr=0.1", "trough:condition=4", seed)
        path = found[["theta_0", "theta_1"]].to_numpy()
        decay = np.eye(2) - 0.1 * matrix
        for row, theta in enumerate(path):
            expected = np.linalg.matrix_power(decay, 10 * row) @ path[0]
            np.testing.assert_allclose(theta, expected, rtol=1e-9, atol=1e-12)
            loss = found["loss"].iloc[row]
            np.testing.assert_allclose(loss, 0.5 * theta @ matrix @ theta, rtol=1e-9)
        slow = curve(results, "plain-descent:lr=0.05", "trough:condition=4", seed)
        solver = curve(results, "own-loop", "trough:condition=4", seed)
        np.testing.assert_allclose(solver["loss"], slow["loss"], rtol=1e-12)
        assert [*solver["gradients"]] == [*slow["gradients"]] == [0, 10, 20, 30]


def test_two_steps_inside_are_one_and_both_are_counted(results):
    twice = curve(results, "twice damped", "trough:condition=8")
    assert [*twice["gradients"]] == [0, 20, 40, 60]


def test_its_update_rule_is_the_same_written_plainly(plugin):
    run = plugin.one_run(plugin.Trough(8.0), plugin.DampedBall(lr=0.05, momentum=0.6), 15)
    theta, v, a = np.array([4.0, -1.0]), np.zeros(2), np.zeros(2)
    for row in run.curve:
        np.testing.assert_allclose(row[-2:], theta, rtol=1e-9)
        g = np.array([theta[0] + 0.5 * theta[1], 8.0 * theta[1] + 0.5 * theta[0]])
        v = 0.6 * v - 0.05 * g
        a = 0.9 * a + 0.1 * g**2
        theta = theta + v / np.maximum(1, np.sqrt(a))
    assert run.status == "finished"
    assert run.k == 15


def test_its_schedule_is_asked_before_each_step(plugin):
    problem = plugin.Trough(8.0)
    falling = plugin.one_run(problem, plugin.PlainDescent(lr=plugin.Teeth(0.1, 4)), 6)
    theta, matrix = np.array([4.0, -1.0]), np.array([[1.0, 0.5], [0.5, 8.0]])
    for k, row in enumerate(falling.curve):
        np.testing.assert_allclose(row[-2:], theta, rtol=1e-12)
        theta = theta - 0.1 * (1 - 0.5 * (k % 4) / 4) * matrix @ theta


def test_its_noise_lifts_the_loss_and_is_the_same_for_all(results):
    start = curve(results, "plain-descent:lr=0.1", "a lifted trough").iloc[0]
    other = curve(results, "own-loop", "a lifted trough").iloc[0]
    assert start["loss"] == other["loss"]
    ends = results.trials[results.trials["problem"] == "a lifted trough"]
    assert ends["status"].isin(["finished", "skipped"]).all()


def test_its_reporter_and_its_figure_are_drawn(results, registry, tmp_path):
    path = optframe.report(results, tmp_path, format="listed", registry=registry)
    read = json.loads(path.read_text())
    assert read["study"] == "everything"
    assert read["statuses"] == {"finished": 42, "skipped": 4, "converged": 2}
    assert read["last steps"].count(30) == 42
    assert (tmp_path / "ends.svg").read_text().lstrip().startswith("<?xml")
    canvas = optframe.draw("ends:scale=log", results, "fit", registry=registry)
    assert canvas.axes[0].get_title() == "final loss"
    assert len(canvas.axes[0].patches) == 6
    with pytest.raises(optframe.UsageError, match="did you mean 'test_loss'"):
        optframe.draw("ends:metric=tst_loss", results, "fit", registry=registry)


@pytest.mark.parametrize(
    ("make", "check"),
    [
        (lambda its: its.DampedBall(average=True), check_optimizer),
        (lambda its: its.PlainDescent(), check_optimizer),
        (lambda its: its.SearchingDescent(), check_optimizer),
        (lambda its: its.OwnLoop(), check_optimizer),
        (lambda its: its.Twice(its.PlainDescent()), check_optimizer),
        (lambda its: its.Trough(), check_problem),
        (lambda its: its.Lifted(its.Trough(), sigma=0.1), check_problem),
        (lambda its: its.Strips(), check_sampler),
        (lambda its: its.Teeth(0.1), check_schedule),
    ],
)
def test_its_components_pass_the_kit(plugin, make, check):
    outcomes = check(make(plugin)).run()
    assert [o for o in outcomes if o.status not in ("passed", "not applicable")] == []


def test_what_its_optimizer_declares_is_still_checked(plugin):
    """`invariances` and `displacement`, overridden on the class."""
    checks = ("is-invariant-as-declared", "moves-by-its-formula-on-a-constant-gradient")
    found = {o.check: o.status for o in check_optimizer(plugin.PlainDescent()).run()}
    assert [found[check] for check in checks] == ["passed", "passed"]

    @dataclasses.dataclass(frozen=True)
    class Wrong(plugin.PlainDescent):
        def invariances(self):
            return frozenset({"loss scale"})

        def displacement(self, gradient, steps):
            return -0.9 * self.lr * steps * gradient

    found = {o.check: o.status for o in check_optimizer(Wrong()).run()}
    assert [found[check] for check in checks] == ["failed", "failed"]


def test_its_functions_use_what_the_modules_offer(plugin, registry, tmp_path):
    study = plugin.study("by hand", together=True)
    results = optframe.run(
        dataclasses.replace(study, seeds=3), out=tmp_path / "by-hand", registry=registry
    )
    assert [*results.trials["together"]] == [3, 3, 3]
    assert [*curve(results, "damped-ball:lr=0.02", "trough")["step"]] == [0, 5, 10, 15, 20]
    (trial,) = study.trials(registry)
    assert plugin.is_ours(trial)
    assert plugin.opened(tmp_path / "new") == str(tmp_path / "new" / "store.sqlite")
    (tmp_path / "file").touch()
    with pytest.raises(optframe.StoreError):
        plugin.opened(tmp_path / "file")


def test_its_executor_can_be_driven_by_hand(plugin, registry):
    class Work:
        def __call__(self, batch):
            return [trial.seed for trial in batch]

        def hurry(self):
            raise AssertionError("nobody asked for the end")

    study = dataclasses.replace(plugin.study("by hand"), seeds=3)
    batches = [(trial,) for trial in study.trials(registry)]
    with Stop() as stop:
        assert plugin.records(plugin.Backwards(), Work(), batches, stop) == [2, 1, 0]


def test_the_command_line_takes_it(results, monkeypatch, capsys):
    folder = str(results.path.parent)
    for words, lines in (
        (("verify", folder, "--sample", "6"), ["6 of 44 trials ran again: 6 to the bit"]),
        (("show", "teeth"), ["  value  a number; required", "  steps  a whole number ≥ 1"]),
        (("check", "own-loop"), ["optimizer own-loop  from everything"]),
    ):
        monkeypatch.setattr(sys, "argv", ["optframe", *words, "-P", str(PLUGIN)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        assert not ended.value.code, output.err
        for line in lines:
            assert line in output.out


def test_its_tuner_and_protocol_keep_their_contracts(plugin, registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "everything", plugin)  # for pickle; other tests load it, too
    for checks in (check_tuner(plugin.Ladder), check_protocol(plugin.Careful, registry=registry)):
        assert not [o for o in checks.run() if o.status == "failed"]


def test_its_protocol_tunes_by_its_tuner(registry, tmp_path):
    study = optframe.Study(
        "tuned",
        {"steps": 5},
        ["plain-descent"],
        ["trough"],
        seeds=3,
        start="random",
        tune={"protocol": "careful"},
    )
    results = optframe.run(study, tmp_path, registry=registry)
    assert (len(results.tuning), len(results.trials)) == (10, 3)
    assert [*results.tuning.groupby("number")["round"].first()] == [0, 0, 0, 1, 2]
    assert {*results.winners["contender"]} == {"plain-descent"}
