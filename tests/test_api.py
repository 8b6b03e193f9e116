import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import optframe
from optframe import Budget, Function, Number, Optimizer, StoreError, Study, UsageError

TINY = str(Path(__file__).parent / "sample_plugins" / "tiny.py")


def f(theta):
    return 0.5 * theta @ theta


def g(theta):
    return theta


def h(theta):
    return np.eye(theta.size)


x0 = np.array([4.0, -2.0])


@dataclass(frozen=True)
class Descent(Optimizer):
    """Descent: by hand."""

    lr: Number = 0.5

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


@dataclass(frozen=True)
class Bowl(Function):
    """Bowl: by hand."""

    curvature: float = 1.0
    size = 2

    def start(self, random):
        return x0

    def loss(self, theta):
        return 0.5 * self.curvature * self.xp.sum(theta * theta, axis=-1)

    def gradient(self, theta):
        return self.curvature * theta


def test_one_run_of_names_gives_all_that_is_promised():
    result = optframe.minimize("rosenbrock", "adam:lr=0.05", steps=1000, seed=0)
    assert result.status == "finished"
    assert result.loss < 1e-2
    np.testing.assert_allclose(result.theta, [1, 1], atol=0.2)
    assert (result.counts.gradients, result.counts.losses) == (1000, 0)
    assert isinstance(result.curve, pd.DataFrame)
    assert result.curve["step"].iloc[[0, -1]].tolist() == [0, 1000]
    assert result.curve["loss"].iloc[-1] == result.loss
    assert len(result.curve) <= 61


def test_one_run_of_objects_keeps_every_iterate():
    problem = optframe.FunctionProblem(loss=f, gradient=g, hessian=h, theta0=x0)
    result = optframe.minimize(problem, Descent(), steps=50, theta0=x0, iterates=True)
    assert result.iterates.shape == (51, 2)
    np.testing.assert_array_equal(result.iterates, x0 * 0.5 ** np.arange(51)[:, None])
    np.testing.assert_array_equal(result.theta, result.iterates[-1])
    assert result.loss == f(result.theta)


def test_one_run_on_data_with_a_sampler():
    result = optframe.minimize(
        "mlp:data=digits", "sgd:lr=0.1", epochs=5, sampler="shuffled:batch_size=32", backend="auto"
    )
    assert result.status == "finished"
    assert result.curve["epoch"].iloc[-1] == 5
    assert result.curve["test_accuracy"].iloc[-1] > 0.5
    records = result.curve["samples"].iloc[-1] / 5
    assert result.counts.gradients == 5 * np.ceil(records / 32)


def test_a_start_that_is_given_is_where_the_run_starts():
    result = optframe.minimize("quadratic:size=3", "sgd:lr=1e-9", steps=1, theta0=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(result.theta, [1, 2, 3], atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    given = {"steps": 20, "sampler": "shuffled:batch_size=8", "start": "random"}
    runs = [optframe.minimize("softmax", "adam", seed=seed, **given) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)
    assert (runs[0].theta != runs[2].theta).all()


def test_a_run_of_minimize_is_the_studys_first_seed(tmp_path):
    given = {"start": "random", "seed": 5}
    result = optframe.minimize("rosenbrock", "adam", steps=9, **given)
    study = Study("x", {"steps": 9}, "adam", "rosenbrock", seeds=2, **given)
    curves = optframe.run(study, tmp_path).curves
    first = curves.loc[curves["seed"] == 0, result.curve.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        first.drop(columns="seconds"),
        result.curve.drop(columns="seconds"),
        check_exact=True,
        check_dtype=False,
    )


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({"steps": 1000, "target": 1e-3}, "converged", "reached 0.001"),
        ({"steps": 1000, "gradient_norm": 1e-3}, "converged", "gradient norm"),
        ({"gradients": 7}, "finished", None),
        ({"seconds": 0.01}, "finished", None),
        (
            {"steps": 5000, "patience": 3, "checkpoints": {"every_steps": 10}},
            "stopped",
            "no better",
        ),
    ],
)
def test_a_run_ends_as_it_was_told(given, status, reason):
    result = optframe.minimize("quadratic:size=2,condition=1", "sgd:lr=0.5", **given)
    assert result.status == status
    assert (reason is None) == (result.reason is None)
    assert reason is None or reason in result.reason


def test_an_optimizer_with_a_schedule_stays_as_it_was_made():
    schedule = optframe.make("linear", start=0.5, end=0.0, steps=10)
    optimizer = Descent(lr=schedule)
    runs = [optframe.minimize("quadratic:size=2", optimizer, steps=9) for _ in range(2)]
    assert optimizer.lr is schedule
    np.testing.assert_array_equal(runs[0].theta, runs[1].theta)


def test_a_diverging_run_is_a_result():
    result = optframe.minimize("rosenbrock", "sgd:lr=10", steps=50)
    assert result.status == "diverged"
    assert result.reason.startswith("at step ")


