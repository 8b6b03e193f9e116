"""The abstract base classes of all kinds of components; plugins subclass them.

**Arrays.** The trailing axis is the parameter vector; all leading axes are independent runs.
θ has shape (..., P), a loss (...), a gradient (..., P), a Hessian (..., P, P). ``theta - lr * g``
is therefore right for a batch of runs, too; in a reduction, write ``axis=-1, keepdims=True``.

**Parameters.** A component is a frozen dataclass. Its fields are its parameters. Their types, from
`optframe.contracts.fields`, say which values are accepted.
"""

from optframe.contracts.adapter import Adapter
from optframe.contracts.backend import Array, Backend
from optframe.contracts.data_file import DataFile, cache_folder
from optframe.contracts.dataset import Dataset, DatasetLoader, Part
from optframe.contracts.executor import Executor, Lost, Stop
from optframe.contracts.fields import Count, Fraction, NonNegative, Number, Positive, UnitInterval
from optframe.contracts.figure import Figure, Frames
from optframe.contracts.layout import Block, Layout
from optframe.contracts.optimizer import Optimizer, Solver, Wrapper
from optframe.contracts.problem import Function, Problem, Setting, StochasticProblem
from optframe.contracts.protocol import Protocol
from optframe.contracts.reporter import Reporter
from optframe.contracts.sampler import EpochSeeds, Indices, Sampler
from optframe.contracts.schedule import Schedule
from optframe.contracts.search import Point, Search
from optframe.contracts.space import Space
from optframe.contracts.transform import Transform
from optframe.contracts.tuner import Tried, Tuner

__all__ = [
    "Adapter",
    "Array",
    "Backend",
    "Block",
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
    "Indices",
    "Layout",
    "Lost",
    "NonNegative",
    "Number",
    "Optimizer",
    "Part",
    "Point",
    "Positive",
    "Problem",
    "Protocol",
    "Reporter",
    "Sampler",
    "Schedule",
    "Search",
    "Setting",
    "Solver",
    "Space",
    "StochasticProblem",
    "Stop",
    "Transform",
    "Tried",
    "Tuner",
    "UnitInterval",
    "Wrapper",
    "cache_folder",
]
