from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import pytest
from annotated_types import Ge, Le
from hypothesis import given
from hypothesis import strategies as st

from optframe import (
    Count,
    Fraction,
    NonNegative,
    Number,
    Positive,
    Schedule,
    UnitInterval,
    UsageError,
)
from optframe.components.parameters import build, is_sequence, mistakes_in, parameters


@dataclass(frozen=True)
class Everything:
    """One field of each type that a component may have."""

    required: Positive
    number: Number = 0.5
    positive: Positive = 1.0
    non_negative: NonNegative = 0.0
    fraction: Fraction = 0.0
    unit: UnitInterval = 1.0
    count: Count = 1
    bounded: Annotated[int, Ge(-2), Le(2)] = 0
    flag: bool = False
    word: str = "a"
    choice: Literal["one", "two"] = "one"
    sizes: tuple[int, ...] = (1, 2)
    pair: tuple[float, float] | None = None
    maybe: Positive | None = None
    table: dict[str, float] = field(default_factory=dict)
    derived: int = field(default=3, init=False)


@dataclass(frozen=True)
class Half(Schedule):
    start: float

    def __call__(self, k, epoch, progress):
        return self.start / 2


def make_half(kind, name, given, where):
    assert (kind, name) == ("schedules", "half")
    return build(Half, given, where)


def made(**given):
    return build(Everything, {"required": 1, **given}, "[[optimizer]] everything", make_half)


def mistakes(**given):
    with pytest.raises(UsageError) as caught:
        made(**given)
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", -1e300),
        ("number", 3),
        ("positive", 5e-324),
        ("non_negative", 0),
        ("fraction", 0.999),
        ("unit", 1),
        ("count", 1),
        ("bounded", -2),
        ("bounded", 2),
        ("flag", True),
        ("word", "Größe"),
        ("choice", "two"),
        ("maybe", None),
        ("maybe", 0.5),
        ("table", {"x": 1.5}),
    ],
)
def test_what_lies_in_the_range_is_accepted(name, value):
    assert getattr(made(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", "0.5", "a number"),
        ("number", True, "a number"),
        ("number", [0.5], "a number"),
        ("number", float("nan"), "a number"),
        ("number", float("inf"), "a number"),
        ("positive", 0, "a number > 0"),
        ("positive", -1.5, "a number > 0"),
        ("non_negative", -1e-9, "a number ≥ 0"),
        ("fraction", 1, "a number ≥ 0 and < 1"),
        ("fraction", -0.1, "a number ≥ 0 and < 1"),
        ("unit", 1.01, "a number ≥ 0 and ≤ 1"),
        ("count", 0, "a whole number ≥ 1"),
        ("count", 2.0, "a whole number ≥ 1"),
        ("count", True, "a whole number ≥ 1"),
        ("bounded", 3, "a whole number ≥ -2 and ≤ 2"),
        ("flag", 1, "true or false"),
        ("flag", "true", "true or false"),
        ("word", 1, "a string"),
        ("choice", "three", "one of 'one', 'two'"),
        ("sizes", 3, "a list of whole numbers"),
        ("sizes", ["a"], "a list of whole numbers"),
        ("pair", [1.0, 2.0, 3.0], "a list of numbers"),
        ("maybe", 0, "a number > 0"),
        ("table", {"x": "y"}, "a table"),
    ],
)
def test_what_does_not_is_refused_in_words(name, value, expected):
    assert mistakes(**{name: value}) == (
        f"[[optimizer]] everything: {name}: expected {expected}, found {value!r}",
    )


@given(st.floats() | st.integers())
def test_a_fraction_is_a_finite_number_in_the_half_open_interval(value):
    try:
        accepted = made(fraction=value).fraction
    except UsageError:
        assert not 0 <= value < 1
    else:
        assert accepted == value
        assert 0 <= value < 1


def test_values_arrive_in_the_type_of_their_field():
    component = made(number=1, sizes=[3, 4], pair=[1, 2])
    assert isinstance(component.number, float)
    assert component.sizes == (3, 4)
    assert component.pair == (1.0, 2.0)
    assert hash(component.sizes)


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.array(0.5)])
def test_numpys_numbers_are_numbers(number):
    component = made(number=number, count=np.int64(7))
    assert (component.number, component.count) == (0.5, 7)
    assert (type(component.number), type(component.count)) == (float, int)


