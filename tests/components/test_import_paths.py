"""Names that are import paths: what they may name, what is said of others, and their keys."""

import dataclasses
import importlib
import re
import sys
import threading
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe import PluginError, Study, UsageError, load_plugins
from optframe.components import importing
from optframe.components.code import identity_of, version_of
from optframe.components.importing import Imports
from optframe.execution.environment import describe
from optframe.execution.recipe import Recipe
from optframe_plugins.optimizers.adam import Adam

MODELS = '''
from dataclasses import dataclass
from functools import partial
import numpy as np
import optframe
from optframe import FunctionProblem

calls = []

def bowl(width=2, scales=(1.0, 10.0), label="x", where=None):
    """A bowl."""
    calls.append(width)
    w = np.geomspace(*scales, width)
    return FunctionProblem(lambda x: float(w @ x**2 / 2), lambda x: w * x, theta0=np.ones(width))

class Shelf:
    @classmethod
    def bowl(cls, width: int = 2):
        return bowl(width)

small = partial(bowl, width=1)
fixed = bowl(4)
calls.clear()

@dataclass(frozen=True)
class Twice(optframe.Wrapper):
    optimizer: optframe.Optimizer
    times: int = 2
    def step(self, theta, state, oracle):
        for _ in range(self.times):
            theta, state = self.optimizer.step(theta, state, oracle)
        return theta, state

def often(optimizer, times=3):
    return Twice(optimizer, times)

def seven(): return 7
def the_class(): return Twice
def refuses(): return FunctionProblem()
def fails(): raise RuntimeError("no\\nnumber")
def exits(): raise SystemExit(3)
def takes(model: Shelf): ...
class Plain: ...
'''


@pytest.fixture
def registry(adapted):
    return load_plugins(["stepwise_adapter"])


@pytest.fixture
def models(my_models):
    return my_models(MODELS)


def planned(registry, optimizers="sgd", problems="sphere", **others):
    return Study("s", {"steps": 3}, optimizers, problems, **others).trials(registry)


def mistakes_of(registry, *arguments, **others):
    with pytest.raises(UsageError) as caught:
        planned(registry, *arguments, **others)
    return list(caught.value.mistakes)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("my_models.bowl", 2),
        ("my_models.bowl:width=3", 3),
        ("my_models:bowl:width=3", 3),
        ("my_models.Shelf.bowl:width=3", 3),
        ("my_models.small", 1),
        ("my_models.fixed", 4),
        ("my_models:fixed", 4),
        ("optframe_problems.functions.sphere.Sphere:size=7", 7),
    ],
)
def test_a_path_names_a_class_an_object_or_a_function(models, name, size):
    assert optframe.make(name).size == size
    assert optframe.minimize(name, "sgd:lr=0.01", steps=3).theta.shape == (size,)


def test_a_class_of_ours_is_the_same_by_its_path(registry):
    name = "optframe_plugins.optimizers.adam.Adam"
    assert registry.make("optimizers", name, {"lr": 0.5}) == Adam(lr=0.5)
    (trial,) = planned(registry, f"{name}:lr=0.5")
    (other,) = planned(registry, "adam:lr=0.5")
    assert trial.optimizer.values == other.optimizer.values


def test_what_an_adapter_recognizes_is_a_component_of_its_kind(registry):
    made = registry.make("optimizers", "stepwise.optim.Descent", {"lr": 0.5, "clip": 2.0})
    assert (made.given, made.clip, made.requires()) == ({"lr": 0.5}, 2.0, frozenset({"gradient"}))
    ramp = {"schedule": "stepwise.optim.Ramp", "value": 1}
    assert registry.make("optimizers", "sgd", {"lr": ramp}).lr(5, 0.0, 0.0) == 1.0


def test_an_adapted_optimizer_runs_as_the_library_does(registry, tmp_path):
    names = ["stepwise.optim.Descent:lr=[1e-4,2e-4],momentum=0.9", "momentum:lr=1e-4"]
    names.append('stepwise.optim.Descent:lr={schedule="stepwise.optim.Ramp",value=0.1}+clip-norm')
    study = Study("s", {"steps": 30}, names, ["rosenbrock"])
    trials = optframe.run(study, tmp_path / "out", registry=registry).trials
    assert trials["status"].tolist() == ["finished"] * 4
    first, _, ours, _ = trials["loss"]  # momentum 0.9 is the default of ours
    assert first == pytest.approx(ours, rel=1e-12)
    assert trials["contender"].nunique() == 1