def test_what_a_function_raises_is_raised():
    def broken(theta):
        raise ZeroDivisionError("mine")

    problem = optframe.FunctionProblem(loss=f, gradient=broken, theta0=x0)
    with pytest.raises(ZeroDivisionError, match="mine"):
        optframe.minimize(problem, "sgd", steps=3)


def test_what_a_problem_raises_before_the_run_is_raised():
    @dataclass(frozen=True)
    class Unbound(Bowl):
        def bind(self, setting):
            raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        optframe.minimize(Unbound(), "sgd", steps=3)


def test_an_object_stays_the_object_that_it_is_whatever_it_holds():
    @dataclass(frozen=True)
    class Seeing(Descent):
        seen: list = field(default_factory=list)
        others: object = None

        def step(self, theta, state, oracle):
            self.seen.append(theta)
            return super().step(theta, state, oracle)

    optimizer = Seeing(others=[0.1, 0.2])
    optframe.minimize(Bowl(), optimizer, steps=3)
    assert len(optimizer.seen) == 4  # the first step is tried before the clock starts


def test_a_given_start_needs_no_other():
    @dataclass(frozen=True)
    class Unstarted(Bowl):
        def start(self, random):
            raise ZeroDivisionError

    result = optframe.minimize(Unstarted(), Descent(), steps=1, theta0=x0)
    np.testing.assert_array_equal(result.theta, x0 / 2)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        (
            {},
            "no budget is given; expected at least one of steps, epochs, gradients, work, seconds",
        ),
        ({"steps": 0}, "minimize: steps: expected a whole number from 1 to 2**53, found 0"),
        ({"epochs": 3}, "found epochs, but rosenbrock has no data; give it a budget of steps"),
        ({"steps": 3, "theta0": [1.0]}, "theta0 has shape (1,); expected (2,)"),
        ({"steps": 3, "start": "elsewhere"}, "start: expected one of 'standard', 'random'"),
        ({"steps": 3, "seed": -1}, "seed: expected a whole number from 0 to 2**128 - 1, found -1"),
        ({"steps": 3, "dtype": "float16"}, "dtype: expected one of 'float32', 'float64'"),
        ({"steps": 3, "backend": "nunpy"}, "unknown backend 'nunpy'; did you mean 'numpy'?"),
        (
            {"steps": 3, "checkpoints": 0},
            "checkpoints: count: expected a whole number from 1 to 1,000,000",
        ),
        ({"steps": 3, "optimizer": "addam"}, "unknown optimizer 'addam'; did you mean 'adam'?"),
        ({"steps": 3, "optimizer": "adam:lr=-1"}, "lr: expected a number > 0, found -1"),
        (
            {"steps": 3, "optimizer": "adam:lr=[0.1,0.2]"},
            "minimize: lists of values ask for 2 runs",
        ),
        ({"steps": 3, "sampler": "shufled"}, "unknown sampler 'shufled'; did you mean 'shuffled'?"),
        ({"steps": 3, "optimizer": Bowl()}, "expected a name, or an object of Optimizer or Solver"),
        ({"steps": 3, "problem": 3}, "found 3; expected a name, or an object of Problem"),
        (
            {"steps": 3, "problem": "softmax", "sampler": "shuffled:batch_size=9999"},
            "batch_size 9999 is more",
        ),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(given, mistake):
    words = {"problem": "rosenbrock", "optimizer": "sgd", **given}
    with pytest.raises(UsageError) as caught:
        optframe.minimize(words.pop("problem"), words.pop("optimizer"), **words)
    assert mistake in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_an_optimizer_needs_is_told():
    @dataclass(frozen=True)
    class Lunar(Descent):
        needs = frozenset({"moon", "gradient", "hessian"})

    problem = optframe.FunctionProblem(loss=f, gradient=g, theta0=x0)
    with pytest.raises(UsageError, match="Lunar needs hessian, moon, which FunctionProblem does"):
        optframe.minimize(problem, Lunar, steps=1)
    with_hessian = optframe.FunctionProblem(loss=f, gradient=g, hessian=h, theta0=x0)
    with pytest.raises(UsageError, match="Lunar needs moon, which"):
        optframe.minimize(with_hessian, Lunar, steps=1)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"loss": f, "gradient": g},
        {"loss": f, "theta0": x0},
        {"loss": 3, "gradient": g, "theta0": x0},
        {"loss": f, "gradient": g, "theta0": x0, "hessian": "h"},
    ],
)
def test_a_problem_of_functions_needs_functions(given):
    with pytest.raises(UsageError, match=r"^FunctionProblem: "):
        optframe.FunctionProblem(**given)


