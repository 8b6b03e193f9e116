import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from optframe import Optimizer, PluginError, UsageError, hookimpl, load_plugins
from optframe.cli.commands.list import summary as summary_of
from optframe.components.kinds import KINDS

SAMPLES = Path(__file__).parent.parent / "sample_plugins"


@dataclass(frozen=True)
class Descent(Optimizer):
    """Descent: made by hand."""

    lr: float = 0.1

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


def plugin(**hooks):
    module = ModuleType("made_of_functions")
    vars(module).update({name: hookimpl(function) for name, function in hooks.items()})
    module.optframe_api = 1
    return module


@pytest.fixture
def registry():
    return load_plugins()


@pytest.fixture
def admit(registry):
    """Admit a plugin that is made of functions: ``admit(optframe_optimizers=lambda: {...})``."""

    def admit(**hooks):
        registry.admit(plugin(**hooks), "mine", "here", "")

    return admit


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_is_told_with_the_nearest_one(registry, kind):
    singular = KINDS[kind].singular
    if registry.names(kind):
        known = registry.names(kind)[0]
        hint = f"did you mean '{known}'?"
        unknown = f"{known}x"
    else:
        hint, unknown = "none is known", "x"
    with pytest.raises(UsageError) as caught:
        registry.entry(kind, unknown, "study.toml: [x]")
    assert str(caught.value) == f"study.toml: [x]: unknown {singular} {unknown!r}; {hint}"


def test_the_nearest_name_is_told_and_where_none_is_near_all_that_there_are(registry):
    names = ", ".join(registry.names("samplers"))
    with pytest.raises(UsageError, match=f"expected one of: {names}$"):
        registry.entry("samplers", "qqqqqq")
    with pytest.raises(UsageError, match="did you mean 'shuffle-once'"):
        registry.entry("samplers", "Shuffle_Once")


def test_a_component_is_made_from_plain_parameters(registry):
    made = registry.make("optimizers", "adam", {"lr": 0.5, "beta1": 0})
    assert (made.lr, made.beta1, made.beta2) == (0.5, 0.0, 0.999)


def test_a_schedule_is_made_inside_of_its_optimizer(registry):
    table = {"schedule": "linear", "start": 1.0, "end": 0.0, "steps": 10}
    made = registry.make("optimizers", "sgd", {"lr": table})
    assert [made.lr(k, 0.0, 0.0) for k in (0, 5, 10, 20)] == [1.0, 0.5, 0.0, 0.0]


def test_an_unknown_schedule_is_named_with_the_parameter(registry):
    with pytest.raises(UsageError, match=r"^sgd: lr: unknown schedule 'liner'; did you mean 'lin"):
        registry.make("optimizers", "sgd", {"lr": {"schedule": "liner"}})


def test_a_class_is_found_by_module_and_name(registry):
    made = registry.make("optimizers", "optframe_plugins.optimizers.adam:Adam", {"lr": 0.5})
    assert made == registry.make("optimizers", "adam", {"lr": 0.5})


def test_a_ready_made_object_is_found_by_module_and_name(registry, monkeypatch):
    module = ModuleType("hand_made")
    module.descent = Descent(0.25)
    monkeypatch.setitem(sys.modules, "hand_made", module)
    assert registry.make("optimizers", "hand_made:descent") is module.descent
    with pytest.raises(UsageError, match="a ready-made object takes no parameters"):
        registry.make("optimizers", "hand_made:descent", {"lr": 1.0})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such_module:X", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("math:Adam", "AttributeError"),
        ("math:pi", "optimizer math:pi is an object of float; expected an optimizer"),
        ("optframe:Registry", "optframe:Registry is a class of optframe; expected an optimizer: a"),
        ("optframe:Optimizer", "Optimizer is not a dataclass"),
    ],
)
def test_what_a_user_names_has_to_be_an_optimizer(registry, name, reason):
    with pytest.raises(PluginError, match=re.escape(reason)):
        registry.make("optimizers", name)


def test_a_parameter_without_a_value_is_not_taken_for_a_module(registry):
    with pytest.raises(UsageError, match="adam:lr: found 'lr', expected parameter=value"):
        registry.make("optimizers", "adam:lr")


@pytest.mark.parametrize("kind", KINDS)
def test_every_built_in_component_can_be_imported_and_describes_itself(registry, kind):
    for entry in registry.entries(kind):
        if entry.owner.startswith("optframe_"):
            assert kind == "studies" or registry.load(kind, entry.name).__doc__
            assert summary_of(entry).endswith(".")


def test_a_summary_is_read_without_importing_the_component(registry):
    sys.modules.pop("optframe_plugins.schedules.constant", None)
    summary = summary_of(registry.entry("schedules", "constant"))
    assert summary == "Constant: the same value at every step."
    assert "optframe_plugins.schedules.constant" not in sys.modules


@pytest.mark.parametrize(
    ("target", "summary"),
    [
        ("no_such_package.inside:X", "(ModuleNotFoundError: No module named 'no_such_package')"),
        ("no_such_module:X", "(there is no module 'no_such_module')"),
        ("optframe_plugins.optimizers.sgd:NoSuchClass", ""),
    ],
)
def test_a_summary_that_cannot_be_read_does_not_stop_the_list(registry, target, summary, admit):
    admit(optframe_optimizers=lambda: {"x": target})
    assert summary_of(registry.entry("optimizers", "x")) == summary


def test_a_summary_of_a_package_that_raises_is_one_bounded_line(
    registry, admit, tmp_path, monkeypatch
):
    package = tmp_path / "raises_long_texts"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('red \\x1b[31m\\n' + 'x' * 100_000)")
    monkeypatch.syspath_prepend(tmp_path)
    admit(optframe_optimizers=lambda: {"x": "raises_long_texts.inside:X"})
    summary = summary_of(registry.entry("optimizers", "x"))
    assert summary.startswith(r"(RuntimeError: red \x1b[31m xxx")
    assert summary.isprintable()
    assert len(summary) < 3000