def test_an_adapter_prepares_the_import_and_names_what_computes(registry, monkeypatch):
    import stepwise_adapter

    adapter, asked = stepwise_adapter.StepwiseAdapter, []
    monkeypatch.setattr(adapter, "prepare", lambda self: asked.append("stepwise" in sys.modules))
    monkeypatch.setattr(adapter, "computes_with", lambda self, found: ("pluggy", "no_such"))
    (trial,) = planned(registry, "stepwise.optim.Descent")
    assert asked[0] is False
    assert f"pluggy=={metadata.version('pluggy')}" in trial.code.split()
    assert registry.by_path.versions().keys() == {"step-wise", "pluggy"}
    asked.clear()
    planned(registry, "optframe_plugins.optimizers.adam.Adam")
    assert asked == []


def test_an_adapter_may_refuse_before_the_import(registry, monkeypatch):
    import stepwise_adapter

    def refuses(self):
        raise UsageError("STEPWISE is 3; expected 1 or 2")

    monkeypatch.setattr(stepwise_adapter.StepwiseAdapter, "prepare", refuses)
    (line,) = mistakes_of(registry, "stepwise.optim.Descent")
    assert line.endswith("STEPWISE is 3; expected 1 or 2")
    assert "stepwise" not in sys.modules


def test_cells_hold_what_was_given_and_keys_the_version(registry):
    name = "stepwise.optim.Descent"
    (plain,) = planned(registry, name)
    assert plain.optimizer.values == {}
    assert "step-wise==1.2.0" in plain.code.split()
    lists = {"name": name, "lr": 1, "betas": [0.5, 0.6], "weights": [[1, 2]], "start_": "a"}
    (given,) = planned(registry, [lists])
    expected = {"lr": 1.0, "betas": [0.5, 0.6], "weights": [1, 2], "start_": "a"}
    assert given.optimizer.values == expected
    ramp = {"schedule": "linear", "start": 1, "end": 0, "steps": 5}
    (scheduled,) = planned(registry, [{"name": name, "lr": ramp}])
    assert scheduled.optimizer.values == {"lr": {**ramp, "start": 1.0, "end": 0.0}}


def test_further_parameters_are_part_of_the_cell(registry):
    (trial,) = planned(registry, "stepwise.optim.Heavy:lr=0.1,momentum=0.5")
    assert trial.optimizer.values == {"lr": 0.1, "momentum": 0.5}
    assert trial.optimizer.label == "stepwise.optim.Heavy:lr=0.1,momentum=0.5"


@pytest.mark.parametrize(
    ("notation", "values"),
    [
        ("betas=[0.5,0.6]", [[0.5, 0.6]]),
        ("betas=[[0.5,0.6]]", [[0.5, 0.6]]),
        ("betas=[[0.5,0.6],[0.7,0.8]]", [[0.5, 0.6], [0.7, 0.8]]),
        ("lr=[0.5,0.6]", [0.5, 0.6]),
        ("steps=[5,0.6]", [5, 0.6]),
        ("weights=[[5,6],[7]]", [[5, 6], [7]]),
        ("weights=5", [5]),
    ],
)
def test_a_list_is_a_value_where_the_signature_says_so(registry, notation, values):
    trials = planned(registry, f"stepwise.optim.Descent:{notation}")
    name = notation.partition("=")[0]
    assert [trial.optimizer.values[name] for trial in trials] == values


@pytest.mark.parametrize("name", ["stepwise.optim.Descent:weights", "stepwise.optim.Heavy:lr=1,m"])
@pytest.mark.parametrize("value", ["[1,2]", "[]", "[[1],2]"])
def test_a_list_is_refused_where_the_signature_says_nothing(registry, name, value):
    (line,) = mistakes_of(registry, f"{name}={value}")
    assert "found a list, and stepwise.optim." in line
    assert re.search(r"write (weights|m)=\[\[\.\.\.\]\] for a grid of lists", line)