def test_components_are_made_by_name():
    adam = optframe.make("adam", lr=1e-3)
    assert (adam.lr, adam.beta1) == (0.001, 0.9)
    scheduled = optframe.make(
        "sgd", lr={"schedule": "linear", "start": 1.0, "end": 0.0, "steps": 10}
    )
    assert scheduled.lr(5, 0.0, 0.0) == 0.5
    assert optframe.make("rosenbrock").size == 2
    assert optframe.make("shuffled", batch_size=7).batch_size == 7
    assert optframe.make("numpy").xp is np
    assert optframe.make("digits").load().classes == 10
    with optframe.Stop() as stop:
        assert [*optframe.make("serial").run(str, [(1,), (2,)], stop)] == ["(1,)", "(2,)"]
    wrapped = optframe.make("adam:lr=0.05+clip-norm:max=2")
    assert (wrapped.max, wrapped.optimizer) == (2.0, optframe.make("adam", lr=0.05))
    assert optframe.make("clip-norm", max=2, optimizer=optframe.make("adam", lr=0.05)) == wrapped


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(UsageError, match="unknown component 'rosenbrok'; did you mean 'rosenbro"):
        optframe.make("rosenbrok")
    unknown = "adam: unknown parameter 'learning_rate'; expected one of: "
    with pytest.raises(UsageError, match=unknown):
        optframe.make("adam", learning_rate=0.1)


STUDY = """
[study]
name = "tiny-study"
seeds = 2
budget = { steps = 4 }
[[optimizer]]
name = "sgd"
[[problem]]
name = "logistic"
data = "tiny"
[[sampler]]
name = "shuffled"
batch_size = 5
"""


def test_a_study_is_run_loaded_and_reported(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    out = tmp_path / "results"
    results = optframe.run(str(tmp_path / "study.toml"), out=str(out), plugins=[TINY])
    assert isinstance(results, optframe.Results)
    assert results.trials["status"].tolist() == ["finished"] * 2
    assert len(results.curves) == 2 * 5
    loaded = optframe.load(str(out))
    pd.testing.assert_frame_equal(loaded.trials, results.trials)
    pd.testing.assert_frame_equal(loaded.curves, results.curves)
    page = optframe.report(loaded, tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    assert "tiny-study" in page.read_text(encoding="utf-8")
    assert optframe.report(out) == out / "report" / "index.html"


def test_results_go_into_a_folder_of_the_studys_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = optframe.run(Study("by name", Budget(steps=2), "sgd", "rosenbrock"))
    assert results.path == Path("results/by-name/store.sqlite")
    assert results.path.exists()


def test_a_registered_study_is_found_by_name_even_beside_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quickstart").mkdir()
    from optframe.api import find_study

    assert find_study("quickstart", optframe.load_plugins()).name == "quickstart"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("quickstat", "unknown study 'quickstat'; did you mean 'quickstart'?"),
        ("nowhere.toml", "nowhere.toml: No such file or directory"),
    ],
)
def test_a_study_that_is_not_there_is_told(tmp_path, name, said):
    with pytest.raises(UsageError) as caught:
        optframe.run(name, tmp_path)
    assert str(caught.value) == said


def test_objects_made_by_hand_run_in_a_study(tmp_path):
    problem = optframe.FunctionProblem(loss=f, gradient=g, theta0=x0, known_minimum=0.0)
    study = Study(
        name="by-hand",
        budget={"steps": 3},
        optimizers=[Descent(), Descent(lr=0.25), "sgd:lr=0.5", optframe.make("sgd", lr=0.25)],
        problems=[problem, Bowl(), Bowl(curvature=2.0)],
    )
    trials = optframe.run(study, tmp_path).trials
    assert trials["optimizer"].unique().tolist() == [
        *("descent", "descent:lr=0.25", "sgd:lr=0.5", "sgd:lr=0.25")
    ]
    assert trials["problem"].unique().tolist() == ["functionproblem", "bowl", "bowl:curvature=2"]
    losses = trials.pivot_table(index="problem", columns="optimizer", values="loss")
    start = f(x0)
    assert losses.loc["functionproblem"].to_dict() == {
        "descent": start * 0.5**6,
        "descent:lr=0.25": start * 0.75**6,
        "sgd:lr=0.5": start * 0.5**6,
        "sgd:lr=0.25": start * 0.75**6,
    }
    assert losses.loc["bowl"].equals(losses.loc["functionproblem"].rename("bowl"))
    assert losses.loc["bowl:curvature=2", "descent"] == 0
    assert trials.groupby("problem")["minimum"].first().isna().tolist() == [True, True, False]


def test_objects_are_named_as_module_and_name(tmp_path, monkeypatch):
    module = ModuleType("my_script")
    module.Descent = Descent
    module.problem = Bowl(curvature=2.0)
    monkeypatch.setitem(sys.modules, "my_script", module)
    study = Study("x", {"steps": 1}, "my_script:Descent:lr=0.25", "my_script:problem")
    trials = optframe.run(study, tmp_path).trials
    assert trials["optimizer"].tolist() == ["my_script:Descent:lr=0.25"]
    assert trials["loss"].tolist() == [0.5 * 2 * np.sum((x0 * 0.5) ** 2)]


def test_a_result_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file: expected a folder, found a file"):
        optframe.run(Study("x", {"steps": 1}, "sgd", "rosenbrock"), tmp_path / "file")


def test_a_problem_without_data_needs_no_sampler():
    assert optframe.minimize("booth", "sgd", steps=2, sampler=None).counts.gradients == 2
    with pytest.raises(optframe.UsageError):
        optframe.minimize("softmax:data=digits", "sgd", steps=2, sampler=None)
