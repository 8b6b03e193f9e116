"""From names to working objects: backends, and problems bound to them, each made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from optframe.components.kinds import KINDS
from optframe.components.notation import Component, parse
from optframe.components.parameters import parameters, spelling
from optframe.components.registry import Registry
from optframe.contracts import (
    Backend,
    Dataset,
    Optimizer,
    Problem,
    Schedule,
    Search,
    Setting,
    Transform,
    Wrapper,
)
from optframe.contracts.seeds import Seeds
from optframe.errors import UnavailableError, UsageError

__all__ = [
    "AROUND",
    "Binder",
    "given_parameters",
    "make_wrapped",
    "resolve_backend",
    "resolved",
    "wrap",
]

AROUND = {"optimizers": ("wrappers", "optimizer"), "problems": ("transforms", "problem")}
"""What may be put around a component of a kind, and the field that holds it there."""

_PLAIN = (str, int, float, bool, type(None))


def resolve_backend(registry: Registry, name: str, where: str = "backend") -> str:
    """Return the backend's name; ``auto`` is the best one that is available.

    Raises
    ------
    UsageError
        Where there is none of this name.
    UnavailableError
        Where it cannot run on this machine, with what is missing.
    """
    if name != "auto":
        backend: Backend = registry.make("backends", name, where=where)
        missing = backend.missing()
        if missing:
            raise UnavailableError(f"backend {name!r}: {missing}")
        return name
    ranked = sorted(
        registry.names("backends"),
        key=lambda other: -registry.load("backends", other).priority,
    )
    for candidate in ranked:
        backend = registry.make("backends", candidate)
        if backend.priority >= 0 and backend.is_available():
            return candidate
    raise UnavailableError("backend 'auto': no backend is available; run `optframe doctor`")


class Binder:
    """Makes backends and bound problems, and keeps them for the trials that share them."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._backends: dict[str, Backend] = {}
        self._problems: dict[tuple[Any, ...], Problem] = {}
        self._datasets: dict[str, Dataset] = {}
        self._expected: dict[str, str] = {}
        self._loaded: dict[Component, dict[str, str]] = {}

    def backend(self, name: str) -> Backend:
        """Return the backend of this name."""
        if name not in self._backends:
            self._backends[name] = self.registry.make("backends", name)
        return self._backends[name]

    def problem(self, component: Component, backend: str, dtype: str, seeds: Seeds) -> Problem:
        """Return the problem, living on this backend in this precision."""
        table = {"name": component.name, **component.values}
        made: Problem = make_wrapped(self.registry, "problems", table, component.label)
        instance = seeds.index if made.draws_instance else 0
        key = (component, backend, dtype, seeds.study, instance)
        if key not in self._problems:
            setting = Setting(
                self.backend(backend),
                dtype,
                dataclasses.replace(seeds, index=instance).sequence("instance"),
                partial(self._dataset_for, component),
            )
            self._problems[key] = made.bind(setting)
        return self._problems[key]

    def datasets_of(self, component: Component) -> dict[str, str]:
        """Return the digests of the data sets that a problem has asked for so far, by name."""
        return self._loaded.get(component, {})

    @property
    def datasets(self) -> dict[str, Dataset]:
        """The data sets that are loaded, by notation."""
        return dict(self._datasets)

    def have(self, datasets: Mapping[str, Dataset]) -> None:
        """Take data sets that were loaded elsewhere."""
        self._datasets.update(datasets)

    def expect(self, digests: Mapping[str, str]) -> None:
        """Refuse data sets, given by notation, that are loaded with another digest from now on."""
        self._expected.update(digests)

    def _dataset_for(self, component: Component, notation: str) -> Dataset:
        dataset = self.dataset(notation)
        self._loaded.setdefault(component, {})[parse(notation)["name"]] = dataset.digest
        return dataset

    def dataset(self, notation: str) -> Dataset:
        """Load a data set by its name, or by name and parameters; once."""
        if notation not in self._datasets:
            table = parse(notation)
            loader = self.registry.make(
                "datasets",
                table["name"],
                {k: v for k, v in table.items() if k != "name"},
                f"data {notation!r}",
            )
            try:
                loaded = loader.load()
            except (ValueError, OSError) as error:
                raise UsageError(f"data {notation!r}: {error}") from error
            if self._expected.get(notation, loaded.digest) != loaded.digest:
                raise UsageError(
                    f"data {notation!r}: its records here are not those that the study was "
                    "planned with; give all machines the same files, or one OPTFRAME_CACHE"
                )
            self._datasets[notation] = loaded
        return self._datasets[notation]


