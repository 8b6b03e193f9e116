"""`minimize`: one optimizer on one problem, now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optframe.components.binder import Binder, resolve_backend
from optframe.components.building import make_wrapped
from optframe.components.kinds import KINDS
from optframe.components.loading import load_plugins
from optframe.components.notation import parse
from optframe.components.parameters import build, mistakes_in
from optframe.components.registry import Registry
from optframe.contracts import Optimizer, Problem, Sampler, Setting, Solver, StochasticProblem
from optframe.contracts.columns import MEASURES
from optframe.contracts.oracle import Counts, offers
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints
from optframe.errors import UsageError
from optframe.study.settings import RunSettings
from optframe.study.tables import StudyTable
from optframe.trial.run import Run, Setup

__all__ = ["MinimizeResult", "minimize"]

_CLASSES: dict[str, tuple[type, ...]] = {
    "optimizers": (Optimizer, Solver),
    "problems": (Problem,),
    "samplers": (Sampler,),
}


@dataclass(frozen=True)
class MinimizeResult:
    """What `optframe.minimize` returns.

    ``theta`` (P,), ``loss``, ``curve`` (a DataFrame, one row per checkpoint), ``status`` and its
    ``reason``, ``counts`` (evaluations by kind), ``iterates`` (steps + 1, P) if asked for, and
    ``step_bytes`` of a run that was profiled.
    """

    theta: Any
    loss: float
    status: str
    reason: str | None
    counts: Counts
    seconds: float
    columns: tuple[str, ...] = field(repr=False)
    rows: Any = field(repr=False)
    iterates: Any = field(default=None, repr=False)
    step_bytes: int | None = field(default=None, repr=False)

    @property
    def curve(self) -> Any:
        """One row per checkpoint, as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(self.columns))


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
    measure: Sequence[str] = (),
    profile: bool = False,
) -> MinimizeResult:
    """Run one optimizer on one problem, now.

    Exceptions of the optimizer or problem themselves are raised as they are.

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
    measure
        Of ``"gradient_norm"`` and ``"gradient_variance"``, what the curve has beside the
        problem's metrics: see `optframe.study.settings.RunSettings`.
    profile
        Time the parts of each step: the curve has columns ``seconds_sampling`` and
        ``seconds_oracle``, and ``result.step_bytes`` is the most memory that a step allocates.

    Raises
    ------
    UsageError
        Where an argument is wrong, or the problem does not offer what the optimizer needs.
    UnavailableError
        Where the backend cannot run here.
    """
    fields = {"name": "", "seed": seed, "seeds": 1, "start": start, "dtype": dtype}
    mistakes = mistakes_in(StudyTable, fields, "minimize")
    mistakes += mistakes_in(RunSettings, {"measure": measure, "profile": profile}, "minimize")
    if mistakes:
        raise UsageError(*mistakes)
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
    budget: Budget = build(Budget, given, "minimize")
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
    run = Run(
        Setup(
            problem=bound,
            backend=chosen.backend(where),
            optimizer=made_optimizer,
            sampler=scheme,
            budget=budget,
            checkpoints=build(Checkpoints, marks, "minimize: checkpoints"),
            seeds=seeds,
            start=theta0,
            dtype=precision,
            iterates=iterates,
            profile=profile,
            measure=tuple(name for name in MEASURES if name in measure),
        )
    )
    run.execute()
    if run.error is not None:
        raise run.error
    solution = run.solution()
    return MinimizeResult(
        theta=chosen.backend(where).to_numpy(solution).copy(),
        loss=float(run.rows[-1][run.columns.index("loss")]),
        status=str(run.status),
        reason=run.reason,
        counts=run.counts,
        seconds=run.clock.seconds,
        columns=run.columns,
        rows=run.curve,
        iterates=np.array(run.iterates) if iterates else None,
        step_bytes=None if run.profile is None else run.profile.step_bytes,
    )


def _object(registry: Registry, kind: str, item: Any) -> Any:
    if not isinstance(item, str):
        made = item() if isinstance(item, type) else item
        if not isinstance(made, _CLASSES[kind]):
            names = " or ".join(expected.__name__ for expected in _CLASSES[kind])
            raise UsageError(f"minimize: found {item!r}; expected a name, or an object of {names}")
        return made
    table = parse(item)
    return make_wrapped(registry, kind, table, f"{KINDS[kind].singular} {table['name']}")


def _sampler(registry: Registry, problem: Problem, sampler: Any) -> Sampler | None:
    if not isinstance(problem, StochasticProblem) or problem.records is None:
        return None
    records = problem.records
    scheme: Sampler = _object(registry, "samplers", sampler).bind(problem.groups)
    mistake = scheme.mistake(records)
    if mistake:
        raise UsageError(f"minimize: the problem has {records} training records; {mistake}")
    return scheme
