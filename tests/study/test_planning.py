import dataclasses
import json
import operator
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optframe import (
    Budget,
    FunctionProblem,
    Number,
    Optimizer,
    UnavailableError,
    UsageError,
    load_plugins,
    make,
)
from optframe.contracts.trial import canonical
from optframe.study.settings import RunSettings

SAMPLES = Path(__file__).parent.parent / "sample_plugins"


def labels(trials, kind="optimizer"):
    return [getattr(trial, kind).label for trial in trials]


CONSTANT = {"schedule": "constant", "value": 0.1}
FADING = [{"schedule": "inverse-sqrt", "start": start} for start in (0.1, 1.0)]


@pytest.mark.parametrize(
    ("optimizers", "expected"),
    [
        (
            [{"name": "adam", "lr": [0.1, 0.2], "beta1": [0.0, 0.5, 0.9], "eps": 1e-6}],
            [f"adam:lr={lr},beta1={b},eps=1e-06" for lr in (0.1, 0.2) for b in (0, 0.5, 0.9)],
        ),
        (
            [{"name": "sgd", "lr": [CONSTANT, 0.2]}],
            ["sgd:lr={schedule=constant,value=0.1}", "sgd:lr=0.2"],
        ),
        (
            [{"name": "sgd", "lr": [0.1, 0.25], "label": "Größe"}, {"name": "adam", "label": "A"}],
            ["Größe 0.1", "Größe 0.25", "A"],
        ),
        (
            [{"name": "adam", "label": "fading", "lr": FADING, "beta1": [0.8, 0.9]}],
            ["fading 0.1 0.8", "fading 0.1 0.9", "fading 1 0.8", "fading 1 0.9"],
        ),
    ],
    ids=["numbers", "schedules", "labels", "a label with what differs"],
)
def test_a_list_is_a_grid(plan, optimizers, expected):
    assert labels(plan(optimizers=optimizers)) == expected


@pytest.mark.parametrize(
    ("hidden", "values"), [([3, 2], [[3, 2]]), ([[3], [3, 2], []], [[3], [3, 2], []])]
)
def test_for_a_sequence_a_list_is_one_value_and_a_list_of_lists_a_grid(plan, hidden, values):
    problem = {"name": "mlp", "data": "tiny", "hidden": hidden}
    trials = plan(problems=[problem], samplers=["full"])
    assert [trial.problem.values["hidden"] for trial in trials] == values


@pytest.mark.parametrize(
    "given",
    [
        {"optimizers": [{"name": "sgd", "label": "x"}, {"name": "adam", "label": "x"}]},
        {"optimizers": [{"name": "sgd", "lr": lr, "label": "x"} for lr in (0.1, 0.2)]},
        {"problems": [{"name": name, "label": "x"} for name in ("rosenbrock", "quadratic")]},
        {"problems": ["rosenbrock", {"name": "rosenbrock", "start": "random"}]},
        {"problems": ["rosenbrock", {"name": "rosenbrock", "budget": {"steps": 2}}]},
    ],
)
def test_one_name_for_two_different_runs_is_a_mistake(plan, given):
    named = r"^two different trials have the name '\w+' on '\w+'; give "
    with pytest.raises(UsageError, match=named):
        plan(seeds=2, **given)


def test_what_is_called_alike_may_differ_from_problem_to_problem(plan):
    tuned = [
        {"name": "sgd", "lr": 0.1, "label": "tuned", "problems": ["rosenbrock"]},
        {"name": "sgd", "lr": 0.2, "label": "tuned", "problems": ["quadratic"]},
    ]
    trials = plan(optimizers=tuned, problems=["rosenbrock", "quadratic"])
    assert [trial.optimizer.values["lr"] for trial in trials] == [0.1, 0.2]


def test_every_problem_meets_every_sampler_optimizer_and_seed(plan):
    trials = plan(
        optimizers=["sgd", "adam"],
        problems=["logistic:data=tiny", "mlp:data=tiny"],
        samplers=["shuffled:batch_size=5", "with-replacement:batch_size=5"],
        seeds=3,
    )
    cells = [(t.problem.name, t.sampler.name, t.optimizer.name, t.seed) for t in trials]
    assert cells == [
        (problem, sampler, optimizer, seed)
        for problem in ("logistic", "mlp")
        for sampler in ("shuffled", "with-replacement")
        for optimizer in ("sgd", "adam")
        for seed in range(3)
    ]


