"""A field may hold an optimizer: a text in the short notation, a table, or an object."""

import json
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest

import optframe
from optframe import Optimizer, Positive, Study, UsageError, load_plugins
from optframe.cli import main
from optframe.components.binder import Binder
from optframe.components.building import make_wrapped
from optframe.components.description import given_parameters
from optframe.components.notation import parse
from optframe.components.scheduled import schedules_in
from optframe.contracts.optimizer import all_of
from optframe.errors import PluginError
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import TrialRunner
from optframe.gate.trust import asked_of
from optframe.study.pairing import parts_of
from optframe.study.study import plan
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.schedules.linear import Linear
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_plugins.wrappers.polyak import Polyak


@dataclass
class Both:
    first: object
    second: object


@dataclass(frozen=True)
class Alternating(Optimizer):
    """One step of the first optimizer, then one of the second, if there is one."""

    first: Optimizer
    second: Optimizer | None = None
    factor: Positive = 1.0

    def init(self, theta, oracle):
        second = self.second and self.second.init(theta, oracle)
        return Both(self.first.init(theta, oracle), second)

    def step(self, theta, state, oracle):
        theta, state.first = self.first.step(theta, state.first, oracle)
        if self.second is not None:
            theta, state.second = self.second.step(theta, state.second, oracle)
        return theta, state


@pytest.fixture
def registry():
    registry = load_plugins()
    registry.add("optimizers", "alternating", Alternating)
    return registry


def planned(registry, *optimizers, problems="rosenbrock", **given):
    study = Study("s", {"steps": 5}, optimizers, problems, **given)
    return plan(study, registry, Binder(registry))


RATE = {"schedule": "linear", "start": 0.1, "end": 0.01, "steps": 5}
WAYS = {
    "text": 'alternating:first="sgd:lr=0.1",second="adam:beta1=0.5+clip-norm:max=2+polyak"',
    "single quotes": (
        "alternating:first='sgd:lr=0.1',second='adam:beta1=0.5+clip-norm:max=2+polyak'"
    ),
    "inline tables": (
        "alternating:first={name=sgd,lr=0.1},second={name=adam,beta1=0.5,"
        "wrap=[{name=clip-norm,max=2},{name=polyak}]}"
    ),
    "tables": {
        "name": "alternating",
        "first": {"name": "sgd", "lr": 0.1},
        "second": {
            "name": "adam",
            "beta1": 0.5,
            "wrap": [{"name": "clip-norm", "max": 2}, {"name": "polyak"}],
        },
    },
    "a text in a table": {
        "name": "alternating",
        "first": "sgd:lr=0.1",
        "second": "adam:beta1=0.5+clip-norm:max=2+polyak",
    },
    "an object": Alternating(SGD(lr=0.1), Polyak(ClipNorm(Adam(beta1=0.5), max=2.0))),
}
MADE = Alternating(SGD(lr=0.1), Polyak(ClipNorm(Adam(beta1=0.5), max=2.0)))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_means_the_same(way, registry):
    (trial,) = planned(registry, WAYS[way])
    (other,) = planned(registry, WAYS["text"])
    assert trial.key == other.key
    made = TrialRunner(registry, Binder(registry)).setup(trial).optimizer
    assert made == MADE
    label = 'alternating:first="sgd:lr=0.1",second="adam:beta1=0.5+clip-norm:max=2+polyak"'
    assert trial.optimizer.label.replace("max=2.0", "max=2") in (label, label.replace('"', "'"))
    assert parse(trial.optimizer.label)["first"] == "sgd:lr=0.1"


def test_a_cell_holds_all_parameters_of_what_is_inside(registry):
    (trial,) = planned(registry, "alternating:first=bfgs,second='adam:lr=0.1+clip-norm'")
    values = trial.optimizer.values
    assert values["factor"] == 1
    assert values["first"]["name"] == "bfgs"
    assert values["first"]["search"]["name"] == "strong-wolfe"
    assert values["second"]["lr"] == 0.1
    assert values["second"]["beta2"] == 0.999
    assert values["second"]["wrap"] == [{"name": "clip-norm", "max": 1}]
    (alone,) = planned(registry, "alternating:first=sgd")
    assert alone.optimizer.values["second"] is None
    for one in (trial, alone):
        table = {"name": one.optimizer.name, **one.optimizer.values}
        again = make_wrapped(registry, "optimizers", json.loads(json.dumps(table)), "")
        assert again == TrialRunner(registry, Binder(registry)).setup(one).optimizer


def test_a_default_that_is_wrapped_is_written_out(registry):
    @dataclass(frozen=True)
    class Averaged(Optimizer):
        inner: Optimizer = field(
            default_factory=lambda: Polyak(ClipNorm(SGD(lr=0.5), max=3.0), after=2)
        )

        def step(self, theta, state, oracle):
            return theta, state

    registry.add("optimizers", "averaged", Averaged)
    (trial,) = planned(registry, "averaged")
    inner = trial.optimizer.values["inner"]
    assert inner.pop("lr") == 0.5
    assert inner == {
        "name": "sgd",
        "wrap": [{"name": "clip-norm", "max": 3}, {"name": "polyak", "after": 2}],
    }
    assert TrialRunner(registry, Binder(registry)).setup(trial).optimizer == Averaged()


