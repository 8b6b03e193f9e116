"""The kinds of components; each is registered through the hook ``optframe_<kind>``."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["KINDS", "Kind"]


class Kind(NamedTuple):
    """The singular of a kind's name, and the base classes of its components."""

    singular: str
    contracts: tuple[str, ...] = ()


KINDS = {
    "optimizers": Kind("optimizer", ("Optimizer", "Solver")),
    "searches": Kind("search", ("Search",)),
    "wrappers": Kind("wrapper", ("Wrapper",)),
    "problems": Kind("problem", ("Problem",)),
    "transforms": Kind("transform", ("Transform",)),
    "datasets": Kind("data set", ("DatasetLoader",)),
    "samplers": Kind("sampler", ("Sampler",)),
    "schedules": Kind("schedule", ("Schedule",)),
    "backends": Kind("backend", ("Backend",)),
    "executors": Kind("executor", ("Executor",)),
    "tuners": Kind("tuner", ("Tuner",)),
    "protocols": Kind("protocol", ("Protocol",)),
    "figures": Kind("figure", ("Figure",)),
    "reporters": Kind("reporter", ("Reporter",)),
    "adapters": Kind("adapter", ("Adapter",)),
    "studies": Kind("study"),
}