def test_the_sampler_axis_collapses_for_problems_without_data(plan):
    trials = plan(samplers=["shuffled:batch_size=2", "full", "sequential"])
    assert labels(trials, "sampler") == ["none"]


@pytest.mark.parametrize(
    ("given", "seeds"),
    [
        ({}, 1),
        ({"start": "random"}, 4),
        ({"problems": [{"name": "rosenbrock", "start": "random"}]}, 4),
        ({"optimizers": "gambler"}, 4),
        ({"optimizers": "sgd+clip-norm:max=1"}, 1),
        ({"optimizers": "gambler+clip-norm:max=1"}, 4),
        ({"problems": "quadratic:size=3,rotate=true"}, 4),
        ({"problems": "logistic:data=tiny", "samplers": ["shuffled:batch_size=5"]}, 4),
        ({"problems": "logistic:data=tiny", "samplers": ["sequential:batch_size=5"]}, 1),
        ({"problems": "logistic:data=tiny", "samplers": ["full"]}, 1),
        ({"problems": "mlp:data=tiny", "samplers": ["full"]}, 4),
    ],
)
def test_only_what_differs_between_seeds_is_run_for_each(plan, given, seeds):
    assert [trial.seed for trial in plan(seeds=4, **given)] == list(range(seeds))


DATA = ["logistic:data=tiny", "mlp:data=tiny"]


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        (
            {
                "optimizers": [{"name": "sgd", "problems": ["quadratic"]}, "adam"],
                "problems": ["rosenbrock", "quadratic"],
            },
            ["quadratic none sgd", "quadratic none adam", "rosenbrock none adam"],
        ),
        (
            {
                "optimizers": [
                    *("sgd:lr=0.1", "sgd:lr=0.2"),
                    {"name": "adam", "label": "A", "lr": [1.0, 2.0]},
                ],
                "problems": [{"name": "rosenbrock", "optimizers": ["sgd:lr=0.2", "A"]}],
            },
            ["rosenbrock none sgd:lr=0.2", "rosenbrock none A 1", "rosenbrock none A 2"],
        ),
        (
            {
                "optimizers": ["sgd", "adam"],
                "problems": DATA,
                "samplers": [
                    {"name": "full", "problems": ["mlp"]},
                    {"name": "sequential", "batch_size": 5, "optimizers": ["adam"]},
                ],
            },
            [
                "mlp:data=tiny full sgd",
                "mlp:data=tiny full adam",
                "mlp:data=tiny sequential:batch_size=5 adam",
                "logistic:data=tiny sequential:batch_size=5 adam",
            ],
        ),
    ],
    ids=["an optimizer's problems", "a problem's optimizers by label", "a sampler's both"],
)
def test_each_can_name_its_partners(plan, given, pairs):
    trials = plan(**given)
    found = [f"{t.problem.label} {t.sampler.label} {t.optimizer.label}" for t in trials]
    assert sorted(found) == sorted(pairs)


def test_a_problem_that_no_sampler_is_for_is_a_mistake(plan):
    unpaired = r"\[\[problem\]\] logistic: found no \[\[sampler\]\] that is paired with it"
    with pytest.raises(UsageError, match=unpaired):
        plan(problems=DATA, samplers=[{"name": "full", "problems": ["mlp"]}])


def test_pairings_that_leave_nothing_are_a_mistake(plan):
    unpaired = re.escape(
        "x: found no optimizer and problem that are paired; check the lists of partners "
        "(`problems = [...]`, `optimizers = [...]`)"
    )
    with pytest.raises(UsageError, match=f"^{unpaired}$"):
        plan(
            optimizers=[
                {"name": "sgd", "problems": ["quadratic"]},
                {"name": "adam", "problems": ["rosenbrock"]},
            ],
            problems=[
                {"name": "quadratic", "optimizers": ["adam"]},
                {"name": "rosenbrock", "optimizers": ["sgd"]},
            ],
        )


def test_the_optimizers_budget_goes_before_the_problems_and_the_studys(plan):
    trials = plan(
        budget={"steps": 1},
        optimizers=["sgd", {"name": "adam", "budget": {"steps": 3}}],
        problems=["quadratic", {"name": "rosenbrock", "budget": {"steps": 2, "target": 0.1}}],
    )
    assert {(t.optimizer.name, t.problem.name): t.budget for t in trials} == {
        ("sgd", "quadratic"): Budget(steps=1),
        ("sgd", "rosenbrock"): Budget(steps=2, target={"gap": 0.1}),
        ("adam", "quadratic"): Budget(steps=3),
        ("adam", "rosenbrock"): Budget(steps=3),
    }


