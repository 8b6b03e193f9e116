"""Import paths on the command line: ``run``, ``list``, ``show``, ``check``, ``verify``."""

import sys

import pytest

import optframe as library

MODELS = '''
import numpy as np
from optframe import FunctionProblem, Optimizer
from optframe_problems.functions.sphere import Sphere

def bowl(width=2, scale=1.0, *, shift: float | None = None):
    """A bowl, as deep as wide.

    More of it.
    """
    return FunctionProblem(
        lambda x: float(scale * x @ x / 2), lambda x: scale * x, theta0=np.ones(width)
    )

fixed = bowl()

class Own(Sphere):
    """A sphere of our own."""

class Plain:
    """No component."""

def _hidden(): ...
'''
ADAPTER = ("-P", "stepwise_adapter")


@pytest.fixture
def models(my_models, optframe):
    return my_models(MODELS)


def test_the_list_names_the_libraries_of_adapters_and_imports_none(adapted, optframe):
    listed = optframe("list", "adapters", *ADAPTER)
    assert (listed.code, listed.err) == (0, "")
    heading, *lines = [" ".join(line.split()) for line in listed.out.splitlines()]
    assert heading == "adapters"
    assert (
        "stepwise Adapts the optimizers and schedules of stepwise. stepwise is installed: "
        "`optframe list stepwise.optim` shows more [stepwise_adapter]"
    ) in lines
    assert "stepwise" not in sys.modules
    assert "stepwise.optim` shows more" in optframe("list", *ADAPTER).out


def test_the_list_says_how_a_library_is_installed_that_is_not(optframe, adapted, monkeypatch):
    text = (adapted / "stepwise_adapter.py").read_text()
    text = text.replace('("stepwise.optim",)', '("no_such_library.optim", "no_such_library.x")')
    with open("other_adapter.py", "w") as file:
        file.write(text.replace('"stepwise_adapter:StepwiseAdapter"', "StepwiseAdapter"))
    listed = optframe("list", "adapters", "-P", "other_adapter.py")
    assert 'no_such_library is not installed; pip install "optframe-bench[stepwise]"' in listed.out
    sys.modules.pop("other_adapter")


def test_a_library_is_listed_by_kind(adapted, optframe):
    listed = optframe("list", "stepwise.optim", *ADAPTER)
    assert listed.out == (
        "optimizers\n"
        "  stepwise.optim.Base     What all optimizers of the library are.\n"
        "  stepwise.optim.Descent  Descends along the gradient.\n"
        "  stepwise.optim.Heavy    Descends with further options, which it does not name.\n"
        "schedules\n"
        "  stepwise.optim.Ramp  From nothing to the value.\n"
    )
    assert listed.err == "stepwise: loaded\n"
    nothing = optframe("list", "stepwise", *ADAPTER)
    assert nothing.out == (
        "stepwise (step-wise 1.2.0) has nothing that can be used; `optframe list stepwise.optim` "
        "shows more\n"
    )


def test_a_file_of_ones_own_is_listed(models, optframe):
    assert optframe("list", "my_models").out == (
        "problems\n"
        "  my_models.fixed  A problem that is defined by Python functions.\n"
        "  my_models.Own    A sphere of our own.\n"
        "functions (usable if they return a component)\n"
        "  my_models.bowl  A bowl, as deep as wide.\n"
    )


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("optimiers", "unknown kind 'optimiers'; did you mean 'optimizers'? (there is no module "),
        ("no.module", "there is no module 'no' here; install the package that has it, or name a "),
        ("stepwise.optin", "stepwise has no 'optin'; did you mean 'optim'?"),
        ("stepwise.optim.Descent", "stepwise.optim.Descent is no module; `optframe show stepwise."),
        ("a b", "unknown kind 'a b'; expected one of: adapters, backends,"),
    ],
)
def test_what_cannot_be_listed_is_one_line(adapted, optframe, word, said):
    listed = optframe("list", word, *ADAPTER)
    assert (listed.code, listed.out) == (2, "")
    assert listed.err.splitlines()[-1].startswith(f"optframe: {said}")


def test_a_library_is_shown_with_its_origin_its_documentation_and_its_parameters(adapted, optframe):
    shown = optframe("show", "stepwise.optim.Descent", *ADAPTER)
    assert (shown.code, shown.err) == (0, "stepwise: loaded\n")
    assert shown.out == (
        "stepwise.optim.Descent  (optimizers, from step-wise 1.2.0)\n\n"
        "Descends along the gradient.\n\n"
        "documentation: https://example.org/stepwise/docs\n\n"
        "needs: gradient\n\n"
        "  clip      a number; default inf\n"
        "  lr        a number; default 0.1\n"
        "  momentum  a number; default 0\n"
        "  betas     a list of numbers; default [0.9,0.999]\n"
        "  nesterov  true or false; default false\n"
        "  steps     a number; default 10\n"
        "  weights   any value; default None\n"
        "  random    a number; default 0\n"
        "  start_    a string; default None\n"
        "  foreach   true or false; default None\n"
    )
    heavy = optframe("show", "stepwise.optim.Heavy", *ADAPTER).out
    assert "  lr    any value; required\n  and others, which are passed on as they are\n" in heavy


def test_a_function_and_an_object_are_shown(models, optframe):
    shown = optframe("show", "my_models.bowl").out
    assert shown == (
        f"my_models.bowl  (a function, from {models})\n\n"
        "A bowl, as deep as wide.\n\nMore of it.\n\n"
        "  width  a number; default 2\n"
        "  scale  a number; default 1\n"
        "  shift  a number; default None\n"
    )
    assert optframe("show", "my_models:fixed").out.endswith(
        "an object, which takes no parameters\n"
    )


