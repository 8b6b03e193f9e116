from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

import optframe
from optframe import Fraction, Number, Optimizer, Schedule, Space, UsageError
from optframe.components import tuned
from optframe.components.notation import parse
from optframe.components.tuned import declared_in, spaces_in, with_setting
from optframe.contracts.fields import EITHER, UNKNOWN
from optframe.study.grids import table_of
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.schedules.cosine import Cosine
from optframe_plugins.wrappers.clip_norm import ClipNorm


@pytest.fixture(scope="module")
def registry():
    return optframe.load_plugins()


def found(registry, table, kind="optimizers", **options):
    return spaces_in(registry, kind, table, "[[optimizer]] it", **options)


def mistakes(registry, table, kind="optimizers"):
    with pytest.raises(UsageError) as error:
        found(registry, table, kind)
    return [line.removeprefix("[[optimizer]] it: ") for line in error.value.mistakes]


WIDE = {"low": 1e-4, "high": 1e-1}


def test_spaces_are_named_after_their_fields(registry):
    table = {
        "name": "adam",
        "beta1": [0.9, 0.95],
        "lr": {"schedule": "cosine", "start": WIDE, "steps": 100},
        "eps": 1e-8,
        "wrap": [{"name": "clip-norm", "max": WIDE}, {"name": "clip-norm", "max": WIDE}],
    }
    spaces = found(registry, table)
    assert {*spaces} == {"lr.start", "beta1", "clip-norm.max", "clip-norm-2.max"}
    assert spaces["beta1"].values == (0.9, 0.95)
    setting = {"lr.start": 0.01, "beta1": 0.9, "clip-norm.max": 1.0, "clip-norm-2.max": 2.0}
    assert with_setting(table, setting, spaces) == {
        "name": "adam",
        "beta1": 0.9,
        "lr": {"schedule": "cosine", "start": 0.01, "steps": 100},
        "eps": 1e-8,
        "wrap": [{"name": "clip-norm", "max": 1.0}, {"name": "clip-norm", "max": 2.0}],
    }
    assert table["lr"]["start"] is WIDE


def test_a_list_is_a_grid_where_lists_are_no_spaces(registry):
    table = {"name": "adam", "beta1": [0.9, 0.95], "lr": WIDE}
    assert [*found(registry, table, lists=False)] == ["lr"]


def test_whole_numbers_texts_searches_and_truth_values_are_tuned(registry):
    spaces = found(
        registry,
        {"name": "lbfgs", "memory": {"low": 3, "high": 20}, "scale": [True, False]},
    )
    assert spaces["memory"].at(0.5) == 12
    assert isinstance(spaces["memory"].at(0.5), int)
    assert spaces["scale"].values == (True, False)
    searches = found(registry, {"name": "lbfgs", "search": ["armijo", "strong-wolfe"]})
    assert searches["search"].values == ("armijo", "strong-wolfe")
    inside = found(registry, {"name": "bfgs", "search": {"name": "armijo", "shrink": [0.3, 0.5]}})
    assert [*inside] == ["search.shrink"]


def test_a_samplers_fields_have_its_kind_in_their_names(registry):
    table = {"name": "shuffled", "batch_size": {"low": 8, "high": 512}}
    spaces = found(registry, table, "samplers")
    assert spaces["sampler.batch_size"].at(0.5) == 64
    setting = {"lr": 0.1, "sampler.batch_size": 16}
    assert with_setting(table, setting, spaces, "samplers")["batch_size"] == 16
    assert with_setting({"name": "adam"}, setting, {}) == {"name": "adam", "lr": 0.1}


def test_an_optimizer_in_the_short_notation_inside_a_field_is_tuned(registry):
    table = parse("split:hidden='adam:lr={low=1e-4,high=1e-1}',rest=sgd")
    spaces = found(registry, table)
    assert [*spaces] == ["hidden.lr"]
    changed = with_setting(table, {"hidden.lr": 0.1}, spaces)
    assert changed["hidden"] == {"name": "adam", "lr": 0.1}