def test_no_studys_budget_is_needed_where_every_trial_has_one(plan):
    problem = {"name": "rosenbrock", "budget": {"steps": 2}}
    assert [t.budget for t in plan(budget=None, problems=[problem])] == [Budget(steps=2)]


def test_what_a_problem_does_not_offer_skips_its_trials_with_the_reason(plan):
    problems = ["rosenbrock", "logistic:data=tiny"]
    trials = plan(optimizers=["lunar", "sgd"], problems=problems, samplers=["full"])
    assert [(t.optimizer.name, t.problem.name, t.skip) for t in trials] == [
        ("lunar", "rosenbrock", "lunar needs moon, which rosenbrock does not support"),
        ("sgd", "rosenbrock", None),
        ("lunar", "logistic", "lunar needs moon, which logistic does not support"),
        ("sgd", "logistic", None),
    ]


def test_a_wrapper_hides_no_need(plan):
    (trial,) = plan(optimizers="lunar+clip-norm:max=1")
    assert trial.skip == "lunar needs moon, which rosenbrock does not support"


def test_every_problem_has_a_layout_but_not_of_matrices_alone(plan):
    trials = plan(optimizers=["square", "shaped"], problems=["rosenbrock", "logistic"])
    reasons = [(trial.optimizer.name, trial.problem.name, trial.skip) for trial in trials]
    why = "which {} does not support (not every block of its layout is a matrix)"
    assert reasons == [
        ("square", "rosenbrock", f"square needs matrices, {why.format('rosenbrock')}"),
        ("shaped", "rosenbrock", None),
        ("square", "logistic", f"square needs matrices, {why.format('logistic')}"),
        ("shaped", "logistic", None),
    ]


def test_who_needs_the_same_loss_at_every_step_needs_all_the_data(plan):
    trials = plan(
        optimizers="cautious",
        problems=["logistic:data=tiny", "rosenbrock"],
        samplers=["full", "shuffled:batch_size=20", "sequential:batch_size=5"],
    )
    assert [(t.problem.name, t.sampler.name, t.skip is None) for t in trials] == [
        ("logistic", "full", True),
        ("logistic", "shuffled", False),
        ("logistic", "sequential", False),
        ("rosenbrock", "none", True),
    ]
    assert trials[1].skip == (
        "cautious needs deterministic, which logistic does not support with this sampler "
        "(for problems with data, use the sampler full)"
    )


@pytest.mark.parametrize(
    ("implicit", "explicit"),
    [
        ({"optimizers": "adam"}, {"optimizers": "adam:lr=0.001,beta1=0.9,eps=1e-8"}),
        ({"optimizers": "sgd:lr=1"}, {"optimizers": "sgd:lr=1.0"}),
        ({"optimizers": "adam:beta1=0.5,lr=1"}, {"optimizers": "adam:lr=1,beta1=0.5"}),
        ({"optimizers": "sgd+clip-norm"}, {"optimizers": "sgd+clip-norm:max=1"}),
        ({"optimizers": "sgd"}, {"optimizers": [{"name": "sgd", "label": "another name"}]}),
        ({"optimizers": "sgd"}, {"optimizers": [{"name": "sgd", "problems": ["rosenbrock"]}]}),
        ({"problems": "quadratic"}, {"problems": "quadratic:size=10,condition=100"}),
        ({"budget": {"steps": 5}}, {"budget": Budget(steps=5)}),
        ({"budget": {"gradients": 5}}, {"budget": Budget(gradients=5)}),
        (
            {"budget": {"steps": 5, "target": {"loss": 1}}},
            {"budget": Budget(steps=5, target={"loss": 1.0})},
        ),
        ({"run": RunSettings(checkpoints=7)}, {"run": RunSettings(checkpoints={"count": 7})}),
        ({}, {"name": "another study"}),
        ({}, {"optimizers": [make("sgd")]}),
    ],
)
def test_what_is_said_and_what_is_meant_anyway_are_the_same_cell(plan, implicit, explicit):
    (one,), (other,) = plan(**implicit), plan(**explicit)
    assert one.cell == other.cell
    assert one.key == other.key


