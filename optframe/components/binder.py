"""Makes backends, data sets and bound problems, each once, for the trials that share them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from optframe.components.answers import guard
from optframe.components.building import make_wrapped
from optframe.components.notation import parse
from optframe.components.registry import Registry
from optframe.contracts import Backend, Dataset, Problem, Setting
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Component
from optframe.errors import UnavailableError, UsageError

__all__ = ["Binder", "NotLoadedError", "resolve_backend"]


class NotLoadedError(UsageError):
    """A data set is needed, and `Binder.loads` is False; it has no mistakes."""


def resolve_backend(registry: Registry, name: str, where: str = "backend") -> str:
    """Return the backend's name; for ``auto``, the available one with the highest priority.

    Raise `UnavailableError` with what is missing if the backend cannot run on this machine.
    """
    if name != "auto":
        backend: Backend = registry.make("backends", name, where=where)
        missing = backend.missing()
        if missing:
            raise UnavailableError(f"backend {name!r}: {missing}")
        return name
    ranked = sorted(
        registry.names("backends"), key=lambda other: -registry.load("backends", other).priority
    )
    for candidate in ranked:
        backend = registry.make("backends", candidate)
        if backend.priority >= 0 and backend.is_available():
            return candidate
    raise UnavailableError("backend 'auto': no backend is available; run `optframe doctor`")


class Binder:
    """Makes backends, data sets and bound problems, and returns the same object the next time."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.loads = True
        """Whether data sets that are not loaded yet may be."""
        self._backends: dict[str, Backend] = {}
        self._problems: dict[tuple[Any, ...], Problem] = {}
        self._draws: dict[Component, bool] = {}
        self._datasets: dict[str, Dataset] = {}
        self._expected: dict[str, str] = {}
        self._loaded: dict[Component, dict[str, str]] = {}

    def backend(self, name: str) -> Backend:
        """Return the backend of this name."""
        if name not in self._backends:
            self._backends[name] = self.registry.make("backends", name)
        return self._backends[name]

    def problem(self, component: Component, backend: str, dtype: str, seeds: Seeds) -> Problem:
        """Return the problem, bound to this backend and precision."""
        made: Problem | None = None
        if component not in self._draws:
            made = self._made(component)
            self._draws[component] = bool(made.draws_instance)
        own = seeds if self._draws[component] else Seeds(seeds.study, 0)
        key = (component, backend, dtype, own)
        if key not in self._problems:
            made = made or self._made(component)
            setting = Setting(
                self.backend(backend),
                dtype,
                own.sequence("instance"),
                partial(self._dataset_for, component),
            )
            self._problems[key] = bound = made.bind(setting)
            guard(bound)
        return self._problems[key]

    def _made(self, component: Component) -> Problem:
        table = {"name": component.name, **component.values}
        made: Problem = make_wrapped(self.registry, "problems", table, component.label)
        return made

    def datasets_of(self, component: Component) -> dict[str, str]:
        """Return the digests of the data sets that a problem has loaded so far, by name."""
        return self._loaded.get(component, {})

    @property
    def datasets(self) -> dict[str, Dataset]:
        """The data sets that are loaded, by notation."""
        return dict(self._datasets)

    def have(self, datasets: Mapping[str, Dataset]) -> None:
        """Add data sets that were loaded by another process, by notation."""
        self._datasets.update(datasets)

    def expect(self, digests: Mapping[str, str]) -> None:
        """Set the digests that data sets must have, by notation; `dataset` refuses others."""
        self._expected.update(digests)

    def _dataset_for(self, component: Component, notation: str) -> Dataset:
        dataset = self.dataset(notation)
        self._loaded.setdefault(component, {})[parse(notation)["name"]] = dataset.digest
        return dataset

    def dataset(self, notation: str) -> Dataset:
        """Return a data set by its name, or by name and parameters; it is loaded once."""
        if notation not in self._datasets:
            table = parse(notation)
            given = {k: v for k, v in table.items() if k != "name"}
            loader = self.registry.make("datasets", table["name"], given, f"data {notation!r}")
            if not self.loads:
                raise NotLoadedError
            try:
                loaded = loader.load()
            except (ValueError, OSError) as error:
                raise UsageError(f"data {notation!r}: {error}") from error
            except MemoryError as error:
                raise UnavailableError(
                    f"data {notation!r}: its records do not fit into the memory of this machine"
                ) from error
            if self._expected.get(notation, loaded.digest) != loaded.digest:
                raise UsageError(
                    f"data {notation!r}: the records on this machine differ from those that the "
                    "study was planned with; use the same files, or one OPTFRAME_CACHE, on all "
                    "machines"
                )
            self._datasets[notation] = loaded
        return self._datasets[notation]
