"""How optframe's costs grow: measures them, keeps the numbers, and draws the figures of scaling.md.

``python docs/scaling.py`` takes ten minutes; ``--only runs`` measures one figure anew, ``--draw``
none. The numbers are in ``_static/scaling.csv``, under a line that says on which machine they were
measured. Numba (the extra ``numba``) is measured where it is installed.
"""

import argparse
import dataclasses
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import numpy as np
from scaling_figures import DTYPES, NUMBA, NUMPY, PLAIN, ROOF, Row, draw, read, write

import optframe
from optframe.contracts.trial import Budget, Checkpoints, Trial
from optframe.execution.environment import describe
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import TrialRunner
from optframe.rules import computing_with
from optframe.study.settings import RunSettings
from optframe_plugins.backends.numba import NumbaBackend
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.optimizers.adam import Adam

CORES = os.cpu_count() or 1
LR, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8


def medians(
    figure: str, works: Mapping[tuple[str, int], Callable[[], float]], rounds: Callable[[int], int]
) -> Iterator[Row]:
    """Do all works in turn, so many times, and yield the median of the seconds each returns.

    What else a machine does for a second then hits every point a little, and none every time.
    """
    times = defaultdict(list)
    for done in range(max(rounds(x) for _, x in works)):
        for (line, x), work in works.items():
            if done < rounds(x):
                times[line, x].append(work())
    for (line, x), taken in times.items():
        yield Row(figure, line, x, "seconds", float(np.median(taken)))


def repeated(work: Callable[[], object], seconds: float) -> float:
    """Return the time of one call, of so many that they take about so long."""
    began = perf_counter()
    work()
    count = max(1, int(seconds / max(perf_counter() - began, 1e-9)))
    began = perf_counter()
    for _ in range(count):
        work()
    return (perf_counter() - began) / count


# --- parameters: one update of Adam ---------------------------------------------------------------


def plain_step(own: SimpleNamespace) -> Callable[[], None]:
    """Adam's update of ``own.theta`` for the gradient ``own.g``, as one writes it."""
    m = v = np.zeros_like(own.theta)
    t = 0

    def step() -> None:
        nonlocal m, v, t
        t += 1
        m = BETA1 * m + (1 - BETA1) * own.g
        v = BETA2 * v + (1 - BETA2) * own.g * own.g
        m_hat, v_hat = m / (1 - BETA1**t), v / (1 - BETA2**t)
        own.theta = own.theta - LR * m_hat / (np.sqrt(v_hat) + EPS)

    return step


def step_on(own: SimpleNamespace) -> Callable[[], None]:
    """The same by optframe's Adam."""
    adam = Adam(lr=LR, beta1=BETA1, beta2=BETA2, eps=EPS)
    oracle = SimpleNamespace(xp=np, gradient=lambda theta: own.g)
    state = adam.init(own.theta, oracle)

    def step() -> None:
        own.theta, _ = adam.step(own.theta, state, oracle)

    return step


def touching(own: SimpleNamespace) -> Callable[[], None]:
    """What moves as much memory as Adam's update on all cores, and computes next to nothing."""
    import numba

    @numba.njit(parallel=True)
    def touch(theta, g, m, v):
        for i in numba.prange(theta.size):
            theta[i] += g[i]
            m[i] += g[i]
            v[i] += g[i]

    m, v = np.zeros_like(own.theta), np.zeros_like(own.theta)
    touch(own.theta, own.g, m, v)
    return lambda: touch(own.theta, own.g, m, v)


def parameters(
    sizes: Sequence[int] = tuple(int(2 * 10 ** (k / 2)) for k in range(15)),
    seconds: float = 0.02,
    rounds: int = 7,
) -> Iterator[Row]:
    """Time one update of Adam, by everybody in turn."""
    with_numba = NumbaBackend().missing() is None
    backends = {NUMPY: NumpyBackend()} | ({NUMBA: NumbaBackend()} if with_numba else {})
    for level, size in caches():
        yield Row("parameters", f"L{level}", 0, "bytes", size)
    for dtype in DTYPES:
        works = {}
        for size in sizes:
            theta, g = np.random.default_rng(size).standard_normal((2, size)).astype(dtype)
            steps = {PLAIN: plain_step} | dict.fromkeys(backends, step_on)
            if with_numba and size == max(sizes):
                steps[ROOF] = touching
            for name, make in steps.items():
                step = make(SimpleNamespace(theta=theta.copy(), g=g))
                backend = backends.get(name, backends[NUMPY])
                works[f"{name}, {dtype}", size] = partial(timed, step, backend, seconds)
        yield from medians("parameters", works, lambda size: rounds)