EXPECTED = "a class or object of optframe"


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [
        ("stepwise.optim.Descend", "stepwise.optim has no 'Descend'; did you mean 'Descent'?"),
        ("stepwise.optim.descent", "stepwise.optim has no 'descent'; did you mean 'Descent'?"),
        ("stepwise.optim.X", "stepwise.optim has no 'X'; `optframe list stepwise.optim` shows"),
        ("stepwise.optin.X", "stepwise has no 'optin'; did you mean 'optim'?"),
        ("stepwise.optim.Descent.nothing", "stepwise.optim.Descent has no 'nothing'; `opt"),
        ("no_such_library.X", "there is no module 'no_such_library' here; install the package"),
        ("stepwise.optim", f"stepwise.optim is a module; expected an optimizer: {EXPECTED}"),
        ("stepwise.optim.TYPE_CHECKING", "is an object of bool; expected an optimizer: a class"),
        ("stepwise.optim.Ramp", "stepwise.optim.Ramp is a schedule; expected an optimizer"),
        ("my_models.Plain", "my_models.Plain is a class of my_models; expected an optimizer: a c"),
        ("my_models.Twice", "my_models.Twice is a wrapper; expected an optimizer"),
        ("my_models.fixed", "my_models.fixed is a problem; expected an optimizer"),
        ("my_models.seven", "my_models.seven: the function returned an object of int; expected an"),
        ("my_models.the_class", "the function returned the class Twice; expected an optimizer, an"),
        ("my_models.bowl", "the function returned an object of optframe.components.function_pro"),
        ("my_models.fails", "my_models.fails: the function raised RuntimeError: no number"),
        ("my_models.exits", "my_models.exits: the function raised SystemExit: 3"),
        ("my_models.refuses", "my_models.refuses: FunctionProblem: found no start"),
        ("my_models.takes", "its parameter model: my_models.Shelf cannot be written as plain data"),
        ("stepwise.optim.Descent:nesterov", "found 'nesterov', expected parameter=value"),
        ("stepwise.optim.Descent:lr=true", "stepwise.optim.Descent: lr: expected a number, found"),
        ("stepwise.optim.Descent:momentun=1", "'momentun'; did you mean 'momentum'?"),
        ("stepwise.optim.Descent:params=1", "unknown parameter 'params'"),
        ("stepwise.optim.Heavy", "stepwise.optim.Heavy: lr is missing; expected any value"),
        ("stepwise.optim.Careful", "its parameter model: stepwise.optim.Base cannot be written"),
        ("raises.X", "importing raises raised ValueError: a bad day"),
        ("exits.X", "importing exits raised SystemExit: no licence"),
        ("needs.X", "importing needs raised ModuleNotFoundError: No module named 'no_such_libra"),
        ("wrong.X", "importing wrong raised SyntaxError: "),
        ("lazy.X", "lazy.X cannot be read: OSError: no disk"),
    ],
)  # fmt: skip
def test_what_is_no_optimizer_is_one_line(registry, models, my_models, optimizer, said):
    my_models("raise ValueError('a bad\\nday')", "raises")
    my_models("raise SystemExit('no licence')", "exits")
    my_models("import no_such_library", "needs")
    my_models("def f(:", "wrong")
    my_models("def __getattr__(name):\n    raise OSError('no disk')", "lazy")
    my_models(MODELS)
    (line,) = mistakes_of(registry, optimizer)
    assert said in line
    assert line.startswith("[[optimizer]]")


def test_all_mistakes_of_a_study_are_listed(registry, models):
    optimizers = [
        "stepwise.optim.Descend",
        "no_such_library.X",
        "stepwise.optim.Descent:momentun=1",
    ]
    lines = mistakes_of(registry, optimizers, ["my_models.fails", "my_models.bowl:wdith=1"])
    assert len(lines) == 5


def test_a_missing_library_is_told_with_the_extra_that_installs_it(
    registry, monkeypatch, my_models
):
    monkeypatch.setitem(sys.modules, "stepwise", None)
    expected = 'stepwise is not installed; pip install "optframe-bench[stepwise]"'
    assert mistakes_of(registry, "stepwise.optim.Descent") == [f"[[optimizer]]: {expected}"]
    my_models("import stepwise")
    (line,) = mistakes_of(registry, "my_models.X")
    assert line.endswith(f"; {expected}")


@pytest.mark.parametrize("name", ["stepwise.optim.Norm", "my_models.Plain", "no_such_library.X"])
def test_python_is_told_the_same(registry, models, name):
    with pytest.raises(UsageError, match=re.escape(name.partition(".")[0])):
        optframe.make(name)