def test_a_class_is_checked_when_it_is_registered(registry, admit):
    admit(optframe_schedules=lambda: {"x": Descent})
    (left_out,) = registry.broken
    assert left_out.reason == (
        "hook optframe_schedules: 'x': Descent is not a subclass of optframe.Schedule"
    )


@pytest.mark.parametrize("target", [Descent, 3, None])
def test_a_study_is_registered_by_its_path(registry, target, admit):
    admit(optframe_studies=lambda: {"x": target})
    assert "expected a study file's path" in registry.broken[0].reason
    admit(optframe_studies=lambda: {"x": Path("x.toml")})
    assert registry.entry("studies", "x").target == "x.toml"


def test_a_plugin_that_fails_half_way_leaves_nothing_behind(registry, admit):
    seen = []
    admit(
        optframe_optimizers=lambda: {"descent": Descent},
        optframe_wrappers=lambda: {"clip-norm": Descent},
        optframe_study_finished=lambda name: seen.append(name),
    )
    assert "descent" not in registry.names("optimizers")
    registry.hook.optframe_study_finished(name="x", counts={})
    assert seen == []
    admit(optframe_optimizers=lambda: {"descent": Descent})
    assert registry.entry("optimizers", "descent").owner == "mine"


def test_a_plugin_that_is_admitted_again_stays(registry):
    seen = []
    mine = plugin(
        optframe_optimizers=lambda: {"descent": Descent},
        optframe_study_finished=lambda name: seen.append(name),
    )
    registry.admit(mine, "mine", "here", "")
    registry.admit(mine, "the same", "elsewhere", "")
    registry.hook.optframe_study_finished(name="x", counts={})
    assert seen == ["x"]
    assert [p.name for p in registry.plugins].count("mine") == 1
    assert registry.broken == []


def test_classes_and_objects_of_this_process_get_free_names(registry):
    assert registry.add("optimizers", "descent", Descent) == "descent"
    assert registry.add("optimizers", "descent", Descent) == "descent"
    assert registry.add("optimizers", "sgd", Descent) == "sgd-2"
    one, two = Descent(1.0), Descent(2.0)
    assert registry.add("optimizers", "descent", one) == "descent-2"
    assert registry.add("optimizers", "descent", two) == "descent-3"
    assert registry.make("optimizers", "descent-3") is two


def test_a_class_knows_its_name(registry):
    adam = registry.load("optimizers", "adam")
    assert registry.name_of("optimizers", adam) == "adam"
    assert registry.name_of("optimizers", Descent) is None
    registry.add("optimizers", "descent", Descent)
    assert registry.name_of("optimizers", Descent) == "descent"


def test_the_code_of_a_package_is_one_hash(registry):
    for name in ("sgd", "adam"):
        registry.load("optimizers", name)
    registry.load("samplers", "full")
    codes = {registry.code("optimizers", "sgd"), registry.code("optimizers", "adam")}
    assert codes == {registry.code("samplers", "full")}


def test_the_hash_changes_with_the_plugins_text_and_not_with_its_place(tmp_path):
    codes = []
    for folder, text in (("first", ""), ("second", ""), ("third", "\n# changed\n")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "a_copy_of_tiny.py"
        file.write_text((SAMPLES / "tiny.py").read_text() + text)
        registry = load_plugins([str(file)])
        registry.load("datasets", "tiny")
        codes.append(registry.code("datasets", "tiny"))
        del sys.modules["a_copy_of_tiny"]
    first, second, third = codes
    assert first == second != third


def test_the_code_of_a_namespace_package_is_that_of_the_module(registry, tmp_path, monkeypatch):
    (tmp_path / "namespace_of_tests").mkdir()
    (tmp_path / "namespace_of_tests" / "tiny.py").write_text((SAMPLES / "tiny.py").read_text())
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    registry.load("datasets", "namespace_of_tests.tiny:Tiny")
    expected = load_plugins([str(SAMPLES / "tiny.py")])
    expected.load("datasets", "tiny")
    assert registry.code("datasets", "namespace_of_tests.tiny:Tiny") == (
        expected.code("datasets", "tiny")
    )


TYPED = type("Typed", (Descent,), {"__module__": "a_session"})


@pytest.mark.parametrize(("target", "codes"), [(TYPED, 2), (Descent(), 2), (Descent, 1)], ids=str)
def test_what_is_in_no_file_is_never_the_same_code_again(target, codes, monkeypatch):
    monkeypatch.setitem(sys.modules, "a_session", ModuleType("a_session"))
    found = set()
    for _ in range(2):
        registry = load_plugins()
        registry.add("optimizers", "descent", target)
        found |= {registry.code("optimizers", "descent") for _ in range(2)}
    assert len(found) == codes


@pytest.mark.parametrize(
    ("settings", "needs", "message"),
    [
        ({}, frozenset({"gradient"}), "is not frozen; write @dataclass"),
        ({"frozen": True}, ("gradient",), "expected a frozenset of names"),
        ({"frozen": True}, "gradient", "expected a frozenset of names"),
    ],
)
def test_an_optimizer_that_breaks_its_contract_is_refused(settings, needs, message):
    class Flawed(Optimizer):
        def step(self, theta, state, oracle):
            return theta, state

    Flawed.needs = needs
    registry = load_plugins()
    registry.add("optimizers", "flawed", dataclass(**settings)(Flawed))
    with pytest.raises(PluginError, match=message):
        registry.load("optimizers", "flawed")
