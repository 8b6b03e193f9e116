"""That a folder of components is their catalogue: a file for each, named after it, and no other."""

import ast
from pathlib import Path

import pytest

import optframe_plugins
import optframe_problems
import optframe_reports

KINDS_OF_FOLDERS = {
    "optframe_plugins.optimizers": "optimizers",
    "optframe_plugins.searches": "searches",
    "optframe_plugins.wrappers": "wrappers",
    "optframe_plugins.samplers": "samplers",
    "optframe_plugins.schedules": "schedules",
    "optframe_plugins.adapters": "adapters",
    "optframe_plugins.backends": "backends",
    "optframe_plugins.executors": "executors",
    "optframe_plugins.tuners": "tuners",
    "optframe_plugins.protocols": "protocols",
    "optframe_problems.functions": "problems",
    "optframe_problems.regression": "problems",
    "optframe_problems.networks": "problems",
    "optframe_problems.transforms": "transforms",
    "optframe_problems.data": "datasets",
    "optframe_reports.figures": "figures",
    "optframe_reports.formats": "reporters",
}
SHORT_NAMES = {"markdown": "md"}

ELSEWHERE = {
    "optframe_reports.page",
    "optframe_problems.jax_models",
    "optframe_problems.torch_models",
}
"""The web page, and the problems of other libraries, are components of many files."""

PACKAGES = {
    package.__name__: package for package in (optframe_plugins, optframe_problems, optframe_reports)
}


def registered(package, kind):
    """The components of a kind, as the package registers them: name -> (module, class)."""
    mapping = getattr(PACKAGES[package], f"optframe_{kind}")()
    return {name: tuple(target.split(":")) for name, target in mapping.items()}


def path_of(folder):
    package, _, name = folder.partition(".")
    return Path(PACKAGES[package].__file__).parent / name


def files():
    for folder in KINDS_OF_FOLDERS:
        for path in sorted(path_of(folder).iterdir()):
            if path.name not in ("__init__.py", "__pycache__"):
                yield pytest.param(folder, path, id=f"{folder}.{path.stem}")


@pytest.mark.parametrize(("folder", "path"), [*files()])
def test_each_file_of_a_catalogue_defines_the_component_that_it_is_named_after(folder, path):
    assert path.suffix == ".py", f"{path.name} is no component: move it beside {folder}"
    name = SHORT_NAMES.get(path.stem, path.stem.replace("_", "-"))
    components = registered(folder.partition(".")[0], KINDS_OF_FOLDERS[folder])
    assert name in components, f"{path.name} is no component: move it beside {folder}"
    module, component = components[name]
    assert module == f"{folder}.{path.stem}"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert component in {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("folder", KINDS_OF_FOLDERS)
def test_the_init_file_of_a_catalogue_is_a_docstring(folder):
    tree = ast.parse((path_of(folder) / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("package", PACKAGES)
def test_every_component_is_in_a_catalogue(package):
    hooks = [name for name in vars(PACKAGES[package]) if name.startswith("optframe_")]
    kinds = {name.removeprefix("optframe_") for name in hooks} - {"api", "studies"}
    folders = {
        (module.rpartition(".")[0], kind)
        for kind in kinds
        for module, _ in registered(package, kind).values()
    }
    assert {f for f in folders if f[0] not in ELSEWHERE} == {
        one for one in KINDS_OF_FOLDERS.items() if one[0].startswith(f"{package}.")
    }
