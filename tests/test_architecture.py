"""Who may import whom, and when."""

import ast
import graphlib
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import optframe
from optframe import hookspecs
from optframe.kinds import KINDS

ROOT = Path(__file__).parent.parent
CORE = "optframe"
BUILT_IN = {
    "optframe_plugins": ROOT / "plugins",
    "optframe_problems": ROOT / "problems",
    "optframe_reports": ROOT / "reports",
}

# Each module imports from its own layer and from those above it here, and never from below.
LAYERS = [
    {"errors", "kinds", "clock", "seeds", "notation", "downloads", "contracts", "rules", "palette"},
    {"durations"},
    {"parameters", "oracle", "study", "study_tables", "record", "hookspecs", "function_problem"},
    {"checkpoints", "batches", "slots", "endings", "measures", "profiling", "statistics"},
    {"checks", "registry", "summaries", "plugins", "binding", "choices", "plan", "environment"},
    {"recipe", "stopping"},
    {"setup", "saved", "trial", "stacked", "together", "trial_runner", "companions"},
    {"file_systems", "store_schema", "store_file", "store", "frames", "pages"},
    {"execution", "runner", "one_run", "drawing", "animation", "recovery", "merging"},
    {"dictionary", "export", "side_by_side"},
    {"api", "testing", "gate", "pytest_plugin", "bench"},
    {"cli", "__main__"},
]
LAYER_OF = {name: number for number, layer in enumerate(LAYERS) for name in layer}

UPWARD_WHEN_CALLED = {
    ("optframe.study", "optframe.plan"): "`Study.trials` is where people look for its plan",
    ("optframe.record", "optframe.frames"): "`Results` reads its store when it is asked",
}

# What the built-in packages import beside the names that `optframe` offers to everybody.
BEYOND_THE_PUBLIC_NAMES = {
    ("optframe_plugins", "optframe.rules"): "backends print rules; their traces are no author's",
    ("optframe_problems", "optframe.notation"): "a network's layers are written in it",
    ("optframe_problems", "optframe.parameters"): "and checked like a component's parameters",
    ("optframe_problems", "optframe.errors"): "and say what an unknown name may have meant",
    ("optframe_reports", "optframe.statistics"): "shared with the gate",
    ("optframe_reports", "optframe.notation"): "tables write values as studies do",
    ("optframe_reports", "optframe.record"): "which metrics rise, and which columns are counts",
    ("optframe_reports", "optframe.checkpoints"): "the landscapes that paths are drawn on",
    ("optframe_reports", "optframe.errors"): "a figure says what an unknown name may have meant",
    ("optframe_reports", "optframe.drawing"): "a page draws as people do from Python",
    ("optframe_reports", "optframe.palette"): "an optimizer has its colour in tables, too",
}

HEAVY = {
    *("pandas", "matplotlib", "seaborn", "scipy", "sklearn", "pydantic", "pooch"),
    *("cupy", "numba", "torch", "jax", "dask", "jinja2", "pebble"),
}


class Import(NamedTuple):
    importer: str
    imported: str
    name: str | None
    when_called: bool


def modules_of(package: str, folder: Path) -> dict[str, Path]:
    found = {}
    for path in sorted((folder / package).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    assert found
    return found


MODULES = modules_of(CORE, ROOT)
BUILT_IN_MODULES = {
    name: path
    for package, folder in BUILT_IN.items()
    for name, path in modules_of(package, folder).items()
}


def imports(module: str, path: Path) -> Iterator[Import]:
    """Every import of a module but those for type checkers, with whether a function does it."""
    pending: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), False)]
    while pending:
        node, when_called = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, None, when_called)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                yield Import(module, node.module, alias.name, when_called)
        inside = when_called or isinstance(node, (ast.FunctionDef, ast.Lambda))
        pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def core_imports() -> Iterator[tuple[str, str, bool]]:
    """Pairs of modules of the core: (importer, imported, whether a function imports)."""
    for module, path in MODULES.items():
        for one in imports(module, path):
            target = one.imported
            if one.name and f"{target}.{one.name}" in MODULES:
                target = f"{target}.{one.name}"
            if target in MODULES and target not in (CORE, module):
                yield module, target, one.when_called


def layer(module: str) -> int:
    return LAYER_OF[module.split(".")[1]]


def test_every_module_of_the_core_has_its_layer():
    names = {module.split(".")[1] for module in MODULES if module != CORE}
    assert names <= LAYER_OF.keys()


