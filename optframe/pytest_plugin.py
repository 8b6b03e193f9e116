"""The pytest fixture `optbench`: tests that an optimizer reaches its target, and counts the cost.

::

    def test_adam(optbench):
        optbench("adam:lr=0.05", "rosenbrock", target=1e-6, max_steps=5000)

It asserts that the target is reached. It writes the counts where `optframe compare` finds them: in
pytest-benchmark's JSON (``extra_info["optframe"]``, see `optframe.gate.measured`), and in the file
of ``--optbench-json``, which does not need pytest-benchmark.

Every run of pytest imports this module. So it imports only pytest at the top, and the rest when the
fixture is called.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from optframe.contracts.record import Record
    from optframe.contracts.trial import Trial
    from optframe.gate.measured import Measured
    from optframe.gate.optbench import Bench, Outcome

__all__ = ["Optbench"]

_COUNTED = pytest.StashKey[list[dict[str, Any]]]()
"""The counts of a test since its last report: tables with fullname and extra_info."""

_ENVIRONMENTS = pytest.StashKey[dict[tuple[str, int], dict[str, Any]]]()
"""The environments of trials by backend and threads, each described once."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option ``--optbench-json``."""
    parser.getgroup("optframe").addoption(
        "--optbench-json",
        metavar="FILE",
        help="Write the counts of the fixture optbench, for `optframe compare`.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixture: with times if pytest-benchmark is in use, else with counts only."""
    fixture = _WithTimes() if _timing(config) else _CountsAlone()
    config.stash[_ENVIRONMENTS] = {}
    config.pluginmanager.register(fixture, "optbench-fixture")
    config.pluginmanager.register(_Collected(config), "optbench-collected")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the counts to the test's report, which xdist sends from a worker to the main process."""
    report = yield
    counted = item.stash.get(_COUNTED, [])
    setattr(report, "optbench", [*counted])  # noqa: B010  (a report declares no such attribute)
    counted.clear()
    return report


class _WithTimes:
    """The fixture where pytest-benchmark is in use, so that its options reach these tests."""

    @pytest.fixture
    def optbench(self, request: pytest.FixtureRequest, benchmark: Any) -> Optbench:
        """Run an optimizer, assert that it reaches its target, store the counts, time a step."""
        return Optbench(request.node, benchmark)


class _CountsAlone:
    """The fixture without pytest-benchmark."""

    @pytest.fixture
    def optbench(self, request: pytest.FixtureRequest) -> Optbench:
        """Run an optimizer, assert that it reaches its target, and store the counts."""
        return Optbench(request.node, None)


class Optbench:
    """The value of the fixture, which a test calls."""

    def __init__(self, node: pytest.Item, benchmark: Any) -> None:
        self._node = node
        self._benchmark = benchmark
        self._unused = copy.copy(benchmark)
        """pytest-benchmark's fixture can be used once; each further trial uses a copy of this."""
        self._number = 0

    def __call__(
        self,
        optimizer: Any,
        problem: Any,
        *,
        target: float | Mapping[str, float] | None = None,
        max_steps: int | None = None,
        seeds: int = 1,
        sampler: Any = "shuffled",
        seed: int = 0,
        start: str = "standard",
        dtype: str | None = None,
        backend: str = "auto",
        time: bool = True,
        **budget: Any,
    ) -> Outcome:
        """Run an optimizer on a problem and assert that it reaches its target.

        The trials are those of a study of this one pair with a study's defaults. So they have the
        same cells as in a study's store. Under pytest-benchmark each trial is a benchmark. The
        first one has the test's name, the second that name with ``#2``.

        **What is timed** is one step: the eleventh, or the last one of a shorter run. It is
        repeated up to 1000 times or for 0.1 s. Each repetition starts from copies of the θ and
        state before it; copying is not timed. The step draws its minibatch, if there is one, and
        calls ``optimizer.step`` with the problem's oracle. It includes no checkpoint and no test of
        the target. The whole run is timed once instead if a step cannot be timed alone (a `Solver`,
        ``resumable = False``, a run of less than two steps), if the target was missed, or if
        ``time`` is False.

        Parameters
        ----------
        optimizer, problem, sampler
            Names in the short notation, tables, or objects. Only problems with data use the
            sampler.
        target
            The loss to reach, or ``{"test_accuracy": 0.95}``. Without it and without
            ``gradient_norm``, a run must only end, and neither diverge nor fail.
        max_steps
            The budget in steps. Other fields of `optframe.Budget` can be given by their names:
            ``epochs``, ``gradients``, ``work``, ``seconds``, ``gradient_norm``, ``patience``,
            ``target_every``.
        seeds, seed
            The number of seeds, and the study's seed. A trial without random numbers runs once.
        start, dtype, backend
            As in a study.
        time
            Whether to time the step, if pytest-benchmark measures times at all.

        Raises
        ------
        AssertionError
            If a trial missed its target. The message names the trial, what it reached at what cost,
            and why it ended.
        UsageError
            If the arguments are wrong, with one line per mistake.
        """
        __tracebackhide__ = True
        from optframe.errors import OptframeError, UsageError
        from optframe.gate.optbench import Bench, Outcome
        from optframe.study.settings import RunSettings
        from optframe.study.study import Study

        given = {"steps": max_steps, "target": target}
        given = {name: value for name, value in given.items() if value is not None}
        try:
            if given.keys() & budget.keys():
                raise UsageError(
                    "optbench: found max_steps and steps, which are the same; give one of them"
                )
            study = Study(
                name=self._node.name,
                budget={**given, **budget},
                optimizers=[optimizer],
                problems=[problem],
                samplers=[sampler],
                seed=seed,
                seeds=seeds,
                start=start,  # type: ignore[arg-type]  # the plan checks these
                dtype=dtype,  # type: ignore[arg-type]
                run=RunSettings(backend=backend),
                where="optbench",
            )
            bench = Bench(study)
        except OptframeError as error:
            self._mark_as_failed()
            raise error.with_traceback(None) from None
        skipped = [trial.skip for trial in bench.trials if trial.skip is not None]
        if skipped:
            pytest.skip(f"optbench: {skipped[0]}")
        found = [self._measure(bench, trial, time) for trial in bench.trials]
        missed = [line for _, line in found if line is not None]
        if missed:
            raise AssertionError("\n".join(missed))
        return Outcome(tuple(measured for measured, _ in found))

    def _measure(self, bench: Bench, trial: Trial, time: bool) -> tuple[Measured, str | None]:
        """Run a trial, store its counts, time it if requested; return why it missed its target."""
        from optframe.gate.measured import of_record, table
        from optframe.gate.optbench import shortfall

        benchmark, name = self._next()
        timed = time and benchmark is not None and not benchmark.disabled
        if timed or benchmark is None:
            record = bench.run(trial)
        else:
            record = _pedantic(benchmark, "whole run", bench.run, args=(trial,))
        missed = shortfall(trial, record)
        if missed is not None and record.traceback is not None:
            missed += "\n" + record.traceback.rstrip()
        measured = of_record(trial, record, self._environment(bench), name)
        counted = table(measured)
        entry: dict[str, Any] = {"name": name.rpartition("::")[2], "fullname": name}
        entry["extra_info"] = {"optframe": counted}
        self._node.stash.setdefault(_COUNTED, []).append(entry)
        if benchmark is not None:
            benchmark.extra_info["optframe"] = counted
        if timed:
            self._time(benchmark, bench, trial, record if missed is None else None)
        return measured, missed

    def _time(self, benchmark: Any, bench: Bench, trial: Trial, reached: Record | None) -> None:
        """Time a step of a run that reached its target, else the whole run, once."""
        if reached is not None:
            with bench.step(trial, reached) as step:
                if step is not None:
                    often = {"setup": step.fresh, "rounds": step.rounds, "warmup_rounds": 5}
                    _pedantic(benchmark, "one step", step, **often)
                    return
        _pedantic(benchmark, "whole run", bench.run, args=(trial,))

    def _next(self) -> tuple[Any, str]:
        """Return pytest-benchmark's fixture for the next trial (or None), and the trial's name."""
        self._number += 1
        suffix = f"#{self._number}" if self._number > 1 else ""
        name = self._node.nodeid + suffix
        if self._number == 1 or self._benchmark is None:
            return self._benchmark, name
        another = copy.copy(self._unused)
        another.name, another.fullname, another.extra_info = another.name + suffix, name, {}
        return another, name

    def _environment(self, bench: Bench) -> dict[str, Any]:
        known = self._node.config.stash[_ENVIRONMENTS]
        where = bench.backend, bench.threads
        if where not in known:
            known[where] = bench.environment()
        return known[where]

    def _mark_as_failed(self) -> None:
        """Let pytest-benchmark see a failure; it warns of a fixture that was not used."""
        if self._benchmark is not None and not self._number:
            with contextlib.suppress(_NotBegunError):
                self._benchmark.pedantic(_fail)


def _pedantic(benchmark: Any, what: str, target: Any, **how: Any) -> Any:
    """Time ``target``; ``what`` names the table: steps and whole runs have separate ones."""
    benchmark.extra_info["timed"] = what
    benchmark.group = benchmark.group or f"optbench: {what}"
    return benchmark.pedantic(target, **how)


class _NotBegunError(Exception):
    """Raised by a benchmark that has failed before it began."""


def _fail() -> None:
    raise _NotBegunError


class _Collected:
    """The counts of all tests, also of xdist's workers; written and summarized at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counted: dict[str, dict[str, Any]] = {}
        option = config.getoption("optbench_json")
        named = None if option is None else os.path.expanduser(option)
        self._file = None if named is None else config.invocation_params.dir / named
        if self._file is not None and not self._file.parent.is_dir():
            raise pytest.UsageError(
                f"--optbench-json: there is no folder {self._file.parent}; create it first"
            )
        if self._file is not None and self._file.is_dir():
            raise pytest.UsageError(
                f"--optbench-json: {self._file} is a folder; expected the name of a file"
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the counts of a test; if it runs again, the last counts replace the first."""
        for one in getattr(report, "optbench", ()):
            self._counted[one["fullname"]] = one

    def pytest_sessionfinish(self) -> None:
        """Write the file, in the main process only if xdist is in use."""
        if self._file is None or not self._counted or hasattr(self._config, "workerinput"):
            return
        import json

        from optframe.contracts.record import now

        content = {
            "datetime": now("seconds"),
            "benchmarks": [self._counted[name] for name in sorted(self._counted)],
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        self._file.write_text(text, "utf-8", "backslashreplace")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line: what was counted, why nothing was timed, and where it is written."""
        why = self._why_no_times()
        if not self._counted:
            parts = [f"nothing counted, {self._file} not written"] if self._file else []
        else:
            parts = [f"{len(self._counted)} trials counted"] if why or self._file else []
            parts += [f"no times: {why}"] if why else []
            parts += [f"written: {self._file}"] if self._file else []
        if parts:
            terminalreporter.write_line("optbench: " + "; ".join(parts))

    def _why_no_times(self) -> str:
        option = self._config.getoption
        if not _timing(self._config):
            return "pytest-benchmark is not in use"
        if option("dist", "no") != "no":
            return "xdist runs several tests at once"
        off = option("benchmark_disable", False) and not option("benchmark_enable", False)
        return "--benchmark-disable" if off else ""


def _timing(config: pytest.Config) -> bool:
    """Whether pytest-benchmark is in use."""
    names = ("benchmark", "pytest_benchmark.plugin")
    return any(config.pluginmanager.has_plugin(name) for name in names)
