"""A method's search, given in a study, in the notation or as an object."""

import json
from dataclasses import dataclass

import pytest

import optframe
from optframe import (
    Budget,
    Number,
    Optimizer,
    Point,
    Search,
    Study,
    UsageError,
    load_plugins,
)
from optframe.components.description import resolved
from optframe_plugins.optimizers.bfgs import BFGS
from optframe_plugins.searches.armijo import Armijo
from optframe_plugins.searches.exact import Exact
from optframe_plugins.searches.strong_wolfe import StrongWolfe

REGISTRY = load_plugins()


@dataclass(frozen=True)
class FixedStep(Search):
    """Fixed step: always the same length."""

    length: float = 0.001

    def along(self, start, direction, slope, first, oracle):
        theta = start.theta + self.length * direction
        loss, gradient = oracle.loss_and_gradient(theta)
        return Point(theta, float(loss), gradient)


def trials(folder, *optimizers):
    """The trials of a study of these optimizers on a quadratic."""
    study = Study("searches", Budget(steps=3), list(optimizers), ["quadratic"])
    return optframe.run(study, folder).trials


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("armijo", Armijo()),
        ({"name": "armijo", "decrease": 1e-3}, Armijo(decrease=1e-3)),
        ("exact", Exact()),
        ("optframe_plugins.searches.armijo:Armijo", Armijo()),
        (StrongWolfe(0.1, 0.2), StrongWolfe(0.1, 0.2)),
    ],
)
def test_a_search_is_given_by_name_or_table_or_as_an_object(given, expected):
    assert REGISTRY.make("optimizers", "bfgs", {"search": given}).search == expected


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ("armjo", "bfgs: search: unknown search 'armjo'; did you mean 'armijo'?"),
        ({"decrease": 0.1}, "bfgs: search: expected a search, { name = ... }, found"),
        (
            {"name": "armijo", "decrease": 2},
            "bfgs: search: decrease: expected a number > 0 and < 1",
        ),
        ({"name": "armijo", "curvature": 2}, "bfgs: search: unknown parameter 'curvature'"),
        ({"name": "strong-wolfe", "decrease": 0.95}, "bfgs: search: curvature is 0.9; expected"),
        (3, "bfgs: search: expected a search, found 3"),
        (Optimizer, "bfgs: search: expected a search, found"),
    ],
)
def test_a_mistake_in_a_search_is_told_with_its_place(given, mistake):
    with pytest.raises(UsageError) as caught:
        REGISTRY.make("optimizers", "bfgs", {"search": given})
    assert mistake in str(caught.value)


def test_its_resolved_values_are_plain_tables_that_make_it_again():
    given = {"search": {"name": "armijo", "decrease": 1e-3}}
    made = REGISTRY.make("optimizers", "bfgs", given)
    values = resolved(REGISTRY, made, given)
    assert values["search"] == {
        "name": "armijo",
        "decrease": 1e-3,
        "shrink": 0.5,
        "evaluations": 50,
    }
    assert REGISTRY.make("optimizers", "bfgs", json.loads(json.dumps(values))) == made


def test_the_search_that_comes_with_the_class_is_told_too():
    values = resolved(REGISTRY, BFGS(), {})
    assert values["search"]["name"] == "strong-wolfe"
    assert values["search"]["curvature"] == 0.9
    assert REGISTRY.make("optimizers", "bfgs", values) == BFGS()


def test_in_a_study_it_is_a_name_a_table_or_an_object_and_a_list_is_a_grid(tmp_path):
    table = {"name": "bfgs", "search": ["exact", {"name": "armijo", "decrease": 1e-3}]}
    found = trials(tmp_path, table, "lbfgs:search=armijo", "lbfgs:search={name=armijo,shrink=0.25}")
    assert found["status"].tolist() == ["finished"] * 4
    assert found["optimizer"].tolist() == [
        "bfgs:search=exact",
        "bfgs:search={name=armijo,decrease=0.001}",
        "lbfgs:search=armijo",
        "lbfgs:search={name=armijo,shrink=0.25}",
    ]


def test_objects_hold_searches_made_by_hand(tmp_path):
    found = trials(tmp_path, BFGS(search=Armijo(decrease=1e-3)), BFGS(search=FixedStep()), BFGS())
    assert found["status"].tolist() == ["finished"] * 3
    assert found["optimizer"].tolist() == [
        "bfgs:search={name=armijo,decrease=0.001}",
        "bfgs:search={name=fixedstep}",
        "bfgs",
    ]


def test_what_the_search_needs_skips_the_trial_with_a_reason(tmp_path):
    study = Study("skipped", Budget(steps=3), ["bfgs:search=exact"], ["rosenbrock"])
    (trial,) = optframe.run(study, tmp_path).trials.itertuples()
    assert trial.status == "skipped"
    assert "quadratic" in trial.reason


def test_a_number_of_a_search_may_be_a_schedule(tmp_path):
    @dataclass(frozen=True)
    class Scheduled(FixedStep):
        length: Number = 0.001

    schedule = {"schedule": "linear", "start": 0.25, "end": 0.0, "steps": 2}
    REGISTRY.add("searches", "scheduled", Scheduled)
    given = {"search": {"name": "scheduled", "length": schedule}}
    method = REGISTRY.make("optimizers", "nonlinear-cg", given)
    found = optframe.minimize("quadratic:size=1", method, steps=2, iterates=True)
    # g = θ on one parameter: θ ← θ − ¼θ, then d = −g' + β·d with β = max(0, g'·y / g·g).
    assert found.iterates[1, 0] == 0.75
    d = -0.75 + max(0.0, 0.75 * (0.75 - 1)) * -1
    assert found.iterates[2, 0] == 0.75 + 0.125 * d
    assert resolved(REGISTRY, method, given)["search"]["length"]["schedule"] == "linear"
    assert method.search.length(0, 0.0, 0.0) == 0.25
