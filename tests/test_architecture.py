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
from optframe.components import hookspecs
from optframe.components.kinds import KINDS

ROOT = Path(__file__).parent.parent
CORE = "optframe"
BUILT_IN = {
    "optframe_plugins": ROOT / "plugins",
    "optframe_problems": ROOT / "problems",
    "optframe_reports": ROOT / "reports",
}

ROOMS = [
    "rules",
    "contracts",
    "components",
    "study",
    "trial",
    "statistics",
    "store",
    "tuning",
    "execution",
    "drawing",
    "testing",
    "gate",
]
"""A room imports from itself and from those before it, for type checkers and in functions, too."""

GROUND = ["errors", "given_files", "version"]
"""Every room may import them; they import nothing of the core."""

DOORS = ["api", "pytest_plugin", "cli", "__init__", "__main__"]
"""They may import every room, and no room imports them."""

LEVEL = {
    **dict.fromkeys(GROUND, 0),
    **{room: number for number, room in enumerate(ROOMS, start=1)},
    **dict.fromkeys(DOORS, len(ROOMS) + 1),
}

STANDS_ALONE = "optframe.gate.racing.worker"
"""A script that runs under another installation, whose optframe it finds there."""

# What the built-in packages import beside the names that `optframe` offers to everybody.
BEYOND_THE_PUBLIC_NAMES = {
    (
        "optframe_plugins",
        "optframe.contracts.products",
    ): "the range of plain products",
    ("optframe_plugins", "optframe.contracts.restricted"): "split gives its parts their oracles",
    ("optframe_plugins", "optframe.contracts.whole_file"): "caches are written whole",
    ("optframe_plugins", "optframe.errors"): "names are suggested, and exceptions are one line",
    ("optframe_plugins", "optframe.rules"): "backends print rules; their traces are no author's",
    ("optframe_problems", "optframe.components.notation"): "a network's layers are written in it",
    ("optframe_problems", "optframe.contracts.whole_file"): "caches are written whole",
    ("optframe_problems", "optframe.components.parameters"): "and checked like parameters",
    ("optframe_problems", "optframe.errors"): "and the nearest name of an unknown one is told",
    ("optframe_reports", "optframe.statistics"): "shared with the gate",
    ("optframe_reports", "optframe.components.notation"): "tables write values as studies do",
    ("optframe_reports", "optframe.contracts.columns"): "which metrics rise; which are counts",
    ("optframe_reports", "optframe.contracts.costs"): "one table of costs for axes and figures",
    ("optframe_reports", "optframe.contracts.trial"): "values are told apart as in keys",
    ("optframe_reports", "optframe.contracts.record"): "the landscapes that paths are drawn on",
    ("optframe_reports", "optframe.errors"): "the nearest name of an unknown one is told",
    ("optframe_reports", "optframe.drawing"): "a page draws as people do from Python",
}

HEAVY = {
    *("pandas", "matplotlib", "seaborn", "scipy", "sklearn", "pydantic", "pooch"),
    *("cupy", "numba", "torch", "jax", "keras", "dask", "jinja2", "pebble", "optuna"),
}

OF_A_LIBRARY = {
    "optframe_plugins.torch_optimizer": "torch",
    "optframe_plugins.optax_optimizer": "jax",
    "optframe_problems.jax_models": "jax",
    "optframe_problems.torch_models": "torch",
    "optframe_plugins.keras_optimizer.on_backends": "keras jax torch",
}
"""Packages whose modules import a heavy library at their tops; others import these in functions."""


