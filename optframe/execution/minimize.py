"""`minimize`: one optimizer on one problem, now."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optframe.components.binder import Binder
from optframe.components.loading import load_plugins
from optframe.components.parameters import build, mistakes_in
from optframe.components.registry import Registry
from optframe.components.spaces import spaces_held
from optframe.contracts import Optimizer, Problem, Sampler, Solver
from optframe.contracts.oracle import Counts
from optframe.contracts.trial import Budget, Checkpoints, Trial
from optframe.errors import UsageError
from optframe.execution.trial_runner import TrialRunner
from optframe.study.grids import CONTRACTS
from optframe.study.settings import RunSettings
from optframe.study.study import Study, plan
from optframe.study.tables import StudyTable
from optframe.trial.run import Run

__all__ = ["MinimizeResult", "minimize"]


@dataclass(frozen=True)
class MinimizeResult:
    """What `optframe.minimize` returns.

    ``theta`` (P,), ``loss``, ``curve`` (a DataFrame, one row per checkpoint), ``status`` and its
    ``reason``, ``counts`` (evaluations by kind), ``iterates`` (steps + 1, P) if asked for,
    ``step_bytes`` of a run that was profiled, and the ``problem``, bound to its backend.
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
    problem: Any = field(default=None, repr=False)

    def apply(self, model: Any = None) -> Any:
        """Return the trained θ as the model that it parametrizes.

        Of an `optframe.TorchProblem`, ``model`` is a module like the problem's: θ is put into it,
        in its place, with the statistics of batch normalization at θ. Of an `optframe.JaxProblem`,
        the result is a new pytree; its leaves are of the libraries and precisions that those of
        ``model`` have, by default those of the problem's own.

        Raises
        ------
        UsageError
            If the run's problem has no model, or θ does not fit into this one.
        """
        put = getattr(self.problem, "apply", None)
        if put is None:
            raise UsageError(
                f"result.apply: {type(self.problem).__name__} has no module and no pytree; "
                "expected the result of a run on an optframe.TorchProblem or JaxProblem"
            )
        return put(self.theta, model)

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
    work: float | None = None,
    seconds: float | None = None,
    target: float | Mapping[str, float] | None = None,
    gradient_norm: float | None = None,
    patience: int | None = None,
    sampler: str | Sampler | None = "shuffled",
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
        Names in the short notation, or objects. The sampler is for problems with data; others may
        be given None.
    steps, epochs, gradients, work, seconds
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
        Where an argument is wrong, or the problem does not support what the optimizer needs.
    UnavailableError
        Where the backend cannot run here.
    """
    fields = {"name": "", "seed": seed, "seeds": 1, "start": start, "dtype": dtype}
    settings = {"backend": backend, "measure": measure, "profile": profile}
    mistakes = mistakes_in(StudyTable, fields, "minimize")
    mistakes += mistakes_in(RunSettings, settings, "minimize")
    if mistakes:
        raise UsageError(*mistakes)
    ends = {
        "steps": steps,
        "epochs": epochs,
        "gradients": gradients,
        "work": work,
        "seconds": seconds,
        "target": dict(target) if isinstance(target, Mapping) else target,
        "gradient_norm": gradient_norm,
        "patience": patience,
    }
    given = {name: value for name, value in ends.items() if value is not None}
    marks = {"count": checkpoints} if isinstance(checkpoints, int) else dict(checkpoints)
    build(Checkpoints, marks, "minimize: checkpoints")
    registry = load_plugins()
    study = Study(
        name="minimize",
        budget=build(Budget, given, "minimize"),
        optimizers=[_named(registry, "optimizers", optimizer)],
        problems=[_named(registry, "problems", problem)],
        samplers=[] if sampler is None else [_named(registry, "samplers", sampler)],
        seed=seed,
        start=start,  # type: ignore[arg-type]
        dtype=dtype,  # type: ignore[arg-type]
        run=RunSettings(backend, checkpoints=marks, measure=tuple(measure), profile=profile),  # type: ignore[arg-type]
        where="minimize",
    )
    binder = Binder(registry)
    setup = TrialRunner(registry, binder).setup(_trial(study, registry, binder), theta0)
    if theta0 is not None and np.shape(theta0) != (setup.problem.size,):
        raise UsageError(
            f"minimize: theta0 has shape {np.shape(theta0)}; expected ({setup.problem.size},)"
        )
    run = Run(dataclasses.replace(setup, iterates=iterates))
    run.execute()
    if run.error is not None:
        raise run.error
    solution = run.solution()
    return MinimizeResult(
        theta=setup.backend.to_numpy(solution).copy(),
        loss=float(run.rows[-1][run.columns.index("loss")]),
        status=str(run.status),
        reason=run.reason,
        counts=run.counts,
        seconds=run.clock.seconds,
        columns=run.columns,
        rows=run.curve,
        iterates=np.array(run.iterates) if iterates else None,
        step_bytes=None if run.profile is None else run.profile.step_bytes,
        problem=setup.problem,
    )


def _named(registry: Registry, kind: str, item: Any) -> str | dict[str, str]:
    """Return a name as it is, and an object, which stays the object that it is, by its class's."""
    if isinstance(item, str):
        return item
    made = item() if isinstance(item, type) else item
    if not isinstance(made, CONTRACTS[kind]):
        names = " or ".join(expected.__name__ for expected in CONTRACTS[kind])
        hint = ""
        if kind == "problems" and callable(item):
            hint = (
                "; for a function of your own write optframe.FunctionProblem(loss=f, gradient=..., "
                "theta0=...)"
            )
        raise UsageError(
            f"minimize: found {item!r}; expected a name, or an object of {names}{hint}"
        )
    spaces = ", ".join(spaces_held(made))
    if spaces:
        raise UsageError(
            f"minimize: found a space for {spaces}; expected a value, or a study with [tune]"
        )
    title = str(getattr(made, "title", type(made).__name__))
    return {"name": registry.add(kind, title, made)}


def _trial(study: Study, registry: Registry, binder: Binder) -> Trial:
    """Return the one trial of a study; what the problem itself raises is raised as it is."""
    try:
        trials = plan(study, registry, binder, keyed=False)
    except UsageError as error:
        refused = error
    else:
        if len(trials) > 1:
            raise UsageError(
                f"minimize: lists of values ask for {len(trials)} runs; expected one value each"
            )
        if trials[0].skip is not None:
            raise UsageError(f"minimize: {trials[0].skip}")
        return trials[0]
    raise refused.__cause__ or refused
