"""The class of a component from the signature of another library's class or function."""

# ruff: noqa: B006, B008, RUF013, UP007, UP045
# Other libraries write signatures in all these ways.

import copy
import pickle
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType, Optional, TypedDict, Union

import pytest

from optframe import Count, Optimizer, Positive, Search, UsageError, load_plugins
from optframe.components.parameters import build, is_sequence, parameters
from optframe.components.signatures import component_class, path_of
from optframe.testing.imports import check_imports


@dataclass(frozen=True, kw_only=True)
class Base(Optimizer):
    groups: tuple[str, ...] = ()

    def step(self, theta, state, oracle):
        return theta, state


def made(found, *left_out, base=Base, reserved=("label", "start")):
    return component_class(found, "lib.found", base, frozenset(left_out), frozenset(reserved))


class Tensor: ...


Rate = NewType("Rate", float)


class Options(TypedDict):
    a: int


def typed(
    number: float,
    whole: int,
    switch: bool,
    text: str,
    either: float | Tensor,
    old: Optional[Union[float, Tensor]],
    absent: "int" = None,
    late: "float | Unknown" = 0.5,  # noqa: F821
    pair: tuple[float, float] = (0.9, 0.99),
    pairs: tuple[float, float] | tuple[float, float, float] = (0.9, 0.99),
    row: Sequence[int] = (),
    items: list[Tensor] = (),
    some: Iterable = (),
    choice: Literal["a", "b"] = "a",
    bounded: Positive = 1.0,
    counted: Count = 1,
    table: dict = None,
    options: Options = None,
    rate: Rate = 0.1,
    sloppy: int = 0.5,
    search: Search = None,
    unsure: Any = None,
): ...


def guessed(
    required, number=0.5, whole=3, switch=True, text="a", pair=(0.9, 1), empty=[], nothing=None,
    table={}, mixed=(1, "a"), opaque=object(), function=print, kind=float,
): ...  # fmt: skip


@pytest.mark.parametrize(
    ("name", "accepted", "refused", "expected"),
    [
        ("number", 1.5, "a", "a number"),
        ("whole", 3, 3.5, "a whole number"),
        ("switch", True, 1, "true or false"),
        ("text", "a", 1, "a string"),
        ("either", 1.5, "a", "a number"),
        ("old", None, "a", "a number"),
        ("absent", 3, 0.5, "a whole number"),
        ("late", 2, "a", "a number"),
        ("pair", [0.9, 1], [0.9], "a list of numbers"),
        ("pairs", [0.9, 1, 2], [0.9], "a list of numbers"),
        ("row", [1, 2, 3], [0.5], "a list of whole numbers"),
        ("items", [1, "a"], 1, "a list of any value"),
        ("some", [1, "a"], 1, "a list of any value"),
        ("choice", "b", "c", "one of 'a', 'b'"),
        ("bounded", 2, 0, "a number > 0"),
        ("counted", 2, 0, "a whole number ≥ 1"),
        ("table", {"a": 1}, [1], "a table"),
        ("options", {"a": 1}, 3, "a table"),
        ("rate", 2, "a", "a number"),
        ("sloppy", 2, "a", "a number"),
        ("unsure", "anything", None, "any value"),
    ],
)
def test_a_type_comes_from_the_annotation(name, accepted, refused, expected):
    component = made(typed, "search")
    field = parameters(component)[name]
    assert field.expected == expected
    given = {"number": 1, "whole": 1, "switch": True, "text": "", "either": 1, "old": 1}
    build(component, {**given, name: accepted}, "x")
    if refused is not None:
        with pytest.raises(UsageError, match=f"x: {name}: expected {expected}"):
            build(component, {**given, name: refused}, "x")


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("required", "anything", None),
        ("number", 2, "a"),
        ("whole", 2.5, True),
        ("switch", False, 0),
        ("text", "b", 0),
        ("pair", [1, 2, 3], 1),
        ("empty", [1, "a"], 1),
        ("nothing", "anything", None),
        ("table", {"a": 1}, 1),
        ("mixed", [2, "b", 3], 1),
        ("opaque", 3, None),
    ],
)
def test_a_type_comes_from_the_default_where_nothing_is_annotated(name, accepted, refused):
    component = made(guessed)
    build(component, {"required": 1, name: accepted}, "x")
    if refused is not None:
        with pytest.raises(UsageError, match=f"x: {name}: expected "):
            build(component, {"required": 1, name: refused}, "x")


