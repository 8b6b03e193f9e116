"""Tries every optimizer of optax, and writes the table of docs/optax-optimizers.md.

Run it from the repository, with the extra ``jax`` installed::

    python docs/optax_optimizers.py

An optimizer *runs* if it does twelve steps on a small problem with blocks of two, one, four and one
axes in float32 and float64. It *resumes* if a run goes on to the bit from the state that was saved
at step six. The last columns are the largest difference in θ from a plain loop without compilation,
as a share of the largest change of θ.
"""

import importlib
import inspect
import io
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import optframe
from optframe import Block, Layout
from optframe.contracts.oracle import Counts, Oracle
from optframe.testing import PlainBackend
from optframe.trial.packing import Packing
from optframe_plugins.adapters.optax import Optax

PAGE = Path(__file__).with_name("optax-optimizers.md")
MARKS = "<!-- begin: written by docs/optax_optimizers.py -->\n", "<!-- end -->\n"
MODULES = ("optax", "optax.contrib")
STEPS, SAVED = 12, 6
PRECISIONS = ("float32", "float64")
BLOCKS = Layout(
    (
        Block("first.weight", (6, 4), "hidden"),
        Block("first.bias", (6,), "bias"),
        Block("kernel.weight", (4, 3, 3, 3), "hidden"),
        Block("norm.weight", (4,), "scale"),
    )
)
DRAW = np.random.default_rng(0)
SCALES, CENTER = DRAW.uniform(0.5, 2, BLOCKS.size), DRAW.normal(size=BLOCKS.size)
START = DRAW.normal(size=BLOCKS.size)
MORE = {"l2_norm_clip": 1.0, "noise_multiplier": 1.0, "seed": 0}
"""Values of parameters that a function requires beside its rate, which is 0.01."""

PROBLEM = optframe.FunctionProblem(
    lambda theta: float(0.05 * np.sum(SCALES * (theta - CENTER) ** 2)),
    lambda theta: (0.1 * SCALES * (theta - CENTER)).astype(theta.dtype),
    theta0=START,
    layout=BLOCKS,
)


def functions():
    """Yield the import paths and the functions that take a rate, or choose it themselves."""
    adapter = Optax()
    for module in MODULES:
        for name, found in sorted(vars(importlib.import_module(module)).items()):
            if name.startswith(("_", "scale_by")) or adapter.recognizes(found) != "optimizers":
                continue
            chooses = name in ("lbfgs", "polyak_sgd")
            if chooses or "learning_rate" in inspect.signature(found).parameters:
                yield f"{module}.{name}", found


def required(found):
    """Return values for the parameters that a function requires."""
    parameters = inspect.signature(found).parameters.values()
    names = [p.name for p in parameters if p.default is p.empty]
    return {name: MORE.get(name, 0.01) for name in names if name in MORE or name[:5] == "learn"}


def loss(blocks):
    """Return what `PROBLEM` has, of blocks in JAX."""
    theta = jnp.concatenate([blocks[block.name].reshape(-1) for block in BLOCKS])
    scales, center = SCALES.astype(theta.dtype), CENTER.astype(theta.dtype)
    return 0.05 * jnp.sum(scales * (theta - center) ** 2)


def plain_loop(found, given, takes, dtype):
    """Return the solution of a loop as optax's documentation has it."""
    with jax.enable_x64(dtype == "float64"):
        made = optax.with_extra_args_support(found(**given))
        views = BLOCKS.views(START.astype(dtype))
        params = {name: jnp.asarray(view) for name, view in views.items()}
        state = made.init(params)
        for _ in range(STEPS):
            value, slope = jax.value_and_grad(loss)(params)
            every = {"value": value, "grad": slope, "value_fn": loss}
            extra = {name: every[name] for name in takes}
            updates, state = made.update(slope, state, params, **extra)
            params = optax.apply_updates(params, updates)
        if isinstance(state, optax.contrib.ScheduleFreeState):
            params = optax.contrib.schedule_free_eval_params(state, params)
        return BLOCKS.flat({name: np.asarray(value) for name, value in params.items()})


def walk(optimizer, dtype, theta=None, packed=None):
    """Do steps; return θ at the end, θ and the packed state in between, and the solution."""
    backend = PlainBackend()
    oracle = Oracle(PROBLEM, backend, Counts(), np.random.default_rng)
    first = 0 if packed is None else SAVED
    theta = START.astype(dtype) if theta is None else theta
    if packed is None:
        state = optimizer.init(theta, oracle)
    else:
        state = optimizer.load(theta, Packing(backend, packed[1]).unpack(packed[0], {}), oracle)
    between = None
    for oracle.step in range(first, STEPS):
        if oracle.step == SAVED:
            between = theta.copy(), saved(optimizer, state, backend)
        theta, state = optimizer.step(theta, state, oracle)
    return theta, between, optimizer.solution(theta, state)


def saved(optimizer, state, backend):
    """Return a state as a store holds it."""
    packing, file = Packing(backend), io.BytesIO()
    plain = packing.pack_state(optimizer, state)
    np.savez(file, **{f"array_{number}": one for number, one in enumerate(packing.packed)})
    file.seek(0)
    return plain, np.load(file)


def tried(path, found):
    """Return what becomes of a function: runs, resumes, two differences, and a remark."""
    given = required(found)
    try:
        optimizer = optframe.make("".join((path, *_written(given))))
    except Exception as error:
        return "no", "", "", "", " ".join(str(error).split()).split(f"{path}: ")[-1].split(";")[0]
    takes, resumes, differences = optimizer.transformation.takes, True, []
    for dtype in PRECISIONS:
        theta, (kept, packed), solution = walk(optimizer, dtype)
        again = walk(optimizer, dtype, kept, packed)[0]
        resumes = resumes and np.array_equal(again, theta) and np.isfinite(theta).all()
        if optimizer.random:
            differences.append("")
            continue
        expected = plain_loop(found, given, takes, dtype)
        reach = np.abs(expected - START).max()
        differences.append(f"{np.abs(solution - expected).max() / reach:.0e}")
    remarks = [f"takes {', '.join(sorted(takes))}"] if takes else []
    remarks += ["draws from the run's seed"] if optimizer.random else []
    return "yes", "yes" if resumes else "no", *differences, "; ".join(remarks)


def _written(given):
    yield ":" if given else ""
    yield ",".join(f"{name}={value}" for name, value in given.items())


def table():
    """Return the part of the page that is written."""
    rows = []
    for path, found in functions():
        rows.append((f"`{path}`", *tried(path, found)))
        print(*rows[-1], flush=True)
    runs = [row for row in rows if row[1] == "yes"]
    resume = sum(row[2] == "yes" for row in runs)
    return "\n".join(
        [
            f"optax {version('optax')}, JAX {version('jax')}: of {len(rows)} functions, "
            f"{len(runs)} run and {resume} resume.",
            "",
            "| function | runs | resumes | float32 | float64 | |",
            "|---|---|---|---|---|---|",
            *("| " + " | ".join(row) + " |" for row in rows),
        ]
    )


def main():
    """Write the table into the page."""
    warnings.simplefilter("ignore")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table()}\n\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
