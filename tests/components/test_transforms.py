"""Transforms as people type them: studies, the command line, `make` and `minimize`."""

import dataclasses
import sys

import pytest
from numpy.testing import assert_allclose

import optframe
from optframe import Study, load_plugins
from optframe.cli import main
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.transforms.noise import Noise
from optframe_problems.transforms.rotate import Rotate
from optframe_problems.transforms.shift import Shift

STUDY = """
[study]
name = "changed"
seeds = 2
budget = { steps = 20 }
[[optimizer]]
name = "sgd"
lr = 0.0005
[[problem]]
name = "rosenbrock"
wrap = [{ name = "shift", by = 0.5 }, { name = "noise", sigma = 0.1 }]
"""


@pytest.fixture(scope="module")
def registry():
    return load_plugins()


@pytest.fixture
def plan(registry):
    def planned(*problems, optimizers=("sgd",), **fields):
        study = Study("x", {"steps": 3}, optimizers, problems, **fields)
        return study.trials(registry)

    return planned


@pytest.fixture
def mistakes(plan):
    def found(*problems, **fields):
        with pytest.raises(optframe.UsageError) as caught:
            plan(*problems, **fields)
        return caught.value.mistakes

    return found


@pytest.fixture
def command_line(capsys, monkeypatch):
    """What a command prints that ends well."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["optframe", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert not ended.value.code, said.err
        return said.out

    return run


def test_a_study_file_names_transforms_under_wrap(tmp_path, registry):
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    first, second = Study.from_file(path).trials(registry)
    assert first.problem.label == "rosenbrock+shift:by=0.5+noise:sigma=0.1"
    assert first.problem.values["wrap"] == [
        {"name": "shift", "by": 0.5},
        {"name": "noise", "sigma": 0.1, "records": None},
    ]
    assert (first.seed, second.seed) == (0, 1)  # noise differs by seed
    results = optframe.run(path, tmp_path / "results", registry=registry)
    assert results.trials["status"].tolist() == ["finished"] * 2
    assert results.trials["loss"].nunique() == 2


def test_the_notation_the_table_and_the_object_are_one_cell(plan):
    table = {"name": "rosenbrock", "wrap": [{"name": "rotate"}, {"name": "noise", "sigma": 0.1}]}
    made = Noise(Rotate(Rosenbrock()), sigma=0.1)
    trials = [plan(problem)[0] for problem in ("rosenbrock+rotate+noise:sigma=0.1", table, made)]
    assert len({trial.cell for trial in trials}) == 1
    assert len({trial.key for trial in trials}) == 1
    assert len({trial.problem.label for trial in trials}) == 1


def test_each_parameter_and_the_order_make_another_cell(plan):
    problems = [
        "rosenbrock",
        "rosenbrock+rotate",
        "rosenbrock+noise:sigma=0.1",
        "rosenbrock+noise:sigma=0.2",
        "rosenbrock+noise:sigma=0.2+shift",
        "rosenbrock+shift+noise:sigma=0.2",
    ]
    assert len({trial.cell for trial in plan(*problems)}) == len(problems)


def test_an_object_of_ones_own_is_run_in_a_transform(tmp_path, registry):
    mine = optframe.FunctionProblem(lambda x: float(x @ x), lambda x: 2 * x, theta0=[1.0, 2.0])
    study = Study("x", {"steps": 1}, ["sgd:lr=0.5"], [Shift(mine, by=3.0)])
    results = optframe.run(study, tmp_path / "results", registry=registry)
    (last,) = results.curves.groupby("optimizer").last().to_dict("records")
    assert (last["theta_0"], last["theta_1"], last["loss"]) == (3, 3, 0)


def test_one_seed_is_enough_where_a_transform_draws_nothing(plan):
    assert len(plan("rosenbrock+shift", seeds=4)) == 1
    assert len(plan("rosenbrock+rotate", seeds=4)) == 4
    assert len(plan("rosenbrock+noise", seeds=4)) == 4
    full = {"samplers": ["full"], "seeds": 4}
    assert len(plan("rosenbrock+noise:records=9", **full)) == 4  # another instance each


@pytest.mark.parametrize(
    ("optimizer", "problem", "missing"),
    [
        ("coordinate-descent", "quadratic+shift", None),
        ("coordinate-descent", "quadratic+shift+rotate", "coordinate_minimum"),
        ("lbfgs", "rosenbrock+noise", "deterministic"),
        ("lbfgs", "rosenbrock+rotate", None),
        ("lbfgs", "rosenbrock+noise:records=50", None),
    ],
)
def test_what_is_not_offered_any_more_skips_the_trial_and_says_so(
    optimizer, problem, missing, plan
):
    (trial,) = plan(problem, optimizers=[optimizer], samplers=["full"])
    if missing is None:
        assert trial.skip is None
    else:
        said = f"{optimizer} needs {missing}, which {problem} does not support"
        assert trial.skip.startswith(said)


def test_records_of_noise_are_sampled(plan):
    (trial,) = plan("rosenbrock+noise:records=50", samplers=["shuffled:batch_size=5"])
    assert trial.sampler.label == "shuffled:batch_size=5"
    (fresh,) = plan("rosenbrock+noise", samplers=["shuffled:batch_size=5"])
    assert fresh.sampler.label == "none"


def test_the_wrong_side_is_told_in_one_line(mistakes, plan):
    assert mistakes("rosenbrock+clip-norm") == (
        "[[problem]] rosenbrock: wrap clip-norm: found a wrapper, which wraps optimizers; expected "
        "a transform, one of: multiplicative-noise, noise, rotate, scale, shift",
    )
    (line,) = mistakes("rosenbrock", optimizers=["sgd+rotate"])
    assert line.startswith(
        "[[optimizer]] sgd: wrap rotate: found a transform, which wraps problems; expected a "
        "wrapper, one of: clip-norm, "
    )


@pytest.mark.parametrize(
    ("problem", "mistake"),
    [
        ("rosenbrock+rotat", "wrap rotat: unknown transform 'rotat'; did you mean 'rotate'?"),
        ("rosenbrock+noise:sigma=-1", "wrap noise: sigma: expected a number ≥ 0, found -1"),
        ("rosenbrock+noise:sigm=1", "unknown parameter 'sigm'; did you mean 'sigma'?"),
        ("logistic+noise:records=9", "records = 9 would give Logistic a second kind of minibatch"),
        ("rosenbrock+shift:by=[1,2,3]", "shift: by has 3 numbers; expected one, or 2"),
        ({"name": "rosenbrock", "wrap": "rotate"}, "wrap: expected a list of tables"),
    ],
)
def test_every_mistake_is_one_line(mistakes, problem, mistake):
    (line,) = mistakes(problem)
    assert mistake in line
    assert line.startswith("[[problem]] ")


def test_nothing_goes_around_a_sampler(mistakes):
    (line,) = mistakes("softmax", samplers=["shuffled+rotate"])
    assert line == (
        "[[sampler]] shuffled: wrap is not supported here; expected in an [[optimizer]] or "
        "[[problem]]"
    )
    with pytest.raises(optframe.UsageError) as caught:
        optframe.minimize("softmax", "sgd", steps=1, sampler="shuffled+rotate")
    assert caught.value.mistakes == (f"minimize: {line}",)
    with pytest.raises(optframe.UsageError, match="wrap: a sampler cannot be wrapped"):
        optframe.make("shuffled+rotate")


def test_the_code_of_a_transform_is_in_the_key_and_not_in_the_cell(tmp_path):
    plugin = tmp_path / "halving.py"
    source = """
