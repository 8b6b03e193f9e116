"""The spaces that built-in components declare."""

import pytest

import optframe
from optframe.components.parameters import parameters
from optframe.components.spaces import declared, given
from optframe.contracts import Space

REGISTRY = optframe.load_plugins()
KINDS = ("optimizers", "wrappers", "samplers", "schedules", "searches")
COMPONENTS = [(kind, name) for kind in KINDS for name in REGISTRY.names(kind)]

VARIANT = "a variant of the method: another one is another contender"
INSIDE = "an optimizer, whose own numbers are tuned"
LIMIT = "a limit on the work of a search, and no hyperparameter"
BUDGET = "it counts steps, so that its usual values are those of the budget"
NOT_TUNED = {
    "eps_inside_root": VARIANT,
    "eps_hat": VARIANT,
    "zero_guard": VARIANT,
    "bias_correct_max": VARIANT,
    "centered": VARIANT,
    "nesterov": VARIANT,
    "form": VARIANT,
    "scale_first": VARIANT,
    "lbfgs.scale": VARIANT,
    "formula": VARIANT,
    "order": VARIANT,
    "coordinate-descent.step": VARIANT,
    "search": VARIANT,
    "times_lr": VARIANT,
    "drop_last": VARIANT,
    "by": VARIANT,
    "how": VARIANT,
    "momentum.dampening": "only one form of the method accepts it",
    "optimizer": INSIDE,
    **{f"split.{part}": INSIDE for part in parameters(REGISTRY.load("optimizers", "split"))},
    "after": BUDGET,
    "evaluations": LIMIT,
    "strong-wolfe.decrease": "Nocedal and Wright's 1e-4 is what everybody uses",
}
"""The fields without a declared space, by name or component and name, and why there is none."""


@pytest.mark.parametrize(("kind", "name"), [c for c in COMPONENTS if c[0] != "schedules"])
def test_every_field_has_a_usual_space_or_a_reason_why_not(kind, name):
    spaces = declared(REGISTRY, kind, name)
    for field in parameters(REGISTRY.load(kind, name)):
        reason = NOT_TUNED.get(field) or NOT_TUNED.get(f"{name}.{field}")
        assert (field in spaces) != (reason is not None), field


def test_every_reason_is_for_a_field():
    fields = {
        word
        for kind, name in COMPONENTS
        for field in parameters(REGISTRY.load(kind, name))
        for word in (field, f"{name}.{field}")
    }
    assert {*NOT_TUNED} <= fields


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_the_field_accepts_its_space_which_has_a_source_and_contains_the_default(kind, name):
    fields = parameters(REGISTRY.load(kind, name))
    for key, space in declared(REGISTRY, kind, name).items():
        assert given(fields[key], None, space) == space
        assert len(space.source) > 10
        default = fields[key].default
        if space.values is not None:
            assert default in space.values
        elif "The default" not in space.source and not fields[key].required:
            assert space.low <= default <= space.high


def test_the_learning_rate_comes_first():
    for name in REGISTRY.names("optimizers"):
        spaces = [*declared(REGISTRY, "optimizers", name)]
        assert "lr" not in spaces or spaces[0] == "lr"


def test_the_priors_of_sivaprasad_reach_two_deviations():
    for optimizer, mean, deviation in (
        ("sgd", -2.0958, 1.3122),
        ("momentum", -2.3790, 1.4131),
        ("nesterov", -2.3790, 1.4131),
        ("adagrad", -2.0046, 1.2045),
        ("adam", -3.0212, 1.2709),
    ):
        space = declared(REGISTRY, "optimizers", optimizer)["lr"]
        for end, sign in ((space.low, -1), (space.high, 1)):
            assert end == float(f"{10 ** (mean + sign * 2 * deviation):.2g}")


def test_the_spaces_of_algoperf_are_those_of_its_files():
    momentum = declared(REGISTRY, "optimizers", "momentum")["momentum"]
    assert momentum == Space(1 - 0.3, 1 - 0.005, "one-minus-log")
    adamw = declared(REGISTRY, "optimizers", "adamw")
    assert adamw["beta1"] == Space(1 - 0.5, 1 - 0.02, "one-minus-log")
    assert adamw["weight_decay"] == Space(0.005, 1.0, "log")
    nadam = declared(REGISTRY, "optimizers", "nadam")
    assert nadam["beta1"] == Space(1 - 0.1, 1 - 0.004, "one-minus-log")


def test_a_schedules_values_have_the_space_of_the_field_that_it_is_for():
    from optframe.components.tuned import spaces_in

    table = {
        "name": "adam",
        "beta1": {"schedule": "linear", "start": {"low": 0.5, "high": 0.9}, "end": 0.9, "steps": 9},
    }
    spaces = spaces_in(REGISTRY, "optimizers", table, "it")
    assert spaces["beta1.start"].scale == "one-minus-log"
    table = {
        "name": "adam",
        "lr": {
            "schedule": "polynomial",
            "power": {"low": 1, "high": 20},
            "start": {"low": 0.1, "high": 0.2},
            "steps": 9,
        },
    }
    spaces = spaces_in(REGISTRY, "optimizers", table, "it")
    assert [(name, space.scale) for name, space in spaces.items()] == [
        ("lr.start", "log"),
        ("lr.power", "linear"),
    ]
