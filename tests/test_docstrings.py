"""The examples in the docstrings of the public names run and print what they show."""

import doctest

import pytest

import optframe

EXAMPLES = [
    example
    for name in optframe.__all__
    if getattr(getattr(optframe, name), "__module__", "").startswith("optframe")
    for example in doctest.DocTestFinder().find(getattr(optframe, name), name, module=False)
    if example.examples
]


def test_classes_and_functions_have_some():
    assert {"Budget", "Study", "elementwise", "make"} <= {example.name for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_an_example_prints_what_it_shows(example):
    printed: list[str] = []
    found = doctest.DocTestRunner().run(example, out=printed.append)
    assert not found.failed, "".join(printed)