def test_an_adapter_is_shown(adapted, optframe):
    assert "Adapts the optimizers and schedules" in optframe("show", "stepwise", *ADAPTER).out


def test_what_cannot_be_shown_or_checked_is_one_line(models, optframe):
    for command in ("show", "check"):
        done = optframe(command, "my_models.Plain")
        assert done.code == 2
        (line,) = done.mistakes
        assert line.startswith("my_models.Plain is a class of my_models; expected a component: a ")


def test_a_path_is_checked_as_a_name_is(adapted, models, optframe):
    checked = optframe("check", "stepwise.optim.Descent:lr=0.05", *ADAPTER)
    assert checked.out.startswith(
        "optimizer stepwise.optim.Descent:lr=0.05  from step-wise 1.2.0, checks of version "
    )
    assert " 0 failed" in checked.out
    assert checked.code == 0
    own = optframe("check", "my_models.Own:size=3")
    assert own.out.startswith(f"problem my_models.Own:size=3  from {models}, checks of version")
    assert own.code == 0
    assert optframe("check", "my_models.bowl:width=3").out.startswith("problem my_models.bowl:wid")


RUN = ("--steps", 5, "--no-report", "--out")


@pytest.mark.parametrize("jobs", [1, 2])
def test_paths_run_here_and_in_other_processes(adapted, models, optframe, jobs, tmp_path):
    optimizers = ("-o", "stepwise.optim.Descent:lr=[0.1,0.2]", "-o", "sgd")
    problems = ("-p", "my_models.bowl:width=3", "-p", "my_models.Own")
    done = optframe("run", *ADAPTER, *optimizers, *problems, "--jobs", jobs, *RUN, tmp_path / "o")
    assert done.code == 0, done.err
    trials = library.load(tmp_path / "o").trials
    assert set(trials["status"]) == {"finished"}
    assert trials.loc[trials["problem"] == "my_models.bowl:width=3", "size"].tolist() == [3, 3, 3]
    assert trials["optimizer"].tolist()[:2] == [
        "stepwise.optim.Descent:lr=0.1",
        "stepwise.optim.Descent:lr=0.2",
    ]


def test_a_file_without_hooks_is_named_for_a_study(models, optframe, tmp_path):
    (tmp_path / "s.toml").write_text(
        '[study]\nbudget = { steps = 3 }\n[[optimizer]]\nname = "sgd"\n'
        '[[problem]]\nname = "my_models.bowl"\n'
    )
    alone = optframe("run", "s.toml")
    assert (alone.code, alone.out) == (2, "")
    assert alone.mistakes[0].endswith(f"add -P {models}")
    done = optframe("run", "s.toml", "-P", "my_models.py", "--jobs", 2, "--no-report")
    assert (done.code, done.err) == (0, "")
    assert "my_models  (my_models.py" in optframe("plugins", "-P", "my_models.py").out


@pytest.fixture
def two_versions(adapted, optframe, monkeypatch, tmp_path):
    """Two folders of results, with two versions of the library."""
    run = ("run", *ADAPTER, "-o", "stepwise.optim.Descent", "-o", "sgd:lr=0.1", "-p", "sphere")
    assert optframe(*run, *RUN, tmp_path / "old").code == 0
    upgrade(monkeypatch)
    assert optframe(*run, *RUN, tmp_path / "new").code == 0
    return run


def upgrade(monkeypatch):
    """Let the library be another version, whose default of momentum is not 0."""
    import importlib.metadata

    distribution = importlib.metadata.distribution

    class Upgraded:
        def __init__(self, name):
            self.inner = distribution(name)
            newer = name == "step-wise"
            self.version = "1.3.0" if newer else self.inner.version
            self.metadata = {"Name": self.inner.metadata["Name"]}
            self.read_text, self.locate_file = self.inner.read_text, self.inner.locate_file

    monkeypatch.setattr("importlib.metadata.distribution", Upgraded)
    monkeypatch.setattr("importlib.metadata.version", lambda name: Upgraded(name).version)


def test_two_versions_do_not_join_in_one_store(two_versions, optframe, tmp_path):
    done = optframe(*two_versions, *RUN, tmp_path / "old")
    assert "2 trials, 1 found in the store, 1 to run" in done.out
    results = library.load(tmp_path / "old")
    assert results.trials["optimizer"].tolist() == ["stepwise.optim.Descent", "sgd:lr=0.1"]
    versions = [one["versions"].get("step-wise") for one in results.environments]
    assert sorted(versions) == ["1.2.0", "1.3.0"]


def test_two_versions_are_compared_and_not_merged(two_versions, optframe):
    compared = optframe("compare", "old", "new")
    assert compared.code == 0
    assert "also different: step-wise 1.2.0 → 1.3.0" in compared.out
    assert "2 pass" in compared.out
    merged = optframe("merge", "old", "new", "--out", "both")
    assert merged.code == 2
    assert merged.mistakes == [
        "stepwise.optim.Descent on sphere, seed 0: two different trials have this name, in "
        "old/store.sqlite and in new/store.sqlite; they differ in code"
    ]


def test_a_store_is_read_without_an_import_of_what_it_names(two_versions, optframe, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("stepwise")]:
        monkeypatch.delitem(sys.modules, name)
    for words in (["report"], ["export"], ["doctor"], ["draw", "convergence"], ["verify"]):
        command, *rest = words
        words = [command, *rest, "old", *(["-p", "sphere"] if rest else [])]
        assert optframe(*words).code in (0, 3), words
        assert "stepwise" not in sys.modules, words
    exempt = "it would import stepwise.optim.Descent, as the store says; add --trust to allow that"
    assert exempt in optframe("verify", "old").out
    trusted = optframe("verify", "old", "--trust", *ADAPTER)
    assert "2 to the bit" in trusted.out