def timed(step: Callable[[], None], backend: optframe.Backend, seconds: float) -> float:
    """Return the time of one step on a backend that may use all cores."""
    with computing_with(backend), backend.limit_threads(CORES):
        return repeated(step, seconds)


def caches() -> Iterator[tuple[int, int]]:
    """Yield the level and the size in bytes of each cache for data, where Linux tells."""
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = (
            (index / name).read_text().strip() for name in ("level", "type", "size")
        )
        if kind != "Instruction" and size.endswith("K"):
            yield int(level), 1024 * int(size[:-1])


# --- runs: so many of Rosenbrock's function at once -----------------------------------------------


def plain_runs(optimizer: str, theta, lr, steps: int):
    """Return where the same lines in a bare loop lead from θ of shape (runs, 2)."""
    m = v = np.zeros_like(theta)
    for t in range(1, steps + 1):
        x, y = theta[..., 0], theta[..., 1]
        rise = y - x * x
        g = np.stack([-400 * x * rise - 2 * (1 - x), 200 * rise], axis=-1)
        if optimizer == "sgd":
            theta = theta - lr * g
        else:
            m = BETA1 * m + (1 - BETA1) * g
            v = BETA2 * v + (1 - BETA2) * g * g
            root = np.sqrt(v / (1 - BETA2**t)) + EPS
            theta = theta - lr * (m / (1 - BETA1**t)) / root
    return theta


def per_plain_step(optimizer: str, runs: int, steps: int) -> float:
    """Return the seconds of a run's step in the bare loop."""
    theta = np.random.default_rng(runs).standard_normal((runs, 2))
    began = perf_counter()
    plain_runs(optimizer, theta, np.full((runs, 1), 1e-5), steps)
    return (perf_counter() - began) / (runs * steps)


def planned(optimizer: str, seeds: int) -> tuple[TrialRunner, list[Trial]]:
    """Return the trials of a study of Rosenbrock's function, and what runs them."""
    study = optframe.Study(
        name="scaling",
        seeds=seeds,
        start="random",
        budget={"steps": 1},
        optimizers=[{"name": optimizer, "lr": 1e-5}],
        problems=["rosenbrock"],
        run=RunSettings(backend="numpy", checkpoints=1),
    )
    registry = optframe.load_plugins()
    return TrialRunner(registry), study.trials(registry)


