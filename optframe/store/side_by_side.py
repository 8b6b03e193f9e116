"""Joins the results of several stores: two versions of an optimizer, or of two machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.store.results import Results

if TYPE_CHECKING:
    import pandas as pd

    from optframe.contracts.record import Landscape

__all__ = ["SideBySide"]


class SideBySide(Results):
    """The results of several stores, with the store's name added to each optimizer's.

    ``adam`` of the folder ``new`` becomes ``adam @ new``. Trials have two more columns: ``side``,
    the store's name, and ``asked``, the optimizer's original name.
    """

    def __init__(self, results: Sequence[Results]) -> None:
        super().__init__(results[0].path)
        self.sides = dict(zip(_names([one.path.parent for one in results]), results, strict=True))

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per planned trial of each store; rows of the same optimizer are together."""
        return _joined_trials({side: one.trials for side, one in self.sides.items()})

    @cached_property
    def tuning(self) -> pd.DataFrame:
        """One row per trial of each store that searched for hyperparameters."""
        return _joined_trials({side: one.tuning for side, one in self.sides.items()})

    @cached_property
    def tunings(self) -> pd.DataFrame:
        """One row per search of each store, with the store's name added to the contender's."""
        import pandas as pd

        frames = [
            one.tunings.assign(contender=one.tunings["contender"] + f" @ {side}", side=side)
            for side, one in self.sides.items()
        ]
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row per checkpoint of each trial."""
        return _joined_curves({side: one.curves for side, one in self.sides.items()})

    @cached_property
    def tuning_curves(self) -> pd.DataFrame:
        """One row per checkpoint of each trial in ``tuning``."""
        return _joined_curves({side: one.tuning_curves for side, one in self.sides.items()})

    @cached_property
    def paths(self) -> pd.DataFrame:
        """The paths of all stores, one row per point."""
        import pandas as pd

        frames = [one.paths.assign(key=side + one.paths["key"]) for side, one in self.sides.items()]
        return pd.concat(frames, ignore_index=True)

    @property
    def path_tables(self) -> Mapping[str, NDArray[np.float64]]:
        """The paths of all stores as arrays, by the trials' keys."""
        return _PathsOfSides({side: one.path_tables for side, one in self.sides.items()})

    @cached_property
    def landscapes(self) -> dict[str, Landscape]:
        """The landscapes of all stores, by the trials' keys."""
        return {
            side + key: landscape
            for side, one in self.sides.items()
            for key, landscape in one.landscapes.items()
        }

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study's data: a value that differs between studies is given for each store."""
        studies = {side: one.study for side, one in self.sides.items()}
        names = dict.fromkeys(str(study.get("name", "study")) for study in studies.values())
        joined: dict[str, Any] = {"name": f"{' and '.join(names)}: {' beside '.join(self.sides)}"}
        for fact in ("seed", "seeds", "budget", "start", "cost", "metric"):
            values = {side: study.get(fact) for side, study in studies.items()}
            same = len({str(value) for value in values.values()}) == 1
            joined[fact] = next(iter(values.values())) if same else values
        return joined

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        """The environments of all stores, each with its ``side``."""
        return [
            {"side": side, **environment}
            for side, one in self.sides.items()
            for environment in one.environments
        ]


def _joined_trials(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the trials of all stores by their names, those of one optimizer together."""
    import pandas as pd

    own = [
        frame.assign(side=side, asked=frame["optimizer"], key=side + frame["key"])
        for side, frame in frames.items()
    ]
    joined = pd.concat(own, ignore_index=True)
    for name in ("optimizer", "optimizer_name", "contender"):
        pairs = zip(joined[name], joined["side"], strict=True)
        joined[name] = [None if pd.isna(own) else f"{own} @ {side}" for own, side in pairs]
    ranks = {f"_{name}": pd.factorize(joined[name])[0] for name in ("problem", "asked")}
    ordered = joined.assign(**ranks).sort_values([*ranks], kind="stable", ignore_index=True)
    return ordered.drop(columns=[*ranks])


def _joined_curves(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    own = [
        frame.assign(key=side + frame["key"], optimizer=frame["optimizer"] + f" @ {side}")
        for side, frame in frames.items()
    ]
    return pd.concat(own, ignore_index=True)


class _PathsOfSides(Mapping[str, NDArray[np.float64]]):
    """The paths of several stores, by the stores' names joined with the trials' keys."""

    def __init__(self, sides: Mapping[str, Mapping[str, NDArray[np.float64]]]) -> None:
        self._sides = sides

    def __getitem__(self, key: str) -> NDArray[np.float64]:
        for side, paths in self._sides.items():
            if key.startswith(side) and key.removeprefix(side) in paths:
                return paths[key.removeprefix(side)]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (side + key for side, paths in self._sides.items() for key in paths)

    def __len__(self) -> int:
        return sum(map(len, self._sides.values()))


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the folders' names, with as many of their parents as make them different."""
    paths = [folder.resolve().parts[1:] for folder in folders]
    for length in range(1, max(map(len, paths)) + 1):
        names = ["/".join(parts[-length:]) for parts in paths]
        if len(set(names)) == len(names):
            return names
    return [f"{folder.name} ({number})" for number, folder in enumerate(folders, start=1)]
