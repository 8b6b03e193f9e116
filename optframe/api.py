"""What people call from Python: `minimize`, `make`, `run`, `load`, `report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from optframe.binding import Binder, resolve_backend, wrap
from optframe.contracts import (
    Optimizer,
    Problem,
    Sampler,
    Setting,
    Solver,
    StochasticProblem,
)
from optframe.errors import StoreError, UsageError, nearest
from optframe.notation import parse
from optframe.oracle import offers
from optframe.record import Results
from optframe.registry import Registry, load_plugins
from optframe.runner import run_study
from optframe.seeds import Seeds
from optframe.store_file import STORE_NAME, check, reported
from optframe.study import Budget, Checkpoints, Study
from optframe.trial import MinimizeResult, Run, Setup, columns

__all__ = ["load", "make", "minimize", "report", "run"]

_MAKEABLE = (
    "optimizers",
    "problems",
    "samplers",
    "schedules",
    "backends",
    "wrappers",
    "datasets",
    "searches",
    "executors",
    "figures",
    "reporters",
)


def make(name: str, /, **parameters: Any) -> Any:
    """Make a component by name, of any kind: ``make("adam", lr=1e-3)``.

    The name may be in the short notation (``"adam:lr=0.05+clip-norm:max=1"``); a number may be a
    table as in TOML (``lr={"schedule": "linear", ...}``).

    Raises
    ------
    UsageError
        Where the name or a parameter is wrong.
    """
    return _make(load_plugins(), name, parameters)


def minimize(
    problem: str | Problem,
    optimizer: str | Optimizer | Solver,
    *,
    steps: int | None = None,
    epochs: float | None = None,
    gradients: float | None = None,
    seconds: float | None = None,
    target: float | Mapping[str, float] | None = None,
    gradient_norm: float | None = None,
    patience: int | None = None,
    sampler: str | Sampler = "shuffled",
    seed: int = 0,
    theta0: Any = None,
    start: str = "standard",
    backend: str = "auto",
    dtype: str | None = None,
    checkpoints: int | Mapping[str, float] = 60,
    iterates: bool = False,
) -> MinimizeResult:
    """Run one optimizer on one problem, now.

    Parameters
    ----------
    problem, optimizer, sampler
        Names in the short notation, or objects. The sampler is for problems with data.
    steps, epochs, gradients, seconds
        The budget; at least one of them.
    target, gradient_norm, patience
        Ends: see `optframe.Budget`.
    seed
        The study seed; the run is its first.
    theta0
        The start, shape (P,), instead of the problem's own.
    start
        ``"random"`` draws it.
    backend, dtype
        Where and in what precision to compute.
    checkpoints
        How many rows the curve has, or ``{"every_steps": n}``, ``{"every_epochs": n}``.
    iterates
        Keep every θ: ``result.iterates`` has shape (steps + 1, P).

    Raises
    ------
    UsageError
        Where an argument is wrong, or the problem does not offer what the optimizer needs.
    UnavailableError
        Where the backend cannot run here.

    Exceptions of the optimizer or problem themselves are raised as they are.
    """
    registry = load_plugins()
    made_optimizer = _object(registry, "optimizers", optimizer)
    made_problem = _object(registry, "problems", problem)
    budget_table = {
        "steps": steps,
        "epochs": epochs,
        "gradients": gradients,
        "seconds": seconds,
        "target": dict(target) if isinstance(target, Mapping) else target,
        "gradient_norm": gradient_norm,
        "patience": patience,
    }
    given = {name: value for name, value in budget_table.items() if value is not None}
    budget: Budget = _table(Budget, given, "minimize")
    marks = {"count": checkpoints} if isinstance(checkpoints, int) else checkpoints
    chosen = Binder(registry)
    where = resolve_backend(registry, backend)
    seeds = Seeds(seed, 0)
    precision = dtype or made_problem.dtype
    bound = made_problem.bind(
        Setting(chosen.backend(where), precision, seeds.sequence("instance"), chosen.dataset)
    )
    scheme = _sampler(registry, bound, sampler)
    missing = made_optimizer.requires() - offers(bound, scheme)
    if missing:
        raise UsageError(
            f"minimize: {type(made_optimizer).__name__} needs {', '.join(sorted(missing))}, which "
            f"{type(bound).__name__} does not offer here"
        )
    if epochs is not None and scheme is None:
        raise UsageError(
            f"minimize: {type(bound).__name__} has no data, so epochs mean nothing to it; "
            "give steps"
        )
    if theta0 is None:
        random = seeds.generator("start")
        theta0 = bound.random_start(random) if start == "random" else bound.start(random)
    elif np.shape(theta0) != (bound.size,):
        raise UsageError(f"minimize: theta0 has shape {np.shape(theta0)}; expected ({bound.size},)")
    run_ = Run(
        Setup(
            problem=bound,
            backend=chosen.backend(where),
            optimizer=made_optimizer,
            sampler=scheme,
            budget=budget,
            checkpoints=_table(Checkpoints, marks, "minimize: checkpoints"),
            seeds=seeds,
            start=theta0,
            dtype=precision,
            iterates=iterates,
        )
    )
    run_.execute()
    if run_.error is not None:
        raise run_.error
    solution = run_.solution()
    return MinimizeResult(
        theta=chosen.backend(where).to_numpy(solution).copy(),
        loss=float(run_.rows[-1][columns(run_).index("loss")]),
        status=str(run_.status),
        reason=run_.reason,
        counts=run_.counts,
        seconds=run_.clock.seconds,
        columns=columns(run_),
        rows=np.array(run_.rows),
        iterates=np.array(run_.iterates) if iterates else None,
    )


def run(
    study: str | Path | Study,
    out: str | Path | None = None,
    *,
    plugins: Sequence[str] = (),
    registry: Registry | None = None,
) -> Results:
    """Run a study: a file, the name of a registered one, or a `Study`.

    What the folder ``out`` (default ``results/<name>``) holds already is not run again.

    Raises
    ------
    UsageError
        With one line per mistake in the study.
    StoreError
        Where the folder cannot be used.
    """
    registry = registry or load_plugins(plugins)
    made = study if isinstance(study, Study) else find_study(study, registry)
    folder = Path(out) if out is not None else Path("results") / made.name
    return run_study(made, folder, registry).results


def load(folder: str | Path) -> Results:
    """Read the results of a folder, or of a store's file.

    Raises
    ------
    StoreError
        Where there is none, or it cannot be read.
    """
    path = Path(folder)
    path = path / STORE_NAME if path.is_dir() else path
    if not path.exists():
        raise StoreError(f"{path}: no results here; expected the folder of `optframe run --out`")
    with reported(path):
        check(path)
    return Results(path)


def report(
    results: Results | str | Path,
    folder: str | Path | None = None,
    *,
    format: str = "page",
    registry: Registry | None = None,
) -> Path:
    """Draw a report and return the file to open.

    Parameters
    ----------
    results
        What `run` or `load` returned, or a results folder.
    folder
        Where to write it; by default ``report`` beside the store.
    format
        A reporter's name.
    registry
        The plugins to use, by default all that are installed.
    """
    registry = registry or load_plugins()
    loaded = results if isinstance(results, Results) else load(results)
    target = Path(folder) if folder is not None else loaded.path.parent / "report"
    reporter = registry.make("reporters", format, where="report")
    written: Path = reporter.write(loaded, target, registry)
    return written


def find_study(
    study: str | Path, registry: Registry, settings: Mapping[str, Any] | None = None
) -> Study:
    """Read a study's file, or the registered study of that name.

    ``settings`` overrides its table ``[run]``.
    """
    path = Path(study)
    if not path.exists() and path.suffix != ".toml":
        path = Path(registry.entry("studies", str(study)).target)
    return Study.from_file(path, settings or {})


def _make(registry: Registry, name: str, parameters: Mapping[str, Any]) -> Any:
    table = {**parse(name), **parameters}
    wrappers = table.pop("wrap", [])
    word = table.pop("name")
    kinds = [kind for kind in _MAKEABLE if word in registry.names(kind)]
    if not kinds:
        known = {n: kind for kind in _MAKEABLE for n in registry.names(kind)}
        raise UsageError(f"unknown component {word!r}; {nearest(word, known)}")
    made = registry.make(kinds[0], word, table, word)
    return wrap(registry, made, wrappers, word)[0] if wrappers else made


def _object(registry: Registry, kind: str, item: Any) -> Any:
    if not isinstance(item, str):
        return item() if isinstance(item, type) else item
    table = parse(item)
    wrappers = table.pop("wrap", [])
    name = table.pop("name")
    made = registry.make(kind, name, table, f"{kind.removesuffix('s')} {name}")
    return wrap(registry, made, wrappers, name)[0] if wrappers else made


def _sampler(registry: Registry, problem: Problem, sampler: Any) -> Sampler | None:
    records = problem.records if isinstance(problem, StochasticProblem) else None
    if records is None:
        return None
    scheme: Sampler = _object(registry, "samplers", sampler)
    mistake = scheme.mistake(records)
    if mistake:
        raise UsageError(f"minimize: the problem has {records} training records; {mistake}")
    return scheme


def _table(shape: type, given: Mapping[str, Any], where: str) -> Any:
    from optframe.parameters import build

    def refuse(table: Mapping[str, Any], place: str) -> Any:
        raise UsageError(f"{place}: a schedule has no place here")

    return build(shape, given, where, refuse)
