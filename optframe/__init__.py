"""optframe: a plugin-based benchmarking framework for optimization algorithms.

It is installed by the distribution ``optframe-bench``, and known by that name here.
Names are imported when they are first used, so that ``optframe --help`` does not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optframe.version import __version__ as __version__

if TYPE_CHECKING:
    from optframe.api import load, make, minimize, report, run
    from optframe.contracts import (
        Array,
        Backend,
        Count,
        DataFile,
        Dataset,
        DatasetLoader,
        EpochSeeds,
        Executor,
        Figure,
        Fraction,
        Frames,
        Function,
        Indices,
        Lost,
        NonNegative,
        Number,
        Optimizer,
        Part,
        Point,
        Positive,
        Problem,
        Reporter,
        Sampler,
        Schedule,
        Search,
        Setting,
        Solver,
        StochasticProblem,
        Stop,
        Transform,
        UnitInterval,
        Wrapper,
        cache_folder,
    )
    from optframe.drawing import draw
    from optframe.errors import (
        OptframeError,
        PluginError,
        StoreError,
        UnavailableError,
        UsageError,
    )
    from optframe.function_problem import FunctionProblem
    from optframe.hookspecs import hookimpl
    from optframe.one_run import MinimizeResult
    from optframe.oracle import Oracle
    from optframe.plugins import load_plugins
    from optframe.record import Record, Results
    from optframe.registry import Registry
    from optframe.rules import coefficient, elementwise, maximum, minimum, sign, sqrt, where
    from optframe.study import Budget, Study, Trial

_HOMES = {
    "optframe.api": "load make minimize report run",
    "optframe.contracts": (
        "Array Backend Count DataFile Dataset DatasetLoader EpochSeeds Executor Figure Fraction "
        "Frames Function Indices Lost NonNegative Number Optimizer Part Point Positive Problem "
        "Reporter Sampler Schedule Search Setting Solver StochasticProblem Stop Transform "
        "UnitInterval Wrapper cache_folder"
    ),
    "optframe.drawing": "draw",
    "optframe.rules": "coefficient elementwise maximum minimum sign sqrt where",
    "optframe.errors": "OptframeError PluginError StoreError UnavailableError UsageError",
    "optframe.function_problem": "FunctionProblem",
    "optframe.hookspecs": "hookimpl",
    "optframe.oracle": "Oracle",
    "optframe.record": "Record Results",
    "optframe.plugins": "load_plugins",
    "optframe.registry": "Registry",
    "optframe.study": "Budget Study Trial",
    "optframe.one_run": "MinimizeResult",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Array",
    "Backend",
    "Budget",
    "Count",
    "DataFile",
    "Dataset",
    "DatasetLoader",
    "EpochSeeds",
    "Executor",
    "Figure",
    "Fraction",
    "Frames",
    "Function",
    "FunctionProblem",
    "Indices",
    "Lost",
    "MinimizeResult",
    "NonNegative",
    "Number",
    "OptframeError",
    "Optimizer",
    "Oracle",
    "Part",
    "PluginError",
    "Point",
    "Positive",
    "Problem",
    "Record",
    "Registry",
    "Reporter",
    "Results",
    "Sampler",
    "Schedule",
    "Search",
    "Setting",
    "Solver",
    "StochasticProblem",
    "Stop",
    "StoreError",
    "Study",
    "Transform",
    "Trial",
    "UnavailableError",
    "UnitInterval",
    "UsageError",
    "Wrapper",
    "cache_folder",
    "coefficient",
    "draw",
    "elementwise",
    "hookimpl",
    "load",
    "load_plugins",
    "make",
    "maximum",
    "minimize",
    "minimum",
    "report",
    "run",
    "sign",
    "sqrt",
    "where",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'optframe' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