class Import(NamedTuple):
    importer: str
    imported: str
    name: str | None
    later: bool


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
    """Every import of a module, with whether it waits for a call or is for type checkers alone."""
    pending: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), False)]
    while pending:
        node, later = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, None, later)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                yield Import(module, node.module, alias.name, later)
        typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        inside = later or typing or isinstance(node, (ast.FunctionDef, ast.Lambda))
        pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def core_imports(modules: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """Pairs of modules of the core, (importer, imported), whenever the import is done."""
    for module, path in modules.items():
        for one in imports(module, path):
            target = one.imported
            if one.name and f"{target}.{one.name}" in modules:
                target = f"{target}.{one.name}"
            if target in modules and target != module:
                yield module, target


def room(module: str) -> str:
    return module.partition(".")[2].partition(".")[0] or "__init__"


def upward(modules: dict[str, Path]) -> set[tuple[str, str]]:
    return {
        (importer, imported)
        for importer, imported in core_imports(modules)
        if LEVEL[room(imported)] > LEVEL[room(importer)] and importer != STANDS_ALONE
    }


def circle(modules: dict[str, Path]) -> list[str]:
    """Modules that import each other in a circle; none where there is no such one.

    A package's face imports its modules, which is no import of the face by them.
    """
    graph: dict[str, set[str]] = {}
    for importer, imported in core_imports(modules):
        if not importer.startswith(f"{imported}.") and importer != CORE:
            graph.setdefault(importer, set()).add(imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_every_module_is_in_a_room_or_one_of_few_beside_them():
    beside = {path.stem for path in (ROOT / CORE).glob("*.py")}
    assert beside <= {*GROUND, *DOORS}
    assert len(beside) <= 8
    folders = {path.parent.name for path in (ROOT / CORE).glob("*/__init__.py")}
    assert folders <= {*ROOMS, "cli"}


def test_imports_run_one_way():
    assert upward(MODULES) == set()


def test_imports_make_no_circle():
    assert circle(MODULES) == []


@pytest.mark.parametrize(
    "planted",
    [
        "from optframe.store.results import Results",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import optframe.cli.main",
        "def later():\n    from optframe.execution import runner",
        "from optframe import load",
    ],
)
def test_a_planted_import_is_found(tmp_path, planted):
    (tmp_path / "planted.py").write_text(planted, encoding="utf-8")
    modules = {**MODULES, "optframe.contracts.planted": tmp_path / "planted.py"}
    assert {importer for importer, _ in upward(modules)} == {"optframe.contracts.planted"}


def test_a_planted_circle_is_found(tmp_path):
    modules = dict(MODULES)
    for name, other in (("one", "two"), ("two", "one")):
        path = tmp_path / f"{name}.py"
        path.write_text(f"def later():\n    import optframe.trial.{other}\n", encoding="utf-8")
        modules[f"optframe.trial.{name}"] = path
    assert set(circle(modules)) == {"optframe.trial.one", "optframe.trial.two"}


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
            parts = one.imported.split(".")
            allowed = {".".join(parts[:length]) for length in range(2, len(parts) + 1)}
            assert any((package, name) in BEYOND_THE_PUBLIC_NAMES for name in allowed), one
        elif top in BUILT_IN:
            assert top == package


def test_every_exception_is_in_use():
    used = set()
    for module, path in BUILT_IN_MODULES.items():
        for one in imports(module, path):
            package, parts = module.partition(".")[0], one.imported.split(".")
            used |= {(package, ".".join(parts[:length])) for length in (2, 3)}
    assert BEYOND_THE_PUBLIC_NAMES.keys() <= used


@pytest.mark.parametrize(
    "module", [*MODULES, *(m for m in BUILT_IN_MODULES if not m.startswith("optframe_reports."))]
)
def test_heavy_libraries_are_imported_where_they_are_used(module):
    path = MODULES.get(module) or BUILT_IN_MODULES[module]
    eager = {one.imported for one in imports(module, path) if not one.later}
    own = [package for package in OF_A_LIBRARY if module.startswith(f"{package}.")]
    heavy = HEAVY - {word for package in own for word in OF_A_LIBRARY[package].split()}
    assert not {name.partition(".")[0] for name in eager} & heavy
    assert not {name.rpartition(".")[0] for name in eager} & (OF_A_LIBRARY.keys() - own)


def imported_by(code: str) -> set[str]:
    """The modules that a fresh process has imported after running some code."""
    program = f"import sys\n{code}\nprint('\\n' + ' '.join(sys.modules))"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    return set(finished.stdout.splitlines()[-1].split())


def command_line(*words: str, code: int = 0) -> set[str]:
    return imported_by(
        "from optframe_bench import main\n"
        f"sys.argv = ['optframe', *{words!r}]\n"
        f"try:\n    main()\nexcept SystemExit as ended:\n    assert (ended.code or 0) == {code}"
    )


ALL_PLUGINS = "import optframe\noptframe.load_plugins()"
WRONG_PARAMETER = """
import optframe
try:
    optframe.make("convergence", x="second")
except optframe.UsageError:
    pass
"""
CONFIRMED = """
import numpy
from optframe.statistics.tuning.confirmation import p_worse
p_worse(numpy.arange(1.0, 3.0), numpy.arange(2.0, 5.0))
"""
NAMES_ONLY = {"numpy", "rich", *HEAVY}
"""What need not be imported where components are only named."""


@pytest.mark.parametrize(
    ("load", "there", "absent"),
    [
        (lambda: imported_by(ALL_PLUGINS), {"optframe.components.registry", *BUILT_IN}, HEAVY),
        (
            lambda: command_line("--help"),
            {"click", "optframe_bench"},
            {"pluggy", "importlib.metadata", "pathlib", *NAMES_ONLY, *BUILT_IN},
        ),
        (lambda: command_line("list"), {"optframe.components.registry"}, NAMES_ONLY),
        (lambda: command_line("plugins"), {"optframe.components.registry"}, NAMES_ONLY),
        (
            lambda: command_line("report", ".", "--cost", "second", code=2),
            {"optframe.contracts.costs"},
            {"optframe.api", "optframe.store.results", *HEAVY, *BUILT_IN},
        ),
        (
            lambda: imported_by(WRONG_PARAMETER),
            {"optframe_reports.figures.convergence"},
            {"seaborn", "scipy.stats", "matplotlib.pyplot"},
        ),
        (lambda: imported_by(CONFIRMED), {"scipy.special"}, {"scipy.stats", "pandas"}),
        (lambda: imported_by("import optframe"), {"optframe"}, {"pluggy", "click", *NAMES_ONLY}),
        (
            lambda: imported_by("from optframe import TorchProblem"),
            {"optframe_problems.torch_models.torch_problem"},
            HEAVY,
        ),
        (
            lambda: imported_by("from optframe import JaxProblem"),
            {"optframe_problems.jax_models.jax_problem"},
            HEAVY,
        ),
    ],
    ids=[
        *("all plugins", "--help", "list", "plugins", "a wrong cost", "a figure's wrong parameter"),
        "what every summary of a tuning asks",
        *("import optframe", "a class", "another class"),
    ],
)
def test_nothing_is_imported_before_it_is_used(load, there, absent):
    loaded = load()
    assert there <= loaded
    assert not loaded & absent


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