@pytest.mark.parametrize(
    "given",
    [
        {"optimizers": "sgd:lr=0.02"},
        {"optimizers": "sgd:lr={schedule=constant,value=0.01}"},
        {"optimizers": "sgd+clip-norm"},
        {"optimizers": "momentum"},
        {"problems": "quadratic"},
        {"seed": 1},
        {"budget": {"steps": 6}},
        {"budget": {"steps": 5, "target": 0.1}},
        {"budget": {"steps": 5, "target_every": 7}},
        {"run": RunSettings(checkpoints=7)},
        {"start": "random"},
    ],
)
def test_another_question_is_another_cell(plan, given):
    (one,), (other,) = plan(), plan(**given)
    assert one.cell != other.cell
    assert one.key != other.key


def test_seeds_are_different_cells(plan):
    trials = plan(start="random", seeds=3)
    assert len({trial.cell for trial in trials}) == 3


def test_precision_and_threads_are_in_the_key_and_not_in_the_cell(plan):
    (one,) = plan()
    for given in ({"dtype": "float32"}, {"run": RunSettings(threads=2)}):
        (other,) = plan(**given)
        assert one.cell == other.cell
        assert one.key != other.key
    assert plan(dtype="float64")[0].key == one.key  # which is what functions use anyway


def test_the_backend_is_in_the_key_and_not_in_the_cell(plan):
    (one,) = plan(run=RunSettings(backend="numpy"))
    elsewhere = dataclasses.replace(one, backend="cupy")
    assert one.cell == elsewhere.cell
    assert one.key != elsewhere.key


def test_where_trials_run_is_not_in_the_key(plan):
    registry = load_plugins([str(SAMPLES / "shuffling.py")])
    settings = [RunSettings(executor=name) for name in ("serial", "shuffling")]
    one, other = (plan(registry=registry, run=run) for run in settings)
    assert one == other


PLUGIN = """
from dataclasses import dataclass
from optframe import *
optframe_api = 1

@dataclass(frozen=True)
class Mine({base}):
    {body}

@hookimpl
def optframe_{kind}():
    return {{"mine": Mine}}
"""
PARTS = {
    "optimizers": ("Optimizer", "lr: float = 0.1\n    step = None", {"optimizers": "mine"}),
    "searches": (
        "Search",
        "length: float = 0.1\n    needs = frozenset({'loss'})\n    along = None",
        {"optimizers": "bfgs:search=mine"},
    ),
    "wrappers": ("Wrapper", "optimizer: Optimizer\n    step = None", {"optimizers": "sgd+mine"}),
    "schedules": (
        "Schedule",
        "start: float = 0.1\n    __call__ = None",
        {"optimizers": "sgd:lr={schedule=mine}"},
    ),
    "problems": ("Function", "size = 2\n    start = loss = gradient = None", {"problems": "mine"}),
    "samplers": (
        "Sampler",
        "steps_per_epoch = epoch = None",
        {"problems": "logistic:data=tiny", "samplers": ["mine"]},
    ),
    "datasets": (
        "DatasetLoader",
        "def load(self):\n        from tiny import Tiny\n        return Tiny().load()",
        {"problems": "logistic:data=mine", "samplers": ["full"]},
    ),
}


@pytest.mark.parametrize("kind", PARTS)
def test_the_key_changes_with_the_code_of_every_part_and_the_cell_does_not(plan, kind, tmp_path):
    base, body, given = PARTS[kind]
    file = tmp_path / f"mine_of_{kind}.py"
    planned = []
    for end in ("", "# changed\n"):
        file.write_text(PLUGIN.format(base=base, body=body, kind=kind) + end)
        planned += plan(registry=load_plugins([str(SAMPLES / "tiny.py"), str(file)]), **given)
    one, other = planned
    assert one.cell == other.cell
    assert one.key != other.key


def test_the_key_changes_with_the_records_and_the_cell_does_not(plan, tmp_path):
    """A data file that was edited is other data, though the code that reads it is the same."""
    file, planned = tmp_path / "records", []
    for targets in ([1, -1, 1, -1], [1, -1, -1, 1]):
        file.write_text("".join(f"{y:+d} 1:{x}\n" for x, y in enumerate(targets, start=1)))
        problem = {"name": "logistic", "data": f"libsvm:path={file}"}
        planned += plan(registry=load_plugins(), problems=[problem], samplers=["full"])
    one, other = planned
    assert one.cell == other.cell
    assert one.key != other.key


