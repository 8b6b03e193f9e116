"""The fixture `optbench`, in runs of pytest of its own, and what the gate says of its files."""

import importlib.metadata
import json
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import optframe
from optframe.cli import main
from optframe.gate import compare, of_results, open_source

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parent.parent / "docs" / "optbench.md"
MODULE = "optframe.pytest_plugin"
POINTS = [p.name for p in importlib.metadata.entry_points(group="pytest11") if p.value == MODULE]
OURS = POINTS[0] if POINTS else MODULE
"""What ``-p`` calls it, installed or not."""

ADAM = """
    def test_adam(optbench):
        optbench("adam:lr=0.05", "rosenbrock", target=1e-6, max_steps=5000)
"""

SEVERAL = """
    import pytest

    @pytest.mark.parametrize("lr", [0.05, 0.1])
    def test_adam(optbench, lr):
        found = optbench(f"adam:lr={lr}", "booth", target=1e-6, max_steps=5000)
        assert found.counts["steps"] == found.counts["gradients"] < 5000
        assert found.loss <= 1e-6
        assert found.trials[0].status == "converged"

    class TestPair:
        def test_both(self, optbench):
            quick = optbench("bfgs", "booth", target=1e-6, max_steps=100)
            slow = optbench("sgd:lr=0.01", "booth", target=1e-6, max_steps=5000, time=False)
            assert quick.counts["steps"] < slow.counts["steps"]

    def test_data(optbench):
        found = optbench(
            "sgd:lr=0.1", "softmax", target={"test_accuracy": 0.5}, epochs=3,
            sampler="shuffled:batch_size=100", seeds=2, target_every=5,
        )
        assert [one.spec.seed for one in found.trials] == [0, 1]
"""

