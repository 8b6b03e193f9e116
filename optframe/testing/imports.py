"""Checks what a component's module imports, in a new process."""

from __future__ import annotations

import subprocess
import sys

from optframe.components.signatures import path_of
from optframe.testing.kit import NotApplicable, require

__all__ = ["HEAVY", "check_imports"]

HEAVY = frozenset(
    {
        *("pandas", "matplotlib", "seaborn", "scipy", "sklearn", "pydantic", "pooch", "jinja2"),
        *("pebble", "dask", "numba", "cupy", "torch", "jax", "tensorflow", "optuna"),
    }
)
"""Libraries that take a tenth of a second or more to import; import them where they are used."""

_PROGRAM = """
import importlib, importlib.util, sys
name, file = sys.argv[1:]
try:
    importlib.import_module(name)
except ImportError:
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
print()
print(*{loaded.partition('.')[0] for loaded in sys.modules})
"""


def check_imports(component: type) -> None:
    """Raise if importing a class imports a library that is slow to import.

    Of a class that was made for an import path this is its base class, which is the adapter's.
    """
    if path_of(component) is not None:
        component = component.__mro__[1]
    name = component.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or file is None:
        raise NotApplicable("its class was defined in this process, not in a module")
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, name, file], capture_output=True, text=True, check=False
    )
    require(
        finished.returncode == 0,
        f"{name} cannot be imported alone: {(finished.stderr.strip().splitlines() or ['?'])[-1]}",
    )
    heavy = sorted(HEAVY & set(finished.stdout.splitlines()[-1].split()))
    require(not heavy, f"importing {name} imports {', '.join(heavy)}; import it where it is used")
