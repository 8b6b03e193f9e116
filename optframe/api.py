"""The functions that users call from Python: `minimize`, `make`, `run`, `load`, `report`, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optframe.components.building import make_wrapped
from optframe.components.kinds import KINDS
from optframe.components.loading import load_plugins
from optframe.components.notation import parse
from optframe.components.registry import Registry
from optframe.contracts import Optimizer
from optframe.errors import UsageError, nearest
from optframe.execution.minimize import minimize
from optframe.execution.runner import run_study
from optframe.execution.scipy_method import ScipyMethod
from optframe.execution.signals import end_by
from optframe.given_files import expanded
from optframe.store.results import Results, load
from optframe.store.side_by_side import SideBySide
from optframe.study.study import Study

if TYPE_CHECKING:
    from optframe.gate.parity.comparison import Comparison

__all__ = ["load", "make", "minimize", "parity", "report", "run", "scipy_method"]


def make(name: str, /, **parameters: Any) -> Any:
    """Make a component of any kind by its name.

    Parameters
    ----------
    name
        A registered name, an import path (``"torch.optim.AdamW"``), or the short notation
        (``"adam:lr=0.05+clip-norm:max=1"``).
    parameters
        Its parameters, as in a study file. A schedule is a table:
        ``lr={"schedule": "linear", ...}``.

    Raises
    ------
    UsageError
        If the name or a parameter is wrong; the message has one line for each mistake.
    PluginError
        If the component cannot be imported.

    Examples
    --------
    >>> import optframe
    >>> optframe.make("adam", lr=0.05).lr
    0.05
    """
    return _make(load_plugins(), name, parameters)


def scipy_method(optimizer: str | Optimizer, *, seed: int = 0) -> ScipyMethod:
    """Return an optimizer as a ``method`` for ``scipy.optimize.minimize``.

    SciPy's ``jac`` answers ``gradient``, ``hess`` answers ``hessian`` and ``hvp``, and ``hessp``
    answers ``hvp``. The options are ``maxiter`` (by default 1000) and ``gtol``: the method ends
    where no entry of the gradient is larger. Without it, all iterations are done, and ``success``
    is False. ``nfev`` and ``njev`` count all calls. A callback gets x, or an
    ``intermediate_result`` with x and ``fun``, which takes one evaluation each; ``StopIteration``
    from it ends the minimization.

    Parameters
    ----------
    optimizer
        A name in the short notation, or an object.
    seed
        For optimizers that draw random numbers.

    Raises
    ------
    UsageError
        If the name or a parameter is wrong, or the optimizer has its own loop. When SciPy calls the
        method: if there are bounds or constraints, or the optimizer needs what was not given.

    Examples
    --------
    >>> import optframe
    >>> from scipy.optimize import minimize, rosen, rosen_der
    >>> method = optframe.scipy_method("lbfgs")
    >>> found = minimize(rosen, [-1.2, 1.0], jac=rosen_der, method=method, options={"gtol": 1e-6})
    >>> found.success, found.x.round(4).tolist()
    (True, [1.0, 1.0])
    """
    made = make(optimizer) if isinstance(optimizer, str) else optimizer
    if not isinstance(made, Optimizer):
        raise UsageError(
            f"scipy_method: found {optimizer!r}; expected an optimizer that does one step at a time"
        )
    return ScipyMethod(made, optimizer if isinstance(optimizer, str) else type(made).__name__, seed)


def run(
    study: str | Path | Study,
    out: str | Path | None = None,
    *,
    plugins: Sequence[str] = (),
    registry: Registry | None = None,
) -> Results:
    """Run a study and return its results.

    Trials that are already in the results folder are not run again. ::

        results = optframe.run("study.toml")
        results.trials.groupby("optimizer").loss.median()

    Parameters
    ----------
    study
        The path of a study file, the name of a registered study, or a `Study`.
    out
        The results folder, by default ``results/<name of the study>``.
    plugins
        Python files or module names of plugins that are not installed.
    registry
        The plugins to use, by default the installed ones and ``plugins``.

    Raises
    ------
    UsageError
        If the study has mistakes; the message has one line for each.
    UnavailableError
        If the backend of the study cannot run on this machine.
    StoreError
        If the results folder cannot be read or written.
    KeyboardInterrupt, SystemExit
        If Ctrl-C or SIGTERM stopped the study. Finished trials are in the results folder.
    """
    registry = registry or load_plugins(plugins)
    made = study if isinstance(study, Study) else find_study(study, registry)
    folder = expanded(out) if out is not None else made.folder
    outcome = run_study(made, folder, registry)
    if outcome.stopped is not None:
        end_by(outcome.stopped)
    return outcome.results


def report(
    results: Results | str | Path | Sequence[Results | str | Path],
    folder: str | Path | None = None,
    *,
    format: str = "html",
    cost: str | None = None,
    metric: str | None = None,
    registry: Registry | None = None,
) -> Path:
    """Write a report and return the path of its main file.

    ::

        page = optframe.report("results/quickstart", format="html")

    Parameters
    ----------
    results
        What `run` or `load` returned, or the path of a results folder. A sequence of them gives one
        report that compares them.
    folder
        The folder to write to. By default it is ``report`` in the (first) results folder.
    format
        The name of a reporter: ``html``, ``md``, ``latex``, ``pdf``, or one of a plugin.
    cost
        What optimizers are compared by: ``work``, ``steps``, ``gradients``, ``records``,
        ``epochs``, ``samples``, ``evaluations`` or ``seconds``; by default the study's, else work.
    metric
        What judges where no target was reached; by default the study's, else the validation loss
        where there is one, else f − f* or the loss.
    registry
        The plugins to use, by default all that are installed.

    Raises
    ------
    UsageError
        If no reporter has the name ``format``, there is no such cost, or no run measured the
        metric.
    StoreError
        If a results folder cannot be read.
    """
    registry = registry or load_plugins()
    several = [results] if isinstance(results, (Results, str, Path)) else list(results)
    read = [one if isinstance(one, Results) else load(one) for one in several]
    loaded = (read[0] if len(read) == 1 else SideBySide(read)).judged_by(cost, metric)
    target = expanded(folder) if folder is not None else loaded.path.parent / "report"
    reporter = registry.make("reporters", format, where="report")
    written: Path = reporter.write(loaded, target, registry)
    return written


def parity(*optimizers: str | Optimizer, registry: Registry | None = None) -> Comparison:
    """Give optimizers the same gradients, and name the conventions in which they differ.

    Each is compared with the first one. ``print`` shows the differences and the verdicts.

    Parameters
    ----------
    optimizers
        At least two: notations (``"adam:eps=1e-3"``, ``"torch.optim.Adam"``), or objects.
    registry
        The loaded plugins.

    Raises
    ------
    UsageError
        If a name or parameter is wrong, or an optimizer asks for more than gradients.

    Examples
    --------
    >>> import optframe
    >>> comparison = optframe.parity("adam", "adam:eps_hat=true")
    >>> comparison.verdicts[1].equal, comparison.verdicts[1].changes
    (False, ('eps_hat=true',))
    """
    from optframe.gate.parity.comparison import compare  # nothing else here needs it

    return compare(optimizers, registry or load_plugins())


def find_study(
    study: str | Path, registry: Registry, changes: Mapping[str, Mapping[str, Any]] | None = None
) -> Study:
    """Read a study file, given by its path or by the name of a registered study.

    ``changes`` overrides entries of its tables, as for `Study.from_file`.
    """
    path = expanded(study)
    if path.suffix != ".toml" and (path.is_dir() or not path.exists()):
        path = Path(registry.entry("studies", str(study)).target)
    return Study.from_file(path, changes)


def _make(registry: Registry, name: str, parameters: Mapping[str, Any]) -> Any:
    table = {**parse(name), **parameters}
    word = table["name"]
    given = {key: value for key, value in table.items() if key not in ("name", "wrap")}
    makeable = [kind for kind in KINDS if kind not in ("studies", "adapters")]
    kinds = [kind for kind in registry.kinds(word, given) if kind in makeable]
    if not kinds:
        known = {n for kind in makeable for n in registry.names(kind)}
        raise UsageError(f"unknown component {word!r}; {nearest(word, known)}")
    return make_wrapped(registry, kinds[0], table, word)