FAILING = """
    from dataclasses import dataclass
    import pytest
    from optframe import Optimizer

    @dataclass(frozen=True)
    class Broken(Optimizer):
        def step(self, theta, state, oracle):
            raise ZeroDivisionError("planted")

    def test_never(optbench):
        optbench("sgd:lr=1e-6", "rosenbrock", target=1e-6, max_steps=50)
    def test_diverged(optbench):
        optbench("sgd:lr=10", "rosenbrock", target=1e-6, max_steps=50)
    def test_broken(optbench):
        optbench(Broken(), "rosenbrock", target=1e-6, max_steps=50)
    def test_wrong_name(optbench):
        optbench("adm", "rosenbrock", target=1e-6, max_steps=50)
    def test_no_budget(optbench):
        optbench("adam", "rosenbrock", target=1e-6)
    def test_both_budgets(optbench):
        optbench("adam", "rosenbrock", max_steps=5, steps=6)
    def test_unfit(optbench):
        optbench("lbfgs", "softmax", max_steps=5)
    def test_of_several_one_is_missed(optbench):
        optbench("sgd:lr=[0.01,1e-7]", "booth", target=1e-3, max_steps=900)
    def test_expected(optbench):
        with pytest.raises(AssertionError, match="did not reach f"):
            optbench("sgd:lr=1e-6", "rosenbrock", target=1e-6, max_steps=50)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest in a process of its own, with no plugins but ours and those that are named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(text, *words, plugins=("benchmark",), **modules):
        pytester.makepyfile(test_it=text, **modules)
        named = [word for name in (OURS, *plugins) for word in ("-p", name)]
        return pytester.runpytest_subprocess("-W", "error", *named, *words)

    return run


def content(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))["benchmarks"]


def told(path):
    """What was counted, by name; without seconds, which differ from run to run."""
    tables = {one["fullname"]: one["extra_info"]["optframe"] for one in content(path)}
    return {name: table | {"seconds": None} for name, table in tables.items()}


def test_its_trials_have_the_cells_and_counts_of_a_study(run, pytester, random, tmp_path):
    lr = random.uniform(0.03, 0.2)
    result = run(ADAM.replace("0.05", repr(lr)), "--benchmark-json=head.json")
    result.assert_outcomes(passed=1)
    study = optframe.Study(
        name="the same",
        budget={"steps": 5000, "target": 1e-6},
        optimizers=[f"adam:lr={lr!r}"],
        problems=["rosenbrock"],
    )
    base = of_results(optframe.run(study, tmp_path / "base"))
    head = open_source(pytester.path / "head.json")
    comparison = compare(base, head)
    assert comparison.exit_code == 0
    rows = {row.name: row for row in comparison.rows}
    assert rows["steps"].base == rows["steps"].head > 50
    assert rows["loss"].base == rows["loss"].head


def test_counts_and_times_stand_in_the_file_of_pytest_benchmark(run, pytester):
    result = run(SEVERAL, "--benchmark-json=times.json", "--optbench-json=counts.json")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["optbench: 6 trials counted; written: */counts.json"])
    timed = {one["fullname"]: one for one in content("times.json")}
    assert [*timed] == [
        *("test_it.py::test_adam[0.05]", "test_it.py::test_adam[0.1]"),
        *("test_it.py::TestPair::test_both", "test_it.py::TestPair::test_both#2"),
        *("test_it.py::test_data", "test_it.py::test_data#2"),
    ]
    assert timed["test_it.py::TestPair::test_both#2"]["name"] == "test_both#2"
    for name, one in timed.items():
        whole = name == "test_it.py::TestPair::test_both#2"
        assert one["extra_info"]["timed"] == ("whole run" if whole else "one step")
        assert one["group"] == f"optbench: {one['extra_info']['timed']}"
        assert one["stats"]["iterations"] == 1
        assert (one["stats"]["rounds"] == 1) == whole
    assert told("times.json") == told("counts.json")
    assert [one["fullname"] for one in content("counts.json")] == sorted(timed)
    assert len(open_source(pytester.path / "times.json").trials) == 6


def test_counts_are_the_same_however_they_are_taken(run):
    run(SEVERAL, "--optbench-json=all.json").assert_outcomes(passed=4)
    ways = [
        (("benchmark",), ("--benchmark-disable",), "--benchmark-disable"),
        ((), (), "pytest-benchmark is not in use"),
    ]
    if find_spec("xdist"):
        quiet = ("-W", "ignore:Benchmarks are automatically disabled")
        ways.append((("benchmark", "xdist"), ("-n2", *quiet), "xdist runs several tests at once"))
    for plugins, words, why in ways:
        result = run(SEVERAL, *words, "--optbench-json=some.json", plugins=plugins)
        result.assert_outcomes(passed=4)
        result.stdout.fnmatch_lines([f"optbench: 6 trials counted; no times: {why}; written: *"])
        assert told("some.json") == told("all.json")
        Path("some.json").unlink()


def test_what_fails_says_why_and_leaves_its_counts(run):
    result = run(FAILING, "--benchmark-json=times.json", "--optbench-json=counts.json", "-rs")
    result.assert_outcomes(passed=1, failed=7, skipped=1)
    lines = [line[2:].strip() for line in result.outlines if line.startswith("E ")]
    for said in (
        r"AssertionError: sgd:lr=1e-06 on rosenbrock did not reach f − f\* ≤ 1e-06: f − f\* \S+ "
        r"after 50 steps, 50 gradients; finished: the budget is spent "
        r"\(steps 50, target gap 1e-06\)",
        r"AssertionError: sgd:lr=10 on rosenbrock did not .* diverged: at step \d+",
        r"AssertionError: broken on rosenbrock did not .*; failed: ZeroDivisionError: planted",
        r"ZeroDivisionError: planted",
        r"optframe.errors.UsageError: optbench: .*unknown optimizer 'adm'; did you mean 'adam'\?",
        r"optframe.errors.UsageError: optbench: .*no budget is given; expected at least .*",
        r"optframe.errors.UsageError: optbench: found max_steps and steps, which are the same; "
        r"give one of them",
        r"AssertionError: sgd:lr=1e-07 on booth did not reach f − f\* ≤ 0.001: f − f\* .*",
    ):
        assert sum(re.fullmatch(said, line) is not None for line in lines) == 1, said
    assert not [line for line in result.outlines if "pytest_plugin.py" in line]
    result.stdout.fnmatch_lines(
        ["SKIPPED*optbench: lbfgs needs *deterministic*, which softmax does not support*"]
    )
    counted = told("counts.json")
    assert counted["test_it.py::test_never"]["status"] == "finished"
    assert counted["test_it.py::test_never"]["counts"]["steps"] == 50
    assert counted["test_it.py::test_diverged"]["status"] == "diverged"
    assert counted["test_it.py::test_broken"]["status"] == "failed"
    statuses = [counted[f"test_it.py::test_of_several_one_is_missed{n}"] for n in ("", "#2")]
    assert [one["status"] for one in statuses] == ["converged", "finished"]
    assert "test_it.py::test_wrong_name" not in counted
    assert told("times.json") == counted


def test_nothing_counted_writes_nothing(run):
    result = run("def test_nothing(): pass", "--optbench-json=counts.json")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["optbench: nothing counted, */counts.json not written"])
    assert not Path("counts.json").exists()
    result = run("def test_nothing(): pass")
    assert "optbench" not in result.stdout.str()


def test_a_folder_is_refused_before_anything_runs(run):
    Path("folder").mkdir()
    result = run(ADAM, "--optbench-json=folder")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --optbench-json: */folder is a folder; expected the name of a file"]
    )


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(run):
    result = run(ADAM, "--optbench-json=nowhere/counts.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --optbench-json: there is no folder */nowhere; create it first"]
    )


def test_options_that_select_benchmarks_select_these(run):
    text = ADAM + "\n    def test_other(): pass\n"
    run(text, "--benchmark-only").assert_outcomes(passed=1, skipped=1)
    run(text, "--benchmark-skip").assert_outcomes(passed=1, skipped=1)


def test_the_page_of_the_documentation_runs(run):
    (block,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    run(block, "--benchmark-disable").assert_outcomes(passed=3)


LISTING = """
    import sys
    from pathlib import Path

    def pytest_unconfigure():
        Path("modules").write_text(" ".join(sys.modules))
