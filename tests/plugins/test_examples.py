"""Every built-in optimizer, wrapper and search has an example in its docstring, and it runs."""

import doctest
import inspect

import pytest

from optframe import load_plugins

REGISTRY = load_plugins()
BUILT_IN = {
    name: REGISTRY.load(kind, name)
    for kind in ("optimizers", "searches", "wrappers")
    for name in REGISTRY.names(kind)
    if REGISTRY.load(kind, name).__module__.startswith("optframe_plugins.")
}
HEADING = "\nExamples\n--------\n"


def test_all_three_kinds_are_among_them():
    assert {"sgd", "newton", "armijo", "polyak"} <= set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_docstring_ends_with_a_call_and_its_output(name):
    before, heading, example = inspect.cleandoc(BUILT_IN[name].__doc__).rpartition(HEADING)
    assert heading, f"the docstring of {name} has no section Examples"
    assert "\nReferences\n----------\n" in before
    imported, call, *output = example.splitlines()
    assert imported == ">>> import optframe"
    assert call.startswith(">>> ")
    assert name in call
    assert output
    assert not any(line.startswith((">>>", "...")) or not line for line in output)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_example_gives_what_the_docstring_says(name):
    text = inspect.cleandoc(BUILT_IN[name].__doc__)
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    printed: list[str] = []
    found = doctest.DocTestRunner().run(example, out=printed.append)
    assert found.attempted == 2
    assert not found.failed, "".join(printed)