def test_imports_run_one_way():
    upward = {
        (importer, imported): when_called
        for importer, imported, when_called in core_imports()
        if layer(imported) > layer(importer)
    }
    assert {pair for pair, when_called in upward.items() if not when_called} == set()
    assert upward.keys() == UPWARD_WHEN_CALLED.keys()


def test_imports_make_no_circle():
    graph: dict[str, set[str]] = {}
    for importer, imported, when_called in core_imports():
        if not when_called and imported not in importer:  # a package's modules are not its users
            graph.setdefault(importer, set()).add(imported)
    order = [*graphlib.TopologicalSorter(graph).static_order()]
    assert "optframe.errors" in order


@pytest.mark.parametrize("module", MODULES)
def test_the_core_imports_no_plugin(module):
    for one in imports(module, MODULES[module]):
        assert one.imported.partition(".")[0] not in BUILT_IN


@pytest.mark.parametrize("module", BUILT_IN_MODULES)
def test_built_in_plugins_use_what_is_offered_to_everybody(module):
    package = module.partition(".")[0]
    for one in imports(module, BUILT_IN_MODULES[module]):
        top = one.imported.partition(".")[0]
        if one.imported == CORE:
            assert one.name in optframe.__all__
        elif top == CORE:
            allowed = {".".join(one.imported.split(".")[:2]), one.imported}
            assert any((package, name) in BEYOND_THE_PUBLIC_NAMES for name in allowed), one
        elif top in BUILT_IN:
            assert top == package


def test_every_exception_is_in_use():
    used = set()
    for module, path in BUILT_IN_MODULES.items():
        for one in imports(module, path):
            used.add((module.partition(".")[0], ".".join(one.imported.split(".")[:2])))
    assert BEYOND_THE_PUBLIC_NAMES.keys() <= used


@pytest.mark.parametrize(
    "module", [*MODULES, *(m for m in BUILT_IN_MODULES if not m.startswith("optframe_reports."))]
)
def test_heavy_libraries_are_imported_where_they_are_used(module):
    path = MODULES.get(module) or BUILT_IN_MODULES[module]
    eager = {one.imported.partition(".")[0] for one in imports(module, path) if not one.when_called}
    assert not eager & HEAVY


def imported_by(code: str) -> set[str]:
    """The modules that a fresh process has imported after running some code."""
    program = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    return set(finished.stdout.splitlines()[-1].split())


def command_line(*words: str) -> set[str]:
    return imported_by(
        "from optframe.cli import main\n"
        f"sys.argv = ['optframe', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code"
    )


def top_levels(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_loading_all_plugins_imports_no_heavy_library():
    loaded = imported_by("import optframe\noptframe.load_plugins()")
    assert {"optframe.registry", *BUILT_IN} <= loaded
    assert not top_levels(loaded) & HEAVY


def test_help_imports_neither_numpy_nor_pluggy():
    loaded = command_line("--help")
    assert "click" in loaded
    assert not top_levels(loaded) & {"numpy", "pluggy", "rich", *HEAVY, *BUILT_IN}


@pytest.mark.parametrize("command", ["list", "plugins"])
def test_what_only_names_components_does_not_import_numpy(command):
    loaded = command_line(command)
    assert "optframe.registry" in loaded
    assert not top_levels(loaded) & {"numpy", "rich", *HEAVY}


def test_importing_optframe_imports_nothing_else():
    assert not top_levels(imported_by("import optframe")) & {"numpy", "pluggy", "click", *HEAVY}


@pytest.mark.parametrize("name", optframe.__all__)
def test_every_public_name_can_be_imported(name):
    value = getattr(optframe, name)
    assert getattr(optframe, name) is value
    assert name in dir(optframe)


def test_public_names_are_sorted_and_known_to_type_checkers():
    assert optframe.__all__ == sorted(optframe.__all__, key=lambda name: (name.islower(), name))
    tree = ast.parse(Path(optframe.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(declared) == sorted(optframe.__all__)
    for name, home in declared.items():
        assert getattr(importlib.import_module(home), name) is getattr(optframe, name)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'optframe' has no attribute 'minimise'"):
        _ = optframe.minimise


def test_every_hook_is_documented_and_every_contract_there():
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("optframe_")}
    assert {f"optframe_{kind}" for kind in KINDS} < hooks.keys()
    for name, hook in hooks.items():
        assert hook.__doc__, name
        assert hook.optframe_spec, name
    for name, kind in KINDS.items():
        contracts = importlib.import_module("optframe.contracts")
        assert all(hasattr(contracts, contract) for contract in kind.contracts), name


@pytest.mark.parametrize(
    "path",
    [*MODULES.values(), *BUILT_IN_MODULES.values()],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_file_is_longer_than_one_job_needs(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350