"""


def test_unused_it_imports_nothing(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeconftest(LISTING)
    pytester.makepyfile("def test_nothing(): pass")

    def imported(*words):
        pytester.runpytest_subprocess(*words).assert_outcomes(passed=1)
        return {*Path("modules").read_text(encoding="utf-8").split()}

    assert imported("-p", OURS) - imported() == {"optframe", "optframe.version", MODULE}


PLUGIN = """
from dataclasses import dataclass
from time import sleep

from optframe import Optimizer

@dataclass(frozen=True)
class TheirDescent(Optimizer):
    lr: float = 0.01

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state
"""

THEIRS = """
    import pytest

    @pytest.mark.parametrize("problem", ["booth", "himmelblau"])
    def test_theirs(optbench, problem):
        optbench("theirs:TheirDescent", problem, target=1e-8, max_steps=20000)

    def test_sgd(optbench):
        optbench("sgd:lr=0.01", "booth", target=1e-6, max_steps=5000)
"""


def test_a_planted_fault_is_caught_by_counts_and_a_slow_step_is_not(run, capsys, monkeypatch):
    planted = {
        "base": PLUGIN,
        "again": PLUGIN,
        "fault": PLUGIN.replace("self.lr *", "0.9 * self.lr *"),
        "slow": PLUGIN.replace("return theta", "sleep(2e-4)\n        return theta"),
    }
    assert len({*planted.values()}) == 3
    for name, text in planted.items():
        result = run(THEIRS, f"--benchmark-json={name}.json", theirs=text)
        result.assert_outcomes(passed=3)

    def verdicts(name):
        monkeypatch.setattr(sys, "argv", ["optframe", "compare", "base.json", f"{name}.json"])
        with pytest.raises(SystemExit) as ended:
            main()
        comparison = compare(open_source("base.json"), open_source(f"{name}.json"))
        assert comparison.exit_code == ended.value.code
        subjects = {one.benchmark.partition("::")[2]: one for one in comparison.subjects}
        found = {test: str(comparison.verdict_of(one)) for test, one in subjects.items()}
        return comparison, (comparison.exit_code, found)

    tests = ("test_theirs[booth]", "test_theirs[himmelblau]", "test_sgd")
    passing = dict.fromkeys(tests, "pass")
    comparison, found = verdicts("again")
    assert found == (0, passing)
    assert all(row.base == row.head for row in comparison.rows if row.name != "seconds")

    _, found = verdicts("fault")
    assert found == (1, dict.fromkeys(passing, "regression") | {"test_sgd": "pass"})
    assert "regression" in capsys.readouterr().out

    comparison, found = verdicts("slow")
    assert found == (0, passing)
    seconds = [row for row in comparison.rows if row.name == "seconds"]
    assert {str(row.verdict) for row in seconds} == {"informative"}
    slowed = [row for row in seconds if "TheirDescent" in row.subject.optimizer]
    steps = {row.subject: row.head for row in comparison.rows if row.name == "steps"}
    assert slowed
    assert all(row.head >= 2e-4 * steps[row.subject] for row in slowed)
    medians = {one["fullname"]: one["stats"]["median"] for one in content("slow.json")}
    assert medians["test_it.py::test_theirs[booth]"] >= 2e-4
