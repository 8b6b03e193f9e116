import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optframe
from optframe import UsageError
from optframe.components.notation import format_value, parse, write
from optframe.contracts.trial import Component, canonical

words = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda word: word not in ("name", "wrap")
)
component_names = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True) | st.from_regex(
    r"[a-z_]{1,5}(\.[a-z_]{1,5})?:[A-Z][A-Za-z0-9]{0,5}", fullmatch=True
)
scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        [
            "inf",
            "nan",
            "1..2",
            "-inf..3",
            "../x",
            "true",
            "false",
            "1",
            "1e5",
            "a+b",
            "it's",
            '",\\"]',
            "\\",
            "\x7f",
            "",
        ]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words, inner, max_size=3)
        | st.fixed_dictionaries({"low": inner, "high": inner})
    ),
    max_leaves=6,
)


@st.composite
def tables(draw, wrappers=2):
    table = {"name": draw(component_names), **draw(st.dictionaries(words, values, max_size=3))}
    if wrappers:
        inside = draw(st.lists(tables(wrappers=0), max_size=wrappers))
        if inside:
            table["wrap"] = inside
    return table


def same(a, b):
    """Equal, and where it matters of the same type: a string is no number, a flag no count."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b and isinstance(a, (str, bool)) == isinstance(b, (str, bool))


@given(tables())
def test_what_was_written_is_read_back(table):
    assert same(parse(write(table)), table)


@given(st.floats(allow_nan=False))
def test_numbers_keep_every_bit(number):
    assert parse(f"a:x={format_value(number)}")["x"] == number


@given(st.text())
def test_any_text_is_read_or_refused_in_one_line_that_shows_it(text):
    try:
        said = write(parse(text))
    except UsageError as refused:
        said = str(refused)
        shown = said.startswith(f"{text!r}: ")
    else:
        shown = same(parse(said), parse(text))
    assert shown
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("sgd", {"name": "sgd"}),
        ("sgd:lr=0.1", {"name": "sgd", "lr": 0.1}),
        (" sgd: lr = 0.1 , x = 2 ", {"name": "sgd", "lr": 0.1, "x": 2}),
        ("sgd:lr=1e+5", {"name": "sgd", "lr": 1e5}),
        (
            "sgd:lr=1e+5+clip:max=2E+3",
            {"name": "sgd", "lr": 1e5, "wrap": [{"name": "clip", "max": 2e3}]},
        ),
        (
            "sgd+clip+decay:rate=1",
            {"name": "sgd", "wrap": [{"name": "clip"}, {"name": "decay", "rate": 1}]},
        ),
        ("mlp:hidden=[64,32],data=digits", {"name": "mlp", "hidden": [64, 32], "data": "digits"}),
        ('mlp:data="digits:split=1"', {"name": "mlp", "data": "digits:split=1"}),
        ("mlp:data='a,b+c'", {"name": "mlp", "data": "a,b+c"}),
        (r'mlp:data="a\",b+c\\",x=1', {"name": "mlp", "data": 'a",b+c\\', "x": 1}),
        (r"mlp:data='C:\',x=1", {"name": "mlp", "data": "C:\\", "x": 1}),
        ("q:rotate=true,x=false", {"name": "q", "rotate": True, "x": False}),
        ("a:x=inf,y=-inf", {"name": "a", "x": math.inf, "y": -math.inf}),
        ("pack.age:Class", {"name": "pack.age:Class"}),
        ("pack.age:Class:lr=0.1", {"name": "pack.age:Class", "lr": 0.1}),
        (
            "adam:lr={schedule=linear,start=1e-3,end=1e+5,steps=[1,{a=b}]}",
            {
                "name": "adam",
                "lr": {"schedule": "linear", "start": 1e-3, "end": 1e5, "steps": [1, {"a": "b"}]},
            },
        ),
    ],
)
def test_the_notation_means_what_the_study_file_would_say(text, table):
    assert parse(text) == table


def test_whole_numbers_stay_whole():
    assert isinstance(parse("a:x=3")["x"], int)
    assert isinstance(parse("a:x=3.0")["x"], float)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found '', expected a component's name"),
        (":lr=1", "found '', expected a component's name"),
        ("sgd lr=1", "found 'sgd lr=1', expected a component's name"),
        ("sgd:", "found '', expected parameter=value"),
        ("sgd:lr=", "found 'lr=', expected parameter=value"),
        ("sgd:0.1", "found '0.1', expected parameter=value"),
        ("sgd:lr=1,", "found '', expected parameter=value"),
        ("sgd:lr=1,lr=2", "'lr' is given twice"),
        ("sgd:name=adam", "'name' is given twice"),
        ("sgd:lr={schedule=linear,schedule=constant}", "'schedule' is given twice"),
        ("sgd:lr={linear}", "found 'linear', expected parameter=value"),
        ("sgd+clip:0.1", "found '0.1', expected parameter=value"),
        ("sgd:lr=[1,2", "found an unbalanced quote or bracket"),
        ("sgd:label='x", "found an unbalanced quote or bracket"),
        ("sgd:lr=1]", "found an unbalanced quote or bracket"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, found):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"{text!r}: ")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1, "0.1"),
        (1e-5, "1e-05"),
        (100000.0, "100000"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "true"),
        ("digits", "digits"),
        ("true", '"true"'),
        ("digits:split=1", '"digits:split=1"'),
        ("Größe 1", '"Größe 1"'),
        ((64, 32), "[64,32]"),
        ({"schedule": "linear", "start": 0.5}, "{schedule=linear,start=0.5}"),
    ],
)
def test_values_are_written_as_short_as_they_can_be_read(value, written):
    assert format_value(value) == written


def test_a_component_keeps_its_parameters_to_the_bit():
    parameters = {"lr": 0.1 + 0.2, "hidden": [64, 32], "name": "Größe"}
    assert Component("a", canonical(parameters), "a").values == parameters
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1})


@pytest.mark.parametrize("text", ["[" * 2000 + "1" + "]" * 2000, "{a=" * 2000 + "1" + "}" * 2000])
def test_what_is_nested_too_deep_is_refused(text):
    with pytest.raises(UsageError, match=r"found brackets more than 64 deep; expected fewer$"):
        parse(f"sgd:lr={text}")


def test_a_number_of_many_digits_is_refused():
    with pytest.raises(UsageError, match=r"found a whole number of 5000 digits; expected fewer$"):
        parse(f"sgd:lr={'9' * 5000}")


def test_wrappers_follow_after_a_plus_only():
    with pytest.raises(UsageError, match=r"found the parameter 'wrap'; write \+wrapper:parameter="):
        parse("sgd:wrap=0.1")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1e-4..1e-1", 1e-4, 1e-1),
        ("1..10", 1, 10),
        ("-1.5..-0.5", -1.5, -0.5),
        ("+1e+2..1E+3", 100.0, 1000.0),
        ("0.5 .. 0.999", 0.5, 0.999),
        ("1_000..2_000", 1000, 2000),
        ("0..inf", 0, math.inf),
    ],
)
def test_two_numbers_with_dots_between_are_a_space(text, low, high):
    space = {"low": low, "high": high}
    assert parse(f"adam:lr={text}") == {"name": "adam", "lr": space}
    assert type(parse(f"adam:lr={text}")["lr"]["low"]) is type(low)
    table = parse(f"adam:lr={{schedule=cosine,start={text}}},b=[{text},1]+clip-norm:max={text}")
    assert table == {
        "name": "adam",
        "lr": {"schedule": "cosine", "start": space},
        "b": [space, 1],
        "wrap": [{"name": "clip-norm", "max": space}],
    }
    assert parse(write(table)) == table


@pytest.mark.parametrize(
    "text", ["../x", "a..b", "1..", "..2", "1...2", "1..2..3", "data/1..2", "01..2", "1..2px", ".."]
)
def test_other_texts_with_two_dots_are_strings(text):
    assert parse(f"mlp:data={text}")["data"] == text
    assert parse(write({"name": "mlp", "data": text}))["data"] == text


def test_a_text_that_looks_like_a_space_is_quoted():
    assert write({"name": "a", "b": "1..2"}) == 'a:b="1..2"'
    assert parse('a:b="1..2"')["b"] == "1..2"


def test_a_space_is_written_back():
    assert write({"name": "adam", "lr": {"low": 1e-4, "high": 0.1}}) == "adam:lr=0.0001..0.1"
    space = optframe.Space(0.5, 0.999, "one-minus-log")
    text = write({"name": "adam", "beta1": space})
    assert text == "adam:beta1={low=0.5,high=0.999,scale=one-minus-log}"
    assert optframe.Space.from_table(parse(text)["beta1"]) == space