def test_an_object_that_a_library_refuses_is_a_mistake_where_its_adapter_constructs_it(registry):
    base = registry.load("optimizers", "stepwise.optim.Descent").__mro__[1]
    checking = dataclasses.dataclass(frozen=True, kw_only=True)(
        type("Checking", (base,), {"__post_init__": lambda self: self.target([], **self.given)})
    )
    adapter = sys.modules["stepwise_adapter"].StepwiseAdapter
    adapter.base, before = lambda self, found, kind: checking, adapter.base
    try:
        registry = load_plugins(["stepwise_adapter"])
        lines = mistakes_of(registry, "stepwise.optim.Heavy:lr=1,momentun=3")
    finally:
        adapter.base = before
    assert lines == ["[[optimizer]] stepwise.optim.Heavy: unknown option momentun"]


def test_in_a_run_one_that_cannot_be_constructed_does_not_stop_the_others(registry, tmp_path):
    study = Study("s", {"steps": 3}, ["stepwise.optim.Heavy:lr=1,momentun=3", "sgd"], "sphere")
    trials = optframe.run(study, tmp_path, registry=registry).trials
    assert trials["status"].tolist() == ["failed", "finished"]
    assert trials["reason"][0] == "TypeError: unknown option momentun"


def test_a_function_is_called_once_to_plan_and_once_per_problem_to_run(models, tmp_path):
    study = Study("s", {"steps": 3}, ["sgd", "adam"], "my_models.bowl:width=[2,3]", seeds=2)
    optframe.run(dataclasses.replace(study, start="random"), tmp_path)
    assert sorted(sys.modules["my_models"].calls) == [2, 2, 3, 3]


def test_a_wrapper_comes_from_a_class_or_from_a_function(models, tmp_path):
    names = ["sgd:lr=0.01+my_models.Twice", "sgd:lr=0.01+my_models.often:times=2"]
    study = Study("s", {"steps": 3}, names, "sphere")
    results = optframe.run(study, tmp_path)
    first, second = results.trials["loss"]
    assert first == second
    by_class, by_function = study.trials(load_plugins())
    assert by_class.optimizer.values["wrap"] == [{"name": "my_models.Twice", "times": 2}]
    assert by_function.optimizer.values["wrap"] == [{"name": "my_models.often", "times": 2}]


def test_an_object_made_in_python_is_named_by_its_path(registry):
    made = registry.make("optimizers", "stepwise.optim.Heavy", {"lr": 0.5, "momentum": 0.5})
    (trial,) = planned(registry, [made])
    assert trial.optimizer.name == "stepwise.optim.Heavy"
    assert trial.optimizer.values == {"lr": 0.5, "momentum": 0.5}


def test_the_code_of_a_file_is_that_of_what_it_imports_beside_it(my_models):
    def code(text="", beside="", unrelated=""):
        my_models("import deeper\n" + beside, "beside_it")
        my_models(unrelated, "unrelated")
        my_models("", "deeper")
        my_models("def f():\n    from beside_it import deeper\n" + MODELS + text)
        return load_plugins().code("problems", "my_models.bowl")

    first = code()
    assert "numpy==" + np.__version__ in first.split()
    assert first == code() == code(unrelated="1")
    assert len({first, code(text="#"), code(beside="#")}) == 3


def test_the_standard_library_is_no_code_of_a_partial_function(models):
    registry = load_plugins()
    codes = {registry.code("problems", f"my_models.{name}") for name in ("bowl", "small")}
    assert len(codes) == 1


def test_what_decides_is_part_of_the_environment(registry, models):
    planned(registry, "stepwise.optim.Descent", "my_models.bowl")
    found = describe(registry, registry.make("backends", "numpy"), 1, models.parent)["versions"]
    assert (found["step-wise"], found["numpy"]) == ("1.2.0", np.__version__)


def test_a_parameter_with_a_reserved_name_is_spelled_alike_everywhere(models):
    assert optframe.make("my_models.bowl", label_="y").size == 2
    assert planned(load_plugins(), problems="my_models.bowl:label_=y")
    with pytest.raises(UsageError, match="unknown parameter 'label'; did you mean 'label_'"):
        optframe.make("my_models.bowl", label="y")