def make_wrapped(registry: Registry, kind: str, table: Mapping[str, Any], where: str) -> Any:
    """Make a component from its whole table: its name, its parameters and what wraps it."""
    given = {key: value for key, value in table.items() if key not in ("name", "wrap")}
    made = registry.make(kind, table["name"], given, where)
    wrappers = table.get("wrap", [])
    return wrap(registry, kind, made, wrappers, where)[0] if wrappers else made


def wrap(
    registry: Registry, kind: str, made: Any, wrappers: Any, where: str
) -> tuple[Any, list[dict[str, Any]]]:
    """Put wrappers around an optimizer, or transforms around a problem, the first one innermost."""
    if kind not in AROUND:
        raise UsageError(f"{where}: wrap: nothing goes around a {KINDS[kind].singular}")
    around, field = AROUND[kind]
    if not isinstance(wrappers, list) or not all(isinstance(w, Mapping) for w in wrappers):
        raise UsageError(f"{where}: wrap: expected a list of tables, found {wrappers!r}")
    values: list[dict[str, Any]] = []
    for table in wrappers:
        name = table.get("name")
        given = {k: v for k, v in table.items() if k != "name"}
        _check_side(registry, kind, str(name), f"{where}: wrap {name}")
        made = registry.make(around, str(name), {**given, field: made}, f"{where}: wrap {name}")
        values.append({"name": name, **resolved(registry, made, given)})
    return made, values


def _check_side(registry: Registry, kind: str, name: str, where: str) -> None:
    """Raise where a wrapper is put around a problem, or a transform around an optimizer."""
    own = AROUND[kind][0]
    for other, (around, _) in AROUND.items():
        if name in registry.names(around) and name not in registry.names(own):
            raise UsageError(
                f"{where}: {KINDS[around].singular}s go around {other}; around this "
                f"{KINDS[kind].singular}, expected one of {', '.join(registry.names(own))}"
            )


def resolved(registry: Registry, made: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a made component as plain data, defaults included.

    Its searches are tables with a name, whether they were given or come with the class.
    """
    values = {}
    for field in dataclasses.fields(made):
        value, name = getattr(made, field.name), spelling(field)
        if not field.init or (isinstance(value, Schedule) and name not in given):
            continue  # it comes with the class
        if isinstance(value, Schedule):
            table = given[name]
            values[name] = {"schedule": table["schedule"], **resolved(registry, value, table)}
        elif isinstance(value, Search):
            values[name] = _resolved_search(registry, value, given.get(name))
        elif not isinstance(value, (Optimizer, Problem)):
            values[name] = _plain(value)
    return values


def _resolved_search(registry: Registry, made: Search, given: Any) -> dict[str, Any]:
    table = given if isinstance(given, Mapping) else {}
    kind = type(made)
    name = registry.name_of("searches", kind) or f"{kind.__module__}:{kind.__qualname__}"
    return {"name": name, **resolved(registry, made, table)}


def given_parameters(made: Any) -> dict[str, Any] | None:
    """Return the parameters of an object made by hand that are not its class's defaults.

    None where they are not all plain data, schedules or searches: such an object cannot be told in
    words. What a wrapper or a transform holds is not among its parameters.
    """
    fields = parameters(type(made))
    given: dict[str, Any] = {}
    for name, field in fields.items():
        value = getattr(made, field.attribute)
        if (isinstance(made, Wrapper) and name == "optimizer") or (
            isinstance(made, Transform) and name == "problem"
        ):
            continue
        if not (_is_plain(value) or isinstance(value, (Schedule, Search))):
            return None
        if type(value) is not type(field.default) or value != field.default:
            given[name] = list(value) if isinstance(value, tuple) else value
    return given


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, _PLAIN)


def _plain(value: Any) -> Any:
    if isinstance(value, (*_PLAIN, dict)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return repr(value)
