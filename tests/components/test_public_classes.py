"""Classes that plugins register for use from Python."""

import sys

import pytest

import optframe
from optframe import FunctionProblem, PluginError, hookimpl
from optframe.components import public_classes


class Registering:
    """A plugin that registers the given classes."""

    optframe_api = 1

    def __init__(self, found):
        self.found = found

    @hookimpl
    def optframe_classes(self):
        return self.found


@pytest.fixture
def registered(monkeypatch):
    """Let plugins be installed that register these."""

    def install(*mappings):
        registry = optframe.load_plugins()
        for number, found in enumerate(mappings):
            registry.admit(Registering(found), f"plugin{number}", "here", "1")
        monkeypatch.setattr(public_classes, "load_plugins", lambda: registry)
        public_classes._registered.cache_clear()

    yield install
    for name in ("Mine", "Lazy"):
        vars(optframe).pop(name, None)
    public_classes._registered.cache_clear()


def test_they_are_attributes_of_optframe_and_imported_when_used(registered):
    registered({"Mine": FunctionProblem, "Lazy": "wave:Wave_read"})
    sys.modules.pop("wave", None)
    assert optframe.Mine is FunctionProblem
    assert "wave" not in sys.modules
    from optframe import Lazy

    assert Lazy.__name__ == "Wave_read"
    assert "Lazy" in public_classes.public_names()
    assert {"JaxProblem", "TorchProblem"} <= set(public_classes.public_names())


def test_what_nobody_registers_is_no_attribute(registered, monkeypatch):
    registered({})
    with pytest.raises(AttributeError, match="module 'optframe' has no attribute 'Nothing'"):
        _ = optframe.Nothing
    assert not hasattr(optframe, "__wrapped__")
    monkeypatch.setattr(public_classes, "load_plugins", pytest.fail)
    with pytest.raises(AttributeError):  # no plugin is loaded for what cannot be a class
        _ = optframe.nothing


@pytest.mark.parametrize(
    ("mappings", "message"),
    [
        ([["Mine"]], "hook optframe_classes returned a list; expected a mapping"),
        ([{"mine": FunctionProblem}], "found the name 'mine', expected that of a class"),
        ([{"Mine": 3}], "'Mine': found 3, expected a class or \"module:Class\""),
        ([{"Mine": "nothing"}], "'Mine': found 'nothing', expected a class or"),
        ([{"Mine": FunctionProblem}] * 2, "two plugins register the class 'Mine'"),
        ([{"Mine": "wave:Nothing"}], "optframe.Mine: wave:Nothing could not be imported"),
        ([{"Mine": "no_such_module:A"}], "no_such_module"),
    ],
)
def test_flaws_are_named_in_one_line(registered, mappings, message):
    registered(*mappings)
    with pytest.raises(PluginError, match=message) as raised:
        _ = optframe.Mine
    assert "\n" not in str(raised.value)