def test_what_plain_data_cannot_give_is_left_out_if_it_has_a_default():
    fields = parameters(made(guessed))
    assert not {"function", "kind"} & {*fields}
    with pytest.raises(UsageError, match=r"lib\.found: its parameter model: .* cannot be wri"):
        made(needs_a_model)


def needs_a_model(model: Tensor): ...


def test_a_list_is_known_for_a_value_or_a_grid_or_is_unclear():
    fields = parameters(made(guessed))
    lists = {name for name, field in fields.items() if is_sequence(field.annotation)}
    assert lists == {"groups", "pair", "empty", "mixed"}
    assert {n for n, f in fields.items() if f.unknown} == {"required", "nothing", "opaque"}


def test_numbers_may_be_schedules_and_those_that_are_floats_become_floats():
    component = made(typed, "search")
    numbers = {name for name, field in parameters(component).items() if field.number}
    assert numbers == {"number", "either", "old", "late", "bounded", "rate", "sloppy"}
    assert {n for n, f in parameters(made(guessed)).items() if f.number} == {"number", "whole"}

    def older(lr: float = 1, momentum=0, steps=5): ...

    assert [type(field.default) for field in parameters(made(older)).values()][1:] == [
        float,
        int,
        int,
    ]


def test_given_are_the_parameters_that_differ_by_the_librarys_names():
    def found(lr: float = 0, betas=[0.9, 0.99], steps=5, needs=1, start="a", groups=3, x=None): ...

    component = made(found)
    assert [*parameters(component)] == ["groups", "lr", "betas", "steps", "needs", "start_", "x"]
    assert component().given == {}
    assert component().needs == frozenset({"gradient"})
    same = {"lr": 0.0, "betas": [0.9, 0.99], "steps": 5, "needs": 1, "start_": "a"}
    assert build(component, {**same, "groups": ["a"]}, "x").given == {}
    other = {"lr": 1, "betas": [0.8, 0.9], "steps": 6, "needs": 2, "start_": "b", "x": [1]}
    expected = {"lr": 1, "betas": [0.8, 0.9], "steps": 6, "needs": 2, "start": "b", "x": (1,)}
    assert build(component, other, "x").given == expected
    assert path_of(component) == component.path == "lib.found"
    assert component.target is found


def test_further_parameters_are_accepted_where_there_are_any():
    def found(lr=0.1, **others): ...

    component = build(made(found), {"lr": 0.2, "momentum": 0.9, "nesterov": True}, "x")
    assert component.given == {"lr": 0.2, "momentum": 0.9, "nesterov": True}
    closed = component_class(lambda lr=0.1: 0, "a.b", Base, frozenset(), frozenset())
    with pytest.raises(UsageError, match="unknown parameter 'momentum'"):
        build(closed, {"momentum": 0.9}, "x")


def test_what_has_no_signature_takes_any_parameters_and_an_object_none():
    assert build(made(dict), {"a": 1}, "x").given == {"a": 1}
    assert [*parameters(made(Tensor()))] == ["groups"]


def test_a_class_is_made_once_and_its_objects_are_copied_and_pickled(adapted):
    registry = load_plugins(["stepwise_adapter"])
    name = "stepwise.optim.Descent"
    component = registry.make("optimizers", name, {"lr": 0.5, "start_": "here"})
    again = load_plugins(["stepwise_adapter"]).load("optimizers", name)
    assert type(component) is again
    restored = pickle.loads(pickle.dumps(component))
    assert restored == component
    assert restored.given == {"lr": 0.5, "start": "here"}
    object.__setattr__(component, "probed", True)
    assert copy.copy(component).probed
    assert copy.copy(component) == copy.deepcopy(component) == component


def test_the_kit_asks_of_the_adapter_what_it_imports_and_not_of_the_library(adapted, monkeypatch):
    monkeypatch.setattr("optframe.testing.imports.HEAVY", frozenset({"stepwise"}))
    registry = load_plugins(["stepwise_adapter"])
    check_imports(registry.load("optimizers", "stepwise.optim.Descent"))
    with pytest.raises(AssertionError, match="imports stepwise; import it where it is used"):
        check_imports(sys.modules["stepwise.optim"].Base)


def test_our_own_classes_have_no_import_path():
    assert path_of(Base) is None