def test_schedules_inside_are_found_and_run(registry):
    inside = {"name": "sgd", "lr": RATE, "wrap": [{"name": "clip-norm", "max": RATE}]}
    tables = {"name": "alternating", "first": inside}
    objects = Alternating(ClipNorm(SGD(lr=Linear(0.1, 0.01, 5)), max=Linear(0.1, 0.01, 5)))
    trials = planned(registry, tables, objects, {**tables, "factor": 2})
    assert trials[0].key == trials[1].key != trials[2].key
    assert trials[0].optimizer.values["first"]["lr"] == RATE
    setup = TrialRunner(registry, Binder(registry)).setup(trials[0])
    assert sorted(found.field.name for found in schedules_in(setup.optimizer)) == ["lr", "max"]
    written = "alternating:first='sgd:lr={schedule=linear,start=0.1,end=0.01,steps=5}'"
    nested = optframe.minimize("rosenbrock", Alternating(SGD(lr=Linear(0.1, 0.01, 5))), steps=5)
    assert planned(registry, written)[0].optimizer.values["first"]["lr"] == RATE
    plain = optframe.minimize("rosenbrock", SGD(lr=Linear(0.1, 0.01, 5)), steps=5)
    assert np.array_equal(nested.theta, plain.theta)


def test_a_schedule_inside_obeys_the_bounds_of_its_field(registry):
    rising = {**RATE, "end": -1}
    with pytest.raises(UsageError, match=r"SGD: lr is -.* expected a number > 0"):
        planned(registry, {"name": "alternating", "first": {"name": "sgd", "lr": rising}})


def test_a_list_of_optimizers_is_a_grid(registry):
    table = {"name": "alternating", "first": ["sgd:lr=0.1", "adam", {"name": "sgd", "lr": 0.2}]}
    trials = planned(registry, table)
    assert [trial.optimizer.label for trial in trials] == [
        'alternating:first="sgd:lr=0.1"',
        "alternating:first=adam",
        'alternating:first="sgd:lr=0.2"',
    ]
    objects = {"name": "alternating", "first": [SGD(lr=0.1), Adam(), SGD(lr=0.2)]}
    assert [trial.key for trial in planned(registry, objects)] == [trial.key for trial in trials]


MISTAKES = {
    "alternating:first=adm": "first: unknown optimizer 'adm'; did you mean 'adam'?",
    "alternating:first='sgd:lrr=1'": "first: unknown parameter 'lrr'; did you mean 'lr'?",
    "alternating:first='sgd:lr=-1'": "first: lr: expected a number > 0, found -1",
    "alternating:first='sgd:lr=[1,2]'": "first: lr: expected a number > 0, found [1, 2]",
    "alternating:first='sgd:lr'": "first: sgd:lr: found 'lr', expected parameter=value",
    "alternating:first=''": "first: '': found '', expected a component's name",
    "alternating:first=3": "first: expected an optimizer, found 3",
    "alternating:first={lr=1}": "first: expected an optimizer, { name = ... }, found {'lr': 1}",
    "alternating:first='sgd+clip-nrm'": "first: wrap clip-nrm: unknown wrapper 'clip-nrm'; did you",
    "alternating:first='sgd+noise'": "first: wrap noise: unknown wrapper 'noise'; expected one of",
    "alternating:first='sgd+clip-norm:max=-1'": "first: wrap clip-norm: max: expected a number > 0",
    "alternating:first={name=sgd,wrap=3}": "first: wrap: expected a list of tables, found 3",
    "alternating:first='bfgs:search=armjo'": "first: search: unknown search 'armjo'; did you mean",
    "alternating:second=sgd": "first is missing; expected an optimizer",
    "alternating:first='alternating:first=x'": "first: first: unknown optimizer 'x'",
    "alternating:first='library'": "first: expected an optimizer, found ",
    "alternating:first=sgd,factor={name=sgd}": "factor: expected a number > 0 or { schedule",
    "sgd:lr={name=sgd}": "lr: expected a number > 0 or { schedule",
}


@pytest.mark.parametrize("written", MISTAKES)
def test_a_mistake_inside_is_one_line_that_names_its_place(written, registry):
    @dataclass(frozen=True)
    class Library(optframe.Solver):
        def minimize(self, theta, oracle, report):
            return theta

    registry.add("optimizers", "library", Library)
    with pytest.raises(UsageError) as refused:
        planned(registry, written)
    (line,) = refused.value.mistakes
    name = parse(written)["name"]
    assert f"[[optimizer]] {name}: {MISTAKES[written]}" in line


def test_several_mistakes_have_a_line_each(registry):
    with pytest.raises(UsageError) as refused:
        planned(registry, "alternating:first='sgd:a=1,b=2',second='adam:beta1=2',factor=-1")
    assert len(refused.value.mistakes) == 4