def test_a_distribution_is_named_by_its_own_name(adapted):
    assert version_of("stepwise.optim") == "step-wise==1.2.0"
    assert version_of("no_such_library") is None
    assert identity_of(["numpy.linalg", "builtins"]) == f"numpy=={np.__version__}"


class Linked:
    """The metadata of a distribution that is installed as a link to its sources."""

    def read_text(self, file):
        assert file == "direct_url.json"
        return '{"dir_info": {"editable": true}, "url": "file:///somewhere"}'


def test_a_link_to_sources_is_known_by_its_files(registry, monkeypatch):
    registry.load("optimizers", "stepwise.optim.Descent")
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Linked())
    assert version_of("stepwise.optim") is None
    assert re.fullmatch(r"[0-9a-f]{64}", identity_of(["stepwise.optim"]))


def test_a_file_that_hides_a_distribution_is_known_by_its_hash(adapted, my_models, monkeypatch):
    monkeypatch.syspath_prepend(my_models("x = 1", "stepwise").parent)
    assert importlib.import_module("stepwise").x == 1
    assert version_of("stepwise") is None


def test_what_a_function_returns_is_part_of_the_key(my_models):
    def code(text=""):
        my_models(f"from optframe_problems.functions.sphere import Sphere as Shape\n{text}", "base")
        my_models(
            "import base\nfrom dataclasses import dataclass\n"
            f"@dataclass(frozen=True)\nclass Shape(base.Shape): pass\n{text}",
            "shapes",
        )
        my_models("def f():\n    return __import__('importlib').import_module('shapes').Shape()\n")
        (trial,) = planned(load_plugins(), problems="my_models.f+rotate")
        return trial.code

    assert code() == code() != code(text="# changed")


def test_a_worker_compares_the_code_of_what_paths_name(registry, models):
    planned(registry, "stepwise.optim.Descent", "my_models.bowl")
    recipe = Recipe.of(registry)
    assert {name for _, name, _ in recipe.by_path} == {"stepwise.optim.Descent", "my_models.bowl"}
    assert recipe.make().by_path.loaded == registry.by_path.loaded
    with models.open("a") as file:
        file.write("\n# changed\n")
    with pytest.raises(PluginError, match=r"^my_models\.bowl: found .*, expected .* as the study"):
        recipe.make()
    models.unlink()
    del sys.modules["my_models"]
    with pytest.raises(PluginError, match=r"^my_models\.bowl of the study cannot be imported in"):
        recipe.make()


def test_a_store_imports_nothing(registry):
    registry.make("optimizers", "stepwise.optim.Descent")
    with (
        registry.importing(Imports(any=False)),
        pytest.raises(UsageError, match=r"stepwise\.optim\.Descent is not imported, since a store"),
    ):
        registry.make("optimizers", "stepwise.optim.Descent")


STUDY = """
[study]
budget = { steps = 3 }
[[optimizer]]
name = "sgd"
[[problem]]
name = "my_models.bowl"
width = [2, 3]
"""


def test_a_study_file_imports_a_file_beside_it_only_with_p(models, my_models, tmp_path):
    (tmp_path / "s.toml").write_text(STUDY)
    study = Study.from_file("s.toml")
    with pytest.raises(UsageError, match=r"^s\.toml: \[\[problem\]\]: no inst.* add -P .*my_"):
        study.trials(load_plugins())
    registry = load_plugins(["my_models.py"])
    assert not registry.broken
    assert len(study.trials(registry)) == 2
    assert len(Recipe.of(registry).make().by_path.loaded) == 1


@pytest.mark.parametrize(
    "name",
    [
        *("os.system", "os:system", "os.mkdir", "subprocess.run", "importlib.import_module"),
        *("my_models.os.mkdir", "my_models:hidden", "my_models.hidden", "optframe.load_plugins"),
    ],
)
@pytest.mark.parametrize("typed", [False, True])
def test_a_study_file_calls_no_function_of_a_library(my_models, tmp_path, name, typed):
    my_models(MODELS + "import os\nfrom functools import partial\nhidden = partial(os.mkdir)\n")
    (tmp_path / "s.toml").write_text(
        STUDY.replace("my_models.bowl", name).replace("width = [2, 3]", f'path = "{tmp_path}/made"')
    )
    registry = load_plugins(["my_models.py"])
    if typed and name != "my_models:hidden":  # it was named on the command line before
        registry.load("problems", name)
    with pytest.raises(
        (UsageError, PluginError), match="is a function, which a study file does not"
    ):
        Study.from_file("s.toml").trials(registry)
    assert not (tmp_path / "made").exists()