def test_a_product_is_rounded_and_follows_its_factors(registry):
    table = {"name": "adam", "lr": {**WIDE, "times": "eps"}, "eps": {"low": 1e-3, "high": 1.0}}
    spaces = found(registry, table)
    assert with_setting(table, {"lr": 0.1, "eps": 0.03}, spaces)["lr"] == 0.003
    fixed = {"name": "adam", "lr": {**WIDE, "times": "eps"}, "eps": 0.5}
    assert with_setting(fixed, {"lr": 0.1}, found(registry, fixed))["lr"] == 0.05


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            {"lr": {**WIDE, "times": "lr"}},
            ["lr: times: found a circle, lr times lr; expected none"],
        ),
        (
            {"lr": {**WIDE, "times": "eps"}},
            [
                "lr: times: found 'eps', expected another field that is tuned, or that the same "
                "table gives as a number"
            ],
        ),
        (
            {"lr": {**WIDE, "times": "eps_hat"}, "eps_hat": [True, False]},
            ["lr: times: found 'eps_hat', whose values are no numbers; expected numbers"],
        ),
        (
            {"beta1": {**WIDE, "times": "eps"}, "eps": {"low": 1, "high": 20}},
            ["beta1: expected a number ≥ 0 and < 1, found 2.0, in its space"],
        ),
        (
            {"lr": {"low": -1, "high": 1, "scale": "linear"}, "beta1": [0.5, 1.0]},
            [
                "lr: expected a number > 0, found -1.0, in its space",
                "beta1: expected a number ≥ 0 and < 1, found 1.0, in its space",
            ],
        ),
        (
            {
                "lr": {
                    "schedule": "cosine",
                    "steps": 9,
                    "start": {"low": -1, "high": 1, "scale": "linear"},
                }
            },
            ["lr.start: expected a number > 0, as lr needs, found -1.0, in its space"],
        ),
        (
            {"lr": {"low": 0, "high": 1}},
            [
                "lr: low: found 0.0, expected a number > 0 for the scale log, which is the "
                'declared one; give scale = "linear" for others'
            ],
        ),
        ({"lr": {"low": 1, "high": 0.1}}, ["lr: found low 1.0 and high 0.1, expected low < high"]),
        ({"lr": []}, ["lr: values: found [], expected a list of at least one value"]),
        (
            {"lr": {"scale": "log", "lo": 1, "hi": 2}},
            [
                "lr: found 'lo' in a space, expected low, high, scale, step, values, times, mean, "
                "deviation, whole, source"
            ],
        ),
        (
            {"lr": {"low": 1, "hihg": 2}},
            [
                "lr: found 'hihg' in a space, expected low, high, scale, step, values, times, "
                "mean, deviation, whole, source"
            ],
        ),
        (
            {"beta": WIDE, "label": WIDE},
            [
                f"{name}: found a space for what cannot be tuned; its parameters are lr, beta1, "
                "beta2, eps, eps_inside_root, eps_hat"
                for name in ("beta", "label")
            ],
        ),
        (
            {"eps_hat": {"low": 0, "high": 1}},
            ["eps_hat: found a range, expected a list of values: each true or false"],
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_field(registry, table, expected):
    assert mistakes(registry, {"name": "adam", **table}) == expected


def test_what_only_the_whole_component_refuses_is_found(registry):
    table = {"name": "momentum", "dampening": {"low": 0.0, "high": 0.5}}
    assert mistakes(registry, table) == [
        "dampening belongs to the form 'torch', found form 'velocity'"
    ]


@dataclass(frozen=True)
class Loose(Optimizer):
    """An optimizer with fields as those of other libraries."""

    rate: EITHER = 1
    options: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Schedule, ...] = ()
    anything: Annotated[Any, UNKNOWN] = None
    lr: Number = 0.1

    spaces = {"lr": Space(1.0, 5.0, "linear", times="rate")}  # noqa: RUF012

    def step(self, theta, state, oracle):
        return theta, state


@pytest.fixture(scope="module")
def loose(registry):
    return registry.add("optimizers", "loose", Loose)


def test_a_number_that_may_be_whole_stays_as_it_was_written(registry, loose):
    whole, floats = ({"name": loose, "rate": {"low": low, "high": 9}} for low in (1, 1.0))
    assert found(registry, whole)["rate"].whole
    assert not found(registry, floats)["rate"].whole


def test_a_table_that_a_field_takes_is_no_space(registry, loose):
    options = {"low": 1, "high": 2, "name": "adam"}
    assert found(registry, {"name": loose, "options": options}) == {}
    space = optframe.Space(values=[{"a": 1}, {"a": 2}])
    assert found(registry, {"name": loose, "options": space}) == {"options": space}


def test_what_is_unknown_has_any_space_but_a_list_is_ambiguous(registry, loose):
    spaces = found(registry, {"name": loose, "anything": {"low": 1, "high": 3}})
    assert spaces["anything"].at(0.5) == 2.0
    (line,) = mistakes(registry, {"name": loose, "anything": [1, 2]})
    assert line == (
        "anything: found a list, and nothing says whether anything takes one; write [[...]] for "
        "lists to try, or { values = [...] }"
    )
    nested = found(registry, {"name": loose, "anything": [[1, 2], [3]]})
    assert nested["anything"].values == ([1, 2], [3])


def test_a_list_of_schedules_to_try_has_no_fields_of_its_own(registry):
    cycle = {"schedule": "one-cycle", "max": 0.1, "steps": 9}
    table = {"name": "adam", "lr": [cycle, 0.1], "beta1": 0.9, "beta2": 0.9, "eps": 0.1}
    assert declared_in(registry, "optimizers", table, "it") == {}
    assert [*found(registry, table)] == ["lr"]
    alone = declared_in(registry, "optimizers", {**table, "lr": cycle}, "it")
    assert [*alone] == ["lr.rise", "lr.initial_divisor", "lr.final_divisor"]