def test_derived_fields_and_scheduled_defaults_come_with_the_class(plan, registry):
    (trial,) = plan(optimizers=[{"name": "unusual", "sizes": [5, 6]}])
    assert trial.optimizer.values == {"sizes": [5, 6]}
    made = registry.make("optimizers", "unusual", trial.optimizer.values)
    assert made.derived == 11
    assert made.lr(1, 0.0, 0.0) == 0.0005


@dataclass(frozen=True)
class ByHand(Optimizer):
    """By hand: an optimizer of this file."""

    lr: Number = 0.1
    sizes: tuple[int, ...] = ()
    scale: Any = None

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


def test_an_object_with_plain_parameters_is_told_in_words(plan):
    trials = plan(optimizers=[ByHand(), ByHand(lr=0.5, sizes=(1, 2)), make("adam", lr=0.5)])
    assert labels(trials) == ["byhand", "byhand:lr=0.5,sizes=[1,2]", "adam:lr=0.5"]
    assert trials[1].optimizer.values == {"lr": 0.5, "sizes": [1, 2], "scale": None}
    assert plan(optimizers=[ByHand()])[0].key == trials[0].key


def test_classes_and_schedules_are_told_in_words(plan):
    schedule = make("linear", start=1.0, end=0.5, steps=10)
    assert labels(plan(optimizers=[ByHand, type(make("adam")), make("sgd", lr=schedule)])) == [
        "byhand",
        "adam",
        "sgd:lr={schedule=linear,start=1,end=0.5,steps=10}",
    ]


def test_a_wrapper_made_by_hand_is_told_in_words(plan):
    fading = make("inverse-time", start=1.0, decay=0.5)
    by_hand = make("clip-norm", optimizer=make("clip-norm", optimizer=ByHand(lr=0.5)), max=fading)
    (trial,) = plan(optimizers=[by_hand])
    assert trial.optimizer.label == (
        "byhand:lr=0.5+clip-norm+clip-norm:max={schedule=inverse-time,start=1,decay=0.5}"
    )
    assert plan(optimizers=[make("sgd:lr=0.5+clip-norm:max=2")]) == (
        plan(optimizers="sgd:lr=0.5+clip-norm:max=2")
    )


def test_an_object_with_other_parameters_stays_the_object_that_it_is(plan, registry):
    by_hand = ByHand(scale=np.array([1.0, 2.0]))
    given = [by_hand, by_hand, make("clip-norm", optimizer=by_hand), ByHand(scale=[abs, 1.0])]
    trials = plan(optimizers=given)
    made = [registry.make("optimizers", trial.optimizer.name) for trial in trials]
    assert all(map(operator.is_, made, given))
    assert trials[0] == trials[1]


def test_two_problems_made_of_functions_are_two_problems(plan):
    def problem(factor):
        return FunctionProblem(
            loss=lambda theta: factor * theta @ theta,
            gradient=lambda theta: 2 * factor * theta,
            theta0=[1.0],
        )

    trials = plan(problems=[problem(1), problem(2)])
    assert labels(trials, "problem") == ["functionproblem", "functionproblem-2"]
    assert len({trial.key for trial in trials}) == 2


def test_a_backend_that_is_not_there_is_infrastructure(plan):
    cupy = load_plugins().make("backends", "cupy")
    if cupy.is_available():
        pytest.skip("there is a device")
    with pytest.raises(UnavailableError, match="backend 'cupy': CuPy"):
        plan(run=RunSettings(backend="cupy"))


def test_parameters_are_kept_in_one_order(plan):
    (trial,) = plan(optimizers="adam:lr=0.5")
    assert trial.optimizer.parameters == canonical(trial.optimizer.values)
    assert trial.optimizer.values["beta2"] == 0.999