def test_an_array_of_the_runs_values_is_checked_throughout():
    rates = np.array([0.1, 0.2])
    assert made(positive=rates).positive is rates
    assert mistakes(positive=np.array([0.1, 0.0])) == (
        "[[optimizer]] everything: positive: expected a number > 0 in every element",
    )


def test_a_number_may_be_a_schedule():
    assert made(positive={"schedule": "half", "start": 1.0}).positive == Half(1.0)
    assert made(positive=Half(2.0)).positive == Half(2.0)


def test_mistakes_in_a_schedule_are_named_with_its_place():
    assert mistakes(positive={"schedule": "half", "begin": 1.0}) == (
        "[[optimizer]] everything: positive: unknown parameter 'begin'; expected one of: start",
        "[[optimizer]] everything: positive: start is missing; expected a number",
    )
    (mistake,) = mistakes(positive={"start": 1.0})
    assert "expected a number > 0 or { schedule = ... }, found {'start': 1.0}" in mistake


@pytest.mark.parametrize("value", [np.array([1, 2]), {"schedule": "half", "start": 1.0}], ids=str)
def test_only_numbers_may_be_arrays_or_schedules(value):
    (mistake,) = mistakes(count=value)
    assert "count: expected a whole number ≥ 1" in mistake


def test_every_mistake_is_told_at_once():
    with pytest.raises(UsageError) as caught:
        build(Everything, {"positive": 0, "cuont": 2, "flag": "no", "sizes": [1]}, "file: [x]")
    assert caught.value.mistakes == (
        "file: [x]: positive: expected a number > 0, found 0",
        "file: [x]: unknown parameter 'cuont'; did you mean 'count'?",
        "file: [x]: flag: expected true or false, found 'no'",
        "file: [x]: required is missing; expected a number > 0",
    )
    assert str(caught.value).splitlines() == list(caught.value.mistakes)


def test_what_the_class_itself_refuses_is_a_mistake_in_the_same_place():
    @dataclass(frozen=True)
    class Picky:
        low: float = 0.0
        high: float = 1.0

        def __post_init__(self):
            if self.low > self.high:
                raise ValueError("low is more than high")

    with pytest.raises(UsageError, match=r"^\[x\]: low is more than high$"):
        build(Picky, {"low": 2}, "[x]")


def test_what_a_component_derives_cannot_be_given():
    assert "derived" not in parameters(Everything)
    (mistake,) = mistakes(derived=4)
    assert "unknown parameter 'derived'" in mistake


@dataclass(frozen=True)
class Bare:
    """It has no parameters."""


def test_defaults_are_known_without_making_the_component():
    fields = parameters(Everything)
    assert fields["required"].required
    assert not fields["table"].required
    assert fields["table"].default == {}
    assert fields["fraction"].expected == "a number ≥ 0 and < 1"


@pytest.mark.parametrize(
    ("annotation", "sequence"),
    [
        (tuple[int, ...], True),
        (list[float], True),
        (tuple[float, float] | None, True),
        (Annotated[tuple[int, ...], "sizes"], True),
        (Positive, False),
        (str, False),
        (dict[str, float], False),
        (float | None, False),
    ],
)
def test_lists_are_values_only_for_sequences(annotation, sequence):
    assert is_sequence(annotation) is sequence


@dataclass(frozen=True)
class Fixed:
    lr: Number = 0.1

    rank = 3

    @property
    def size(self):
        return 4


@pytest.mark.parametrize(
    ("component", "name", "hint"),
    [
        (Fixed, "size", "it cannot be set here, size is always 4"),
        (Fixed, "rank", "it cannot be set here, rank is always 3"),
        (Fixed, "lrs", "did you mean 'lr'?"),
        (Bare, "x", "it has no parameters"),
    ],
)
def test_what_cannot_be_given_is_said(component, name, hint):
    mistakes = mistakes_in(component, {name: 5}, "here")
    assert mistakes == [f"here: unknown parameter {name!r}; {hint}"]