def test_a_study_file_calls_an_installed_function_that_says_what_it_returns(
    my_models, tmp_path, monkeypatch
):
    (tmp_path / "site").mkdir()
    text = MODELS.replace("label='x'", "").replace(
        "where=None):", 'where=None) -> "optframe.Problem":'
    )
    (tmp_path / "site" / "my_library.py").write_text(text)
    (tmp_path / "s.toml").write_text(STUDY.replace("my_models", "my_library"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    assert len(Study.from_file("s.toml").trials(load_plugins())) == 2
    (tmp_path / "s.toml").write_text(STUDY.replace("my_models.bowl", "my_library.Shelf.bowl"))
    with pytest.raises(UsageError, match="annotate it with what it returns"):
        Study.from_file("s.toml").trials(load_plugins())
    del sys.modules["my_library"]


def test_a_package_beside_a_study_is_named_with_p_too(my_models, tmp_path):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text(MODELS)
    (tmp_path / "s.toml").write_text(STUDY.replace("my_models", "my_package"))
    with pytest.raises(UsageError, match=r"add -P my_package$"):
        Study.from_file("s.toml").trials(load_plugins())
    registry = load_plugins(["my_package"])
    registry.check_named()
    assert len(Study.from_file("s.toml").trials(registry)) == 2
    assert len(Recipe.of(registry).make().by_path.loaded) == 1
    sys.modules.pop("my_package", None)


def test_a_module_that_leaves_the_working_directory_does_not_move_it(my_models, tmp_path):
    my_models("import os\nos.chdir('/')\n" + MODELS)
    optframe.make("my_models.bowl")
    assert Path.cwd() == tmp_path


def test_what_a_module_prints_is_no_output_of_ours(my_models, capsys):
    my_models("print('loud')\n" + MODELS)
    optframe.make("my_models.bowl")
    assert capsys.readouterr() == ("", "loud\n")
    load_plugins(["my_models.py"])
    assert capsys.readouterr() == ("", "loud\n")


def test_an_import_that_takes_long_is_said(my_models, monkeypatch):
    said, lines = threading.Event(), []

    def record(line, **others):
        lines.append(line)
        said.set()

    monkeypatch.setattr("builtins.print", record)
    monkeypatch.setattr(importing, "SLOW", 0)
    monkeypatch.setattr(sys, "said", said, raising=False)
    my_models("import sys\nsys.said.wait(60)\n" + MODELS)
    optframe.make("my_models.bowl")
    expected = "optframe: importing my_models has taken 0 s so far; Ctrl-C ends it"
    assert lines[0].startswith(expected)


def test_an_adapter_that_raises_is_named(registry, monkeypatch):
    adapter = sys.modules["stepwise_adapter"].StepwiseAdapter

    def raises(self, found):
        raise ValueError("no idea")

    monkeypatch.setattr(adapter, "recognizes", raises)
    with pytest.raises(
        PluginError, match=r"^adapter 'stepwise': raises raised ValueError: no idea"
    ):
        registry.make("optimizers", "stepwise.optim.Descent")
    monkeypatch.setattr(adapter, "recognizes", lambda self, found: "optimiser")
    with pytest.raises(PluginError, match="recognizes returned 'optimiser', no kind"):
        registry.make("optimizers", "stepwise.optim.Descent")


def test_an_adapter_that_cannot_be_imported_is_named_where_nothing_else_knows(adapted, my_models):
    my_models(
        "from optframe import hookimpl\noptframe_api = 1\n"
        "@hookimpl\ndef optframe_adapters():\n    return {'lost': 'no_such_library:Adapter'}\n",
        "lost_adapter",
    )
    registry = load_plugins(["lost_adapter"])
    assert registry.make("problems", "optframe_problems.functions.sphere.Sphere").size
    (line,) = mistakes_of(registry, "stepwise.optim.Descent")
    assert "; plugin 'lost_adapter': adapter 'lost' (no_such_library:Adapter) could not be" in line