def test_more_trials_than_can_be_run_are_refused_before_they_are_made(plan):
    values = [i * 1e-6 for i in range(1, 1001)]
    grid = {"name": "adam", "lr": values, "beta1": values, "beta2": values}
    with pytest.raises(UsageError) as caught:
        plan(optimizers=[grid])
    assert caught.value.mistakes == (
        "[[optimizer]] adam: found a grid of 1,000,000,000 points (1,000 × 1,000 × 1,000), "
        "expected at most 1,000,000",
    )
    with pytest.raises(UsageError) as caught:
        plan(optimizers=["sgd", "adam"], problems=["noisy-quadratic"], seeds=1_000_000)
    assert caught.value.mistakes == (
        "found 2,000,000 trials (optimizers × problems × samplers × seeds), expected at most "
        "1,000,000; use several studies",
    )


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"seeds": 10**9}, "seeds: expected a whole number from 1 to 1,000,000, found 1000000000"),
        ({"seed": 2**128}, "seed: expected a whole number from 0 to 2**128 - 1, found 3402"),
        ({"budget": {"steps": 2**53 + 1}}, "steps: expected a whole number from 1 to 2**53, found"),
        ({"run": RunSettings(jobs=10**9)}, "jobs: expected a whole number from 1 to 4,096, found"),
        ({"run": RunSettings(threads=10**9)}, "threads: expected a whole number from 1 to 4,096"),
        ({"run": RunSettings(checkpoints=10**9)}, "checkpoints: expected a whole number from 1 to"),
        (
            {"run": RunSettings(jobs=2, retries=10**9)},
            "retries: expected a whole number from 0 to 1,000, found 1000000000",
        ),
    ],
)
def test_numbers_have_a_limit(plan, given, mistake):
    with pytest.raises(UsageError) as caught:
        plan(**given)
    assert mistake in str(caught.value)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"optimizers": ["sgd" + "+clip-norm:max=1" * 1000]}, "wrap: found 1000 wrappers"),
        ({"problems": ["sphere" + "+shift" * 1000]}, "wrap: found 1000 transforms"),
    ],
)
def test_a_tower_of_wrappers_is_refused(plan, given, mistake):
    with pytest.raises(UsageError) as caught:
        plan(**given)
    assert f"{mistake}, expected at most 50" in str(caught.value)


def test_so_many_wrappers_as_are_accepted_work(plan):
    trials = plan(optimizers=["sgd" + "+clip-norm:max=1" * 50], problems=["sphere" + "+shift" * 50])
    assert len(trials) == 1


def test_a_problem_that_raises_while_it_is_planned_is_named(plan):
    @dataclass(frozen=True)
    class Fragile(make("sphere").__class__):
        def bind(self, setting):
            raise ZeroDivisionError("halved by nothing")

    with pytest.raises(UsageError) as caught:
        plan(problems=[Fragile()])
    (mistake,) = caught.value.mistakes
    assert mistake == "[[problem]] fragile: ZeroDivisionError: halved by nothing"


def test_a_label_that_is_not_utf_8_gets_escapes(plan):
    trials = plan(optimizers=[{"name": "sgd", "label": "a\udcffb"}])
    assert labels(trials) == ["a\\udcffb"]
    assert len(trials[0].key) == 32


def test_parameters_that_are_not_utf_8_have_a_key_and_stay_what_they_are():
    text = canonical({"path": "a\udcffb"})
    assert text == '{"path":"a\\udcffb"}'
    assert json.loads(text) == {"path": "a\udcffb"}


def test_numbers_that_are_no_floats_are_refused(plan):
    with pytest.raises(UsageError, match="lr: expected a number > 0, found 1000"):
        plan(optimizers=[{"name": "sgd", "lr": 10**400}])
    with pytest.raises(UsageError, match="memory: expected a whole number ≥ 1 and ≤ 10000"):
        plan(optimizers=[{"name": "lbfgs", "memory": 2**70}])
    with pytest.raises(UsageError) as caught:
        plan(problems=[{"name": "trid", "size": 10**400}], budget={"steps": 1, "target": 1})
    assert caught.value.mistakes == (
        "[[problem]] trid: size: found a whole number of 1329 bits, expected at most 128",
    )


@pytest.mark.parametrize("inner", ["sgd", 3, {"name": "sgd"}])
def test_a_wrapper_is_around_the_optimizer_of_its_table(plan, inner):
    with pytest.raises(UsageError) as caught:
        plan(optimizers=[{"name": "sgd", "wrap": [{"name": "polyak", "optimizer": inner}]}])
    assert caught.value.mistakes == (
        f"[[optimizer]] sgd: wrap polyak: found optimizer = {inner!r}; leave it out, since a "
        "wrapper is put around the optimizer of its table",
    )


@pytest.mark.parametrize("inner", ["sgd", 3, [3]])
def test_wrappers_have_no_wrappers_of_their_own(plan, inner):
    wrap = [{"name": "polyak", "wrap": inner}]
    with pytest.raises(UsageError) as caught:
        plan(optimizers=[{"name": "sgd", "lr": [0.1, 0.2], "wrap": wrap}])
    (mistake,) = caught.value.mistakes
    assert "[[optimizer]] sgd: wrap polyak: unknown parameter 'wrap'" in mistake
