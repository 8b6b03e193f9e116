"""optframe: a plugin-based benchmarking framework for optimization algorithms.

The distribution ``optframe-bench`` installs it. A public name is imported when it is first used, so
that ``optframe --help`` does not wait for NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from optframe.version import __version__ as __version__

if TYPE_CHECKING:
    from optframe.api import load, make, minimize, parity, report, run, scipy_method
    from optframe.components.function_problem import FunctionProblem
    from optframe.components.hookspecs import hookimpl
    from optframe.components.loading import load_plugins
    from optframe.components.registry import Registry
    from optframe.contracts import (
        Adapter,
        Array,
        Backend,
        Block,
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
        Layout,
        Lost,
        NonNegative,
        Number,
        Optimizer,
        Part,
        Point,
        Positive,
        Problem,
        Protocol,
        Reporter,
        Sampler,
        Schedule,
        Search,
        Setting,
        Solver,
        Space,
        StochasticProblem,
        Stop,
        Transform,
        Tried,
        Tuner,
        UnitInterval,
        Wrapper,
        cache_folder,
    )
    from optframe.contracts.oracle import Oracle
    from optframe.contracts.products import inner, norm
    from optframe.contracts.record import Record
    from optframe.contracts.trial import Budget, Trial
    from optframe.drawing.figures import draw
    from optframe.errors import (
        OptframeError,
        PluginError,
        StoreError,
        UnavailableError,
        UsageError,
    )
    from optframe.execution.minimize import MinimizeResult
    from optframe.rules import coefficient, elementwise, maximum, minimum, sign, sqrt, where
    from optframe.store.results import Results
    from optframe.study.study import Study

_HOMES = {
    "optframe.api": "load make minimize parity report run scipy_method",
    "optframe.contracts": (
        "Adapter Array Backend Block Count DataFile Dataset DatasetLoader EpochSeeds Executor "
        "Figure Fraction Frames Function Indices Layout Lost NonNegative Number Optimizer Part "
        "Point Positive Problem Protocol Reporter Sampler Schedule Search Setting Solver Space "
        "StochasticProblem Stop Transform Tried Tuner UnitInterval Wrapper cache_folder"
    ),
    "optframe.drawing.figures": "draw",
    "optframe.rules": "coefficient elementwise maximum minimum sign sqrt where",
    "optframe.errors": "OptframeError PluginError StoreError UnavailableError UsageError",
    "optframe.components.function_problem": "FunctionProblem",
    "optframe.components.hookspecs": "hookimpl",
    "optframe.contracts.oracle": "Oracle",
    "optframe.contracts.products": "inner norm",
    "optframe.contracts.trial": "Budget Trial",
    "optframe.contracts.record": "Record",
    "optframe.store.results": "Results",
    "optframe.components.loading": "load_plugins",
    "optframe.components.registry": "Registry",
    "optframe.study.study": "Study",
    "optframe.execution.minimize": "MinimizeResult",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Adapter",
    "Array",
    "Backend",
    "Block",
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
    "Layout",
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
    "Protocol",
    "Record",
    "Registry",
    "Reporter",
    "Results",
    "Sampler",
    "Schedule",
    "Search",
    "Setting",
    "Solver",
    "Space",
    "StochasticProblem",
    "Stop",
    "StoreError",
    "Study",
    "Transform",
    "Trial",
    "Tried",
    "Tuner",
    "UnavailableError",
    "UnitInterval",
    "UsageError",
    "Wrapper",
    "cache_folder",
    "coefficient",
    "draw",
    "elementwise",
    "hookimpl",
    "inner",
    "load",
    "load_plugins",
    "make",
    "maximum",
    "minimize",
    "minimum",
    "norm",
    "parity",
    "report",
    "run",
    "scipy_method",
    "sign",
    "sqrt",
    "where",
]


def __getattr__(name: str) -> Any:
    value = None
    if name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    elif name[0].isupper():
        from optframe.components.public_classes import public_class

        value = public_class(name)
    if value is None:
        raise AttributeError(f"module 'optframe' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