def nested(times):
    table = {"name": "sgd"}
    for _ in range(times):
        table = {"name": "alternating", "first": table}
    return table


def test_the_depth_is_bounded(registry):
    assert len(planned(registry, nested(16))) == 1
    with pytest.raises(UsageError, match="first: found tables more than 16 deep"):
        planned(registry, nested(17))
    endless = nested(1)
    endless["first"] = endless
    with pytest.raises(UsageError, match="found tables more than 16 deep"):
        planned(registry, endless)


def test_all_parts_are_in_the_code_of_a_trial(registry):
    written = (
        "alternating:first='bfgs:search=armijo',"
        "second='sgd:lr={schedule=linear,start=0.1,end=0.01,steps=5}+clip-norm+polyak'"
    )
    (trial,) = planned(registry, written + "")
    found = parts_of(registry, trial.optimizer, trial.problem, trial.sampler, "numpy")
    assert found == [
        ("backends", "numpy"),
        ("problems", "rosenbrock"),
        ("optimizers", "alternating"),
        ("optimizers", "bfgs"),
        ("searches", "armijo"),
        ("optimizers", "sgd"),
        ("wrappers", "clip-norm"),
        ("wrappers", "polyak"),
        ("schedules", "linear"),
    ]


def test_what_is_needed_inside_is_needed(registry):
    (trial,) = planned(registry, "alternating:first=sgd,second=conjugate-gradient")
    assert trial.skip == "alternating needs quadratic, which rosenbrock does not support"
    made = Alternating(SGD(), Polyak(BFGS(search=Armijo())))
    assert made.requires() >= {"gradient", "loss", "deterministic"}
    assert [type(one).__name__ for one in all_of(made)] == ["Alternating", "SGD", "Polyak", "BFGS"]


def test_runs_that_differ_in_numbers_inside_advance_together(registry):
    table = {"name": "alternating", "first": ["sgd:lr=0.001", "sgd:lr=0.002"], "second": "adam"}
    trials = planned(registry, table, start="random", seeds=2)
    runner = TrialRunner(registry, Binder(registry))
    (batch,) = companions(trials, runner, 1000.0)
    assert len(batch) == 4
    together, alone = runner(batch), [runner([trial])[0] for trial in trials]
    for one, other in zip(together, alone, strict=True):
        assert (one.together, one.status) == (4, "finished")
        columns = [name != "seconds" for name in one.columns]
        assert np.array_equal(one.curve[:, columns], other.curve[:, columns], equal_nan=True)
    others = planned(registry, {**table, "first": ["sgd", "momentum"]}, start="random")
    assert [len(batch) for batch in companions(others, runner, 1000.0)] == [1, 1]


def test_an_object_that_is_no_table_is_used_as_it_is(registry):
    class Odd(SGD):
        pass

    held = ClipNorm(SGD(lr=0.1), max=np.array([1.0]))
    (trial,) = planned(registry, Alternating(Odd(), held))
    made = TrialRunner(registry, Binder(registry)).setup(trial).optimizer
    assert made.second is held
    assert type(made.first) is Odd
    assert given_parameters(Alternating(SGD())) == {"first": SGD()}


def test_a_store_that_names_a_module_inside_asks_for_trust(registry):
    (trial,) = planned(registry, "alternating:first=sgd")
    component = type(trial.optimizer)
    for first in ({"name": "evil:Class"}, "evil:Class:lr=1", "sgd+evil:Wrapper"):
        values = json.dumps({"first": first})
        foreign = component("alternating", values, "alternating")
        given = {name: getattr(trial, name) for name in trial.__dataclass_fields__}
        asked = asked_of(type(trial)(**{**given, "optimizer": foreign}), registry)
        assert len(asked) == 1
        assert asked[0].startswith("import evil:")


def test_show_says_what_the_field_of_a_wrapper_takes(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["optframe", "show", "polyak"])
    with pytest.raises(SystemExit):
        main()
    assert "optimizer  an optimizer; required" in capsys.readouterr().out


@dataclass(frozen=True)
class Odd(SGD):
    """It refuses an even number of parameters, and cannot say what it needs at a rate of 9."""

    def requires(self):
        if self.lr == 9:
            raise KeyError("lost")
        return self.needs

    def refusal(self, layout):
        return None if layout.size % 2 else f"it found {layout.size} parameters"


def test_who_refuses_the_blocks_is_skipped_with_the_reason(registry):
    registry.add("optimizers", "odd", Odd)
    problems = ["rosenbrock", "quadratic:size=3", "rosenbrock+rotate"]
    reasons = [trial.skip for trial in planned(registry, "odd+polyak", problems=problems)]
    assert reasons == [
        "odd cannot run on rosenbrock: it found 2 parameters",
        None,
        "odd cannot run on rosenbrock+rotate: it found 2 parameters",
    ]
    with pytest.raises(UsageError, match="Odd cannot run on booth: it found 2 parameters"):
        optframe.minimize("booth", Odd(), steps=1)
    with pytest.raises(PluginError, match=r"\[\[optimizer\]\] odd: KeyError: 'lost'"):
        planned(registry, "odd:lr=9")
