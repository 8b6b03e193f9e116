"""What people call from Python: `minimize`, `make`, `run`, `load`, `report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optframe.components.building import make_wrapped
from optframe.components.kinds import KINDS
from optframe.components.loading import load_plugins
from optframe.components.notation import parse
from optframe.components.registry import Registry
from optframe.errors import UsageError, nearest
from optframe.execution.minimize import minimize
from optframe.execution.runner import run_study
from optframe.execution.signals import end_by
from optframe.store.results import Results, load
from optframe.store.side_by_side import SideBySide
from optframe.study.study import Study

__all__ = ["load", "make", "minimize", "report", "run"]


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
    KeyboardInterrupt, SystemExit
        Where Ctrl-C or SIGTERM has stopped it; what was finished is kept.
    """
    registry = registry or load_plugins(plugins)
    made = study if isinstance(study, Study) else find_study(study, registry)
    folder = Path(out) if out is not None else made.folder
    outcome = run_study(made, folder, registry)
    if outcome.stopped is not None:
        end_by(outcome.stopped)
    return outcome.results


def report(
    results: Results | str | Path | Sequence[Results | str | Path],
    folder: str | Path | None = None,
    *,
    format: str = "html",
    registry: Registry | None = None,
) -> Path:
    """Draw a report and return the file to open.

    Parameters
    ----------
    results
        What `run` or `load` returned, or a results folder; several of them stand side by side in
        one report.
    folder
        Where to write it; by default ``report`` beside the (first) store.
    format
        A reporter's name: ``html``, ``md``, ``latex``, ``pdf``, or a plugin's.
    registry
        The plugins to use, by default all that are installed.
    """
    registry = registry or load_plugins()
    several = [results] if isinstance(results, (Results, str, Path)) else list(results)
    read = [one if isinstance(one, Results) else load(one) for one in several]
    loaded = read[0] if len(read) == 1 else SideBySide(read)
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
    if path.suffix != ".toml" and (path.is_dir() or not path.exists()):
        path = Path(registry.entry("studies", str(study)).target)
    return Study.from_file(path, settings)


def _make(registry: Registry, name: str, parameters: Mapping[str, Any]) -> Any:
    table = {**parse(name), **parameters}
    word = table["name"]
    makeable = [kind for kind in KINDS if kind != "studies"]
    kinds = [kind for kind in makeable if word in registry.names(kind)]
    if not kinds:
        known = {n for kind in makeable for n in registry.names(kind)}
        raise UsageError(f"unknown component {word!r}; {nearest(word, known)}")
    return make_wrapped(registry, kinds[0], table, word)