def test_declared_products_name_their_field_in_full(registry, loose):
    text = f"split:rest={loose}"
    declared = declared_in(registry, "optimizers", parse(text), "it")
    assert declared == {"rest.lr": Space(1.0, 5.0, "linear", times="rest.rate")}


def test_the_ends_of_a_schedules_values_have_the_scale_of_the_outermost_field(registry):
    table = {
        "name": "adam",
        "beta1": {"schedule": "linear", "start": {"low": 0.5, "high": 0.9}, "end": 0, "steps": 9},
    }
    assert found(registry, table)["beta1.start"].scale == "one-minus-log"


@dataclass(frozen=True)
class Chained(Schedule):
    """A schedule with a value or another schedule, and a share of the budget."""

    value: Number | None = None
    share: Fraction | None = None
    then: Schedule | None = None

    def __call__(self, k, epoch, progress):
        return 0.0


@dataclass(frozen=True)
class Free(Schedule):
    """A schedule with a number that may be anything."""

    scale: Number

    def __call__(self, k, epoch, progress):
        return self.scale


def test_the_numbers_of_a_schedule_may_be_left_out_and_be_in_another(registry):
    chained = registry.add("schedules", "chained", Chained)
    free = registry.add("schedules", "free", Free)
    low = {"low": 0.5, "high": 0.9}
    table = {"name": "adam", "beta1": {"schedule": chained, "value": low, "share": low}}
    spaces = found(registry, table)
    assert spaces["beta1.value"].scale == "one-minus-log"
    assert spaces["beta1.share"].scale == "linear"
    table = {"name": "adam", "beta1": {"schedule": chained, "then": {"schedule": free}}}
    table["beta1"]["then"]["scale"] = low
    places = [place.prefix for place in tuned.places("optimizers", table, registry)]
    assert places == ["", "beta1.", "beta1.then."]
    table["beta1"]["then"]["scale"] = {"low": 0.5, "high": 1.0, "scale": "linear"}
    (line,) = mistakes(registry, table)
    assert line.startswith("beta1.then.scale: expected a number ≥ 0 and < 1, as beta1 needs, found")


def test_mistakes_in_an_optimizer_in_a_field_are_found(registry):
    assert mistakes(registry, {"name": "split", "rest": "adam:lr=[1"}) == [
        "rest: 'adam:lr=[1': found an unbalanced quote or bracket; close each one"
    ]
    (line,) = mistakes(registry, {"name": "split", "rest": {"name": "addam"}})
    assert line == "rest: unknown optimizer 'addam'; did you mean 'adam'?"
    assert mistakes(registry, {"name": "split", "rest": "adam:lr=-2..-1"}) == [
        "rest.lr: low: found -2.0, expected a number > 0 for the scale log, which is the declared "
        'one; give scale = "linear" for others'
    ]


def test_objects_made_in_python_may_hold_spaces(registry):
    made = ClipNorm(Adam(lr=Cosine(start=Space(1e-4, 1.0), steps=9)), max=Space(1.0, 2.0))
    spaces = found(registry, table_of(made, "optimizers", registry))
    assert spaces == {"lr.start": Space(1e-4, 1.0), "clip-norm.max": Space(1.0, 2.0)}


def test_a_problem_is_not_tuned(registry):
    (line,) = mistakes(registry, {"name": "quadratic", "size": {"low": 2, "high": 8}}, "problems")
    assert "found a space for size, expected none: a problem is not tuned" in line


def test_the_spaces_of_python_are_taken_as_they_are(registry):
    space = optframe.Space(0.5, 0.9, "one-minus-log")
    assert found(registry, {"name": "adam", "beta1": space}) == {"beta1": space}


def test_fields_that_are_given_have_no_declared_space(registry):
    table = {"name": "adam", "beta1": 0.9, "wrap": [{"name": "clip-norm"}]}
    assert "beta1" not in declared_in(registry, "optimizers", table, "it")


def test_an_object_with_a_space_and_with_what_is_no_plain_data_is_refused(registry):
    with pytest.raises(UsageError, match=r"^Loose: found a space for lr, and another parameter"):
        table_of(Loose(lr=Space(1.0, 2.0), anything=object()), "optimizers", registry)


def test_minimize_wants_values():
    made = ClipNorm(Adam(lr=Cosine(start=Space(1e-4, 1.0), steps=9)), max=Space(1.0, 2.0))
    with pytest.raises(UsageError) as error:
        optframe.minimize("quadratic", made, steps=1)
    assert str(error.value) == (
        "minimize: found a space for optimizer.lr.start, max; expected a value, or a study with "
        "[tune]"
    )
    with pytest.raises(UsageError, match=r"^minimize: \[\[optimizer\]\] adam: lr: .*found "):
        optframe.minimize("quadratic", "adam:lr=1e-4..1e-1", steps=1)
