"""Who may name a module to import: a person any, a study file an installed one, a store none."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from optframe import PluginError, Study, UsageError, load_plugins
from optframe.components.importing import TYPED, Imports
from optframe.execution.recipe import Recipe

HELPER = """
from optframe_plugins.optimizers.adam import Adam as X
"""

STUDY = """
[study]
name = "s"
budget = {{ steps = 3 }}
[[optimizer]]
name = "{name}:X"
[[problem]]
name = "rosenbrock"
"""


@pytest.fixture
def name(tmp_path, monkeypatch, request):
    """A module's name, which lies in the working directory and is imported nowhere yet."""
    name = f"beside_{zlib.crc32(request.node.nodeid.encode())}"
    (tmp_path / f"{name}.py").write_text(HELPER)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(name, None)


@pytest.fixture
def study(name, tmp_path):
    (tmp_path / "s.toml").write_text(STUDY.format(name=name))
    return Study.from_file("s.toml")


def test_who_types_a_name_may_name_a_module_of_the_working_directory(name):
    assert load_plugins().make("optimizers", f"{name}:X").lr > 0
    study = Study("s", {"steps": 3}, f"{name}:X", "rosenbrock")
    assert study.imports == TYPED
    assert len(study.trials(load_plugins())) == 1
    assert load_plugins([name]).plugins[-1].name == name  # it was found, and registers nothing


@pytest.mark.parametrize("first", ["", ".", "here"])
def test_a_study_file_imports_nothing_from_beside_it(study, name, first, tmp_path, monkeypatch):
    """The working directory is on the path for `python -m` and for an empty PYTHONPATH."""
    entry = str(tmp_path) if first == "here" else first
    monkeypatch.setattr(sys, "path", [entry, *sys.path])
    before = [*sys.path]
    with pytest.raises(PluginError, match=rf"'{name}'; a study file imports nothing.* add -P "):
        study.trials(load_plugins())
    assert name not in sys.modules
    assert sys.path == before


def test_a_study_elsewhere_imports_nothing_from_its_folder(study, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(PluginError, match="add -P"):
        Study.from_file("../s.toml").trials(load_plugins())


def test_a_study_file_imports_what_is_installed_and_what_is_named_with_p(
    study, name, tmp_path, monkeypatch
):
    (tmp_path / "site").mkdir()
    (tmp_path / f"{name}.py").rename(tmp_path / "site" / f"{name}.py")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
        assert len(study.trials(load_plugins())) == 1
    sys.modules.pop(name)
    (tmp_path / "site" / f"{name}.py").rename(tmp_path / f"{name}.py")
    assert len(study.trials(load_plugins([f"{name}.py"]))) == 1


def test_an_editable_install_in_the_working_directory_is_installed(study, tmp_path, monkeypatch):
    """Its entry comes after the standard library's, since a .pth file has put it there."""
    monkeypatch.setattr(sys, "path", [*sys.path, os.path.dirname(os.__file__), str(tmp_path)])
    assert len(study.trials(load_plugins())) == 1


def test_what_a_store_names_is_not_imported_even_if_it_was_before(name):
    registry = load_plugins()
    registry.make("optimizers", f"{name}:X")
    with (
        registry.importing(Imports(any=False)),
        pytest.raises(UsageError, match="is not imported, since a store names it"),
    ):
        registry.make("optimizers", f"{name}:X")
    assert registry.make("optimizers", f"{name}:X").lr > 0


def test_a_worker_imports_from_where_the_study_may():
    registry = load_plugins()
    with registry.importing(Imports(not_from=("/somewhere",))):
        recipe = Recipe.of(registry)
    assert recipe.make().imports == Imports(not_from=("/somewhere",))


def test_python_m_does_not_import_from_the_working_directory(tmp_path):
    (tmp_path / "csv.py").write_text("raise SystemExit('imported from the working directory')")
    root = Path(__file__).parents[2]
    paths = os.pathsep.join(str(root / part) for part in ("", "plugins", "problems", "reports"))
    done = subprocess.run(
        [sys.executable, "-m", "optframe", "run", "-o", "sgd", "-p", "rosenbrock", "--steps", "3"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_a_plugin_that_leaves_the_working_directory_when_it_is_imported_does_not_move_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moves.py").write_text("import os\nos.chdir('/')\noptframe_api = 1\n")
    assert load_plugins(["moves.py"]).broken == []
    assert Path.cwd() == tmp_path
    sys.modules.pop("moves")
