"""The results of a store: tidy frames of the trials in the latest plan, and the standings."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.costs import DEFAULT, OFFERED, check_cost
from optframe.contracts.record import Landscape
from optframe.errors import StoreError, UsageError, nearest, visible
from optframe.given_files import expanded
from optframe.store.curves import landscape_in
from optframe.store.file import STORE_NAME, check, reading, reported
from optframe.store.frames import read_curves, read_trials, read_tunings
from optframe.store.paths import StoredPaths, read_paths
from optframe.store.schema import (
    checked_columns,
    environments_of,
    of_stage,
    study_of,
)
from optframe.store.winners import winners_of

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics.standings import Standings

__all__ = ["Results", "load"]


class Results:
    """The contents of a store as tidy frames: ``trials``, ``curves`` and ``paths``.

    These are the final trials, by which optimizers are judged. The trials that a study with
    ``[tune]`` searched with are in ``tuning`` and ``tuning_curves``, its searches in ``tunings``,
    and the settings that they chose in ``winners``.

    ``trials`` has one row per planned trial: its specification (optimizer, problem, sampler, seed,
    ...), how it ended (status, reason), counts, seconds, and the final (``loss``) and best
    (``best_loss``) value of each metric. ``curves`` has one row per checkpoint. ``paths`` has one
    row per recorded step of each trial with P ≤ 2.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        tuning = f", {len(self.tuning)} of tuning" if len(self.tuning) else ""
        return f"<Results of {self.path}: {len(self.trials)} trials{tuning}>"

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per planned trial that is judged: those of the stage ``final``."""
        return read_trials(self.path)

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """One row per trial that searched for hyperparameters, with the columns of ``trials``.

        ``contender``, ``problem``, ``sampler`` and ``study`` say which search it belongs to,
        ``number`` which of its settings, and ``round`` when that was proposed. Empty without
        tuning.
        """
        return read_trials(self.path, "tune")

    @cached_property
    def tuning_curves(self) -> pd.DataFrame:
        """One row per checkpoint of each trial in ``tuning``."""
        return read_curves(self.path, "tune")

    @cached_property
    def tunings(self) -> pd.DataFrame:
        """One row per search: one contender on one problem, with one sampler, in one study.

        Its columns are contender, problem, sampler, study; ``space`` (a dict with the `Space` of
        each tuned field); ``tuner`` (a dict: how settings were proposed and chosen); ``seed`` (of
        the proposals); ``closed`` (whether it has ended); ``winner`` (a dict with the ``number``
        and the ``setting`` that was chosen, or None); ``reason`` (why there is no winner); and
        ``proposals`` (a list of rounds, each a list of settings).
        """
        return read_tunings(self.path)

    @cached_property
    def winners(self) -> pd.DataFrame:
        """One row per search: what it chose, and what it cost.

        Its columns are contender, problem, sampler, study; ``optimizer`` (the winner's label, as in
        ``trials``), ``number`` and ``setting`` (a dict); ``value`` (by which it was chosen, less
        being better) and ``broken`` (the share of its tuning runs that broke down); ``tried`` (the
        number of settings); ``runs``, ``work`` (gradients over all the data) and ``seconds`` of the
        whole search; and ``reason`` (why there is no winner). Winners are None, and their numbers
        missing, where a search has not ended or chose nothing.
        """
        return winners_of(self.tunings, self.tuning, self.trials)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row per checkpoint of each trial in ``trials``."""
        return read_curves(self.path)

    @cached_property
    def paths(self) -> pd.DataFrame:
        """θ and the gradient of each trial with P ≤ 2, at each of its first steps and checkpoints.

        The columns are key, step, theta_0, theta_1, gradient_0, gradient_1. Values of the second
        parameter are NaN if P is 1. The frame is empty if the store is of an older format.
        """
        return read_paths(self.path)

    @property
    def path_tables(self) -> Mapping[str, NDArray[np.float64]]:
        """The paths as arrays by the trials' keys; each is read when it is asked for."""
        return StoredPaths(self.path)

    @cached_property
    def landscapes(self) -> dict[str, Landscape]:
        """The loss on a grid around the path of each trial with P ≤ 2, by the trial's key."""
        query = "SELECT key, landscape FROM curves WHERE landscape IS NOT NULL AND +key NOT IN"
        with reading(self.path) as connection:
            tuning = f"(SELECT key FROM trials WHERE {of_stage(connection, 'tune')})"
            rows = connection.execute(f"{query} {tuning}").fetchall()
            checked_columns("curves", ("key", "landscape"), [*zip(*rows, strict=True)])
            return {key: landscape_in(key, blob) for key, blob in rows}

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study: name, seed, seeds, budget, time, and the cost and metric of its reports."""
        with reading(self.path) as connection:
            study: dict[str, Any] = visible(study_of(connection))
            return study

    @property
    def cost(self) -> str:
        """The cost by which reports compare: the study's, by default work."""
        found = self.study.get("cost")
        return found if found in OFFERED else DEFAULT

    @property
    def metric(self) -> str | None:
        """The metric by which reports judge; None if the study names none that was measured."""
        found = self.study.get("metric")
        return found if found in self.metrics else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that runs were measured by; ``gap`` is f − f*, where f* is known."""
        names = [str(name) for name in self.trials if f"best_{name}" in self.trials]
        known = self.trials["minimum"].notna().any() if len(self.trials) else False
        return (*names, *(["gap"] if known else []))

    def judged_by(self, cost: str | None = None, metric: str | None = None) -> Results:
        """Return these results with another cost and metric for reports; None keeps the study's.

        Raises
        ------
        UsageError
            If there is no such cost, or no run measured the metric.
        """
        if cost is not None:
            check_cost(cost)
        if metric is not None and metric not in self.metrics:
            raise UsageError(
                f"{self.path.parent}: no run measured the metric {metric!r}; "
                f"{nearest(metric, self.metrics)}"
            )
        given = {"cost": cost, "metric": metric}
        other = copy.copy(self)
        vars(other).pop("_standings", None)
        other.study = self.study | {k: v for k, v in given.items() if v is not None}
        return other

    def standings(self, cost: str | None = None, metric: str | None = None) -> Standings:
        """Return who is best, by how much, and how sure that is: see `Standings`.

        ``cost`` and ``metric`` are those of the study by default.

        Raises
        ------
        UsageError
            If there is no such cost, or no run measured the metric.

        Examples
        --------
        >>> optframe.load("results/quickstart").standings().headline  # doctest: +SKIP
        ['momentum leads over these 4 problems, ...', ...]
        """
        if cost is None and metric is None:
            return self._standings
        return self.judged_by(cost, metric).standings()

    @cached_property
    def _standings(self) -> Standings:
        from optframe.statistics.standings import standings, with_tuners
        from optframe.statistics.tuning import warnings_of

        asked = self.study.get("seeds")
        seeds = asked if isinstance(asked, int) else None
        searched: dict[str, Any] = {}
        if len(self.tunings):
            warnings = warnings_of(self.tuning, self.tunings, self.trials)
            searched = {"tuning": with_tuners(self.winners, self.tunings), "warnings": warnings}
        return standings(self.trials, self.curves, self.cost, self.metric, seeds, **searched)

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        """The environments in which trials ran, one entry for each."""
        with reading(self.path) as connection:
            return [*environments_of(connection).values()]


def load(folder: str | Path) -> Results:
    """Read the results of a folder, or of a store's file.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    path = expanded(folder)
    path = path / STORE_NAME if path.is_dir() else path
    if not path.exists():
        raise StoreError(f"{path}: found no results; expected the folder of `optframe run --out`")
    with reported(path):
        check(path)
    return Results(path)