from dataclasses import dataclass
from optframe import Problem, Transform, hookimpl
optframe_api = 1

@dataclass(frozen=True)
class Halving(Transform):
    problem: Problem

    def loss(self, theta, *batch):
        return self.inside.loss(theta, *batch) / 2

    def gradient(self, theta, *batch):
        return self.inside.gradient(theta, *batch) / 2

@hookimpl
def optframe_transforms():
    return {"halving": Halving}
"""
    planned = []
    for end in ("", "# changed\n"):
        plugin.write_text(source + end)
        study = Study("x", {"steps": 1}, ["sgd"], ["rosenbrock+halving"])
        (trial,) = study.trials(load_plugins([str(plugin)]))
        planned.append(trial)
    one, other = planned
    assert one.cell == other.cell
    assert one.key != other.key


def test_make_takes_the_notation_and_the_object():
    assert optframe.make("rosenbrock+shift:by=0.5") == Shift(Rosenbrock(), by=0.5)
    made = optframe.make("noise", problem=optframe.make("rosenbrock+rotate"), sigma=0.1)
    assert made == Noise(Rotate(Rosenbrock()), sigma=0.1)
    assert dataclasses.replace(made, sigma=0.2).problem == made.problem


def test_minimize_takes_names_and_objects():
    by_name = optframe.minimize("rosenbrock+rotate+shift", "lbfgs", steps=50)
    by_object = optframe.minimize(Shift(Rotate(Rosenbrock())), "lbfgs", steps=50)
    assert by_name.loss == by_object.loss < 1e-12
    assert_allclose(by_name.theta, by_object.theta)


def test_a_transformed_function_keeps_its_target_and_its_counts(tmp_path, registry):
    budget = {"steps": 200, "target": 1e-3, "gradient_norm": 1e-12}
    study = Study("x", budget, ["newton"], ["rosenbrock+shift"])
    results = optframe.run(study, tmp_path / "results", registry=registry)
    (trial,) = results.trials.to_dict("records")
    assert trial["status"] == "converged"
    assert trial["samples"] == 0
    bare = optframe.minimize("rosenbrock", "newton", steps=200, target=1e-3)
    assert trial["steps"] == bare.curve["step"].iloc[-1]
    result = optframe.minimize("rosenbrock+shift", "sgd:lr=0.001", steps=50, gradient_norm=1e3)
    assert result.status == "converged"


def test_the_command_line_lists_shows_and_runs_transforms(command_line, tmp_path):
    assert "  rotate  " in command_line("list", "transforms")
    assert "  sigma    a number ≥ 0; default 1" in command_line("show", "noise").splitlines()
    words = "run -o sgd:lr=0.0005 -p rosenbrock+rotate --steps 10 --no-report --out"
    command_line(*words.split(), tmp_path / "out")
    (trial,) = optframe.load(tmp_path / "out").trials.to_dict("records")
    assert (trial["problem"], trial["status"]) == ("rosenbrock+rotate", "finished")