def runs(
    counts: Sequence[int] = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000),
    work: int = 1_000_000,
    rounds: int = 5,
) -> Iterator[Row]:
    """Time steps of many runs that advance together, by the clock that studies report."""
    works = {}
    for optimizer in ("sgd", "adam"):
        runner, trials = planned(optimizer, max(counts))
        for count in counts:
            steps = min(2_000, max(20, work // count))
            asked = [dataclasses.replace(t, budget=Budget(steps=steps)) for t in trials[:count]]
            batch = together(runner, asked)
            works[f"{optimizer}, optframe", count] = partial(per_step, runner, batch, steps)
            works[f"{optimizer}, {PLAIN}", count] = partial(per_plain_step, optimizer, count, steps)
    yield from medians("runs", works, lambda count: min(rounds, max(1, 30_000 // count)))


def together(runner: TrialRunner, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Return the trials as one batch."""
    (batch,) = companions(trials, runner, memory=1e6)
    return batch


def per_step(runner: TrialRunner, batch: Sequence[Trial], steps: int) -> float:
    """Return the seconds of a run's step, by the clock that studies report."""
    record = runner(batch)[0]
    assert record.together == len(batch)
    return record.seconds / (len(batch) * steps)


# --- checkpoints and trials: what a study costs ---------------------------------------------------


def checkpoints(
    counts: Sequence[int] = (10, 30, 100, 300, 1_000, 3_000, 10_000),
    steps: int = 10_000,
    rounds: int = 9,
) -> Iterator[Row]:
    """Time one whole run of sgd on Rosenbrock's function, and what its clock says."""
    runner, (trial,) = planned("sgd", 1)
    works = {}
    for count in counts:
        budget, marks = Budget(steps=steps), Checkpoints(count=count)
        asked = dataclasses.replace(trial, budget=budget, checkpoints=marks)
        works["the whole run", count] = partial(whole_run, runner, asked)
        works["its steps, by its clock", count] = partial(by_its_clock, runner, asked)
    yield from medians("checkpoints", works, lambda count: rounds)


def whole_run(runner: TrialRunner, trial: Trial) -> float:
    """Return the seconds of a run from its names to its record."""
    began = perf_counter()
    runner((trial,))
    return perf_counter() - began


def by_its_clock(runner: TrialRunner, trial: Trial) -> float:
    """Return the seconds that the run says that it took."""
    return runner((trial,))[0].seconds


STUDY = """
[study]
seeds = {count}
start = "random"
budget = {{ steps = 10 }}
[run]
checkpoints = 10
[[optimizer]]
name = "sgd"
lr = 1e-4
[[problem]]
name = "rosenbrock-extended"
size = 10
"""


def trials(
    counts: Sequence[int] = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000), rounds: int = 5
) -> Iterator[Row]:
    """Time ``optframe run`` as a process, and see how large its memory and its store become."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        whole_process(folder, 1)  # which compiles what is imported
        for count in counts:
            for line, options in (("one at a time", ()), ("together", ("--together",))):
                times = range(min(rounds, max(1, 3_000 // count)))
                found = [whole_process(folder, count, *options) for _ in times]
                for name, value in zip(
                    ("seconds", "memory", "store"), np.median(found, axis=0), strict=True
                ):
                    yield Row("trials", line, count, name, value)


def whole_process(folder: Path, count: int, *options: str) -> tuple[float, int, int]:
    """Return a study's seconds, its peak memory and its store's size, both in bytes."""
    (folder / "study.toml").write_text(STUDY.format(count=count), encoding="utf-8")
    out = Path(tempfile.mkdtemp(dir=folder))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "optframe", "run", "study.toml", "--no-report"]
    began = perf_counter()
    with subprocess.Popen(
        [*command, "--out", out, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, unit * used.ru_maxrss, (out / "store.sqlite").stat().st_size


# --- the command ----------------------------------------------------------------------------------

MEASURES = {"parameters": parameters, "runs": runs, "checkpoints": checkpoints, "trials": trials}


def machine() -> str:
    """Say what the numbers depend on."""
    registry = optframe.load_plugins()
    backend = registry.make("backends", "numpy")
    about = describe(registry, backend, CORES, Path(__file__).parent)
    versions = [f"{n} {v}" for n, v in about["versions"].items() if v and n in ("numpy", "numba")]
    sizes = [f"L{level} {size / 2**20:g} MiB" for level, size in caches() if level > 1]
    parts = [about["cpu"], f"{CORES} cores", *sizes, platform.system()]
    return ", ".join([*parts, f"Python {about['python']}", *versions])


def main() -> None:
    """Measure what is asked for, keep it beside what is there, and draw all that is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, metavar="FIGURE")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "_static")
    given = parser.parse_args()
    path = given.out / "scaling.csv"
    where, rows = read(path) if path.exists() else ("", [])
    if not given.draw:
        where = machine()
        print(where)
        for name in given.only or MEASURES:
            rows = [row for row in rows if row.figure != name]
            for row in MEASURES[name]():
                print(f"{row.figure}: {row.line} at {row.x:g}: {row.value:.3g} {row.quantity}")
                rows.append(row)
        order = [*MEASURES]
        write(path, where, sorted(rows, key=lambda row: order.index(row.figure)))
    for file in draw(rows, given.out):
        print(file)


if __name__ == "__main__":
    main()
