"""Tries every optimizer of PyTorch's packages, and writes the table of docs/torch-optimizers.md.

Run it from the repository, with the packages installed whose optimizers it is to try::

    python docs/torch_optimizers.py

An optimizer *runs* if it does twelve steps on a small problem with blocks of two, one, four and one
axes. It *resumes* if a run goes on to the bit from the state that was saved at step six. It is
*equal* if its θ has, to the bit, the values of a plain loop over ordinary parameters with the same
gradients, in float32 and in float64.
"""

import dataclasses
import importlib
import inspect
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np

from optframe import Block, Layout, Optimizer
from optframe.components.signatures import component_class
from optframe.testing.standard_problems import Trough
from optframe.testing.stepping import serves, walk
from optframe_plugins.adapters.torch import Torch
from optframe_plugins.torch_optimizer.construction import construct

PACKAGES = {
    "torch.optim": "torch",
    "schedulefree": "schedulefree",
    "prodigyopt": "prodigyopt",
    "lion_pytorch": "lion-pytorch",
    "muon": "muon-optimizer",
    "pytorch_optimizer": "pytorch_optimizer",
}
PAGE = Path(__file__).with_name("torch-optimizers.md")
MARKS = "<!-- begin: written by docs/torch_optimizers.py -->\n", "<!-- end -->\n"
STEPS = 12
LAYOUTS = (
    Layout(
        (
            Block("first.weight", (6, 4), "hidden"),
            Block("first.bias", (6,), "bias"),
            Block("kernel.weight", (4, 3, 3, 3), "hidden"),
            Block("norm.weight", (4,), "scale"),
        )
    ),
    Layout((Block("first.weight", (6, 4), "hidden"), Block("last.weight", (3, 6), "hidden"))),
)
ADAPTER = Torch()
REQUIRED = {"num_data": 1000}
"""Values of parameters that a class requires; any other optimizer inside is AdamW."""


def classes(module):
    """Yield the names and the classes of the optimizers in a package, without aliases."""
    seen = set()
    for name, found in sorted(vars(importlib.import_module(module)).items()):
        if ADAPTER.recognizes(found) != "optimizers" or found in seen or name.startswith("_"):
            continue
        home = found.__module__.partition(".")[0]
        if home == module.partition(".")[0] and not inspect.isabstract(found):
            seen.add(found)
            yield name, found


def component(found, path, **given):
    """Make a component as an import path does; what it requires has values of this script."""
    kind = component_class(
        found, path, ADAPTER.base(found, "optimizers"), ADAPTER.leaves_out(found), frozenset()
    )
    for field in dataclasses.fields(kind):
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and field.name not in given:
            given[field.name] = REQUIRED.get(field.name) or inside(field)
    return kind(**given)


def inside(field):
    """Return AdamW for a field that wants an optimizer, and a rate for any other."""
    import torch

    if field.type in (Optimizer, "Optimizer"):
        return component(torch.optim.AdamW, "torch.optim.AdamW")
    return 1e-3


def problem_for(optimizer):
    """Return the first problem that has what the optimizer needs."""
    for layout in LAYOUTS:
        draw = np.random.default_rng(0)
        scales, center = draw.uniform(0.5, 2, layout.size), draw.normal(size=layout.size)
        found = Trough(scales, center, layout)
        if serves(found, optimizer.requires()):
            return found
    raise ValueError("no problem has what it needs")


def start(problem):
    """Return where runs begin."""
    return np.random.default_rng(1).normal(size=problem.size)


def plain_loop(optimizer, problem, dtype):
    """Do the same steps in a plain loop over ordinary parameters, and return θ."""
    import torch

    from optframe.testing.stepping import bound

    bare = bound(problem, dtype=dtype)
    theta = start(problem).astype(dtype)
    layout, facts = bare.layout(), optimizer.facts
    parameters = [torch.nn.Parameter(torch.tensor(view)) for view in layout.views(theta).values()]

    def flat():
        return np.concatenate([p.detach().numpy().ravel() for p in parameters])

    def gradients():
        found = layout.views(np.array(bare.gradient(flat())))
        for parameter, gradient in zip(parameters, found.values(), strict=True):
            parameter.grad = torch.tensor(gradient)

    def closure():
        gradients()
        return torch.tensor(float(bare.loss(flat())), dtype=parameters[0].dtype)

    theirs = construct(optimizer, facts.form, tuple(layout), parameters)
    if hasattr(theirs, "train"):
        theirs.train()
    for _ in range(STEPS):
        if facts.closure:
            if facts.before:
                gradients()
            theirs.step(closure)
        else:
            gradients()
            theirs.step()
    return flat()


def tried(found, path):
    """Return what becomes of a class: (runs, resumes, equal in float32, in float64, remark)."""
    ends, reasons = {}, []
    try:
        optimizer = component(found, path)
        problem = problem_for(optimizer)
    except Exception as error:
        return "no", "", "", "", one_line(error).removeprefix("it does not run: ")
    for dtype in PRECISIONS:
        try:
            ends[dtype] = walk(optimizer, problem, STEPS, start(problem), dtype=dtype)
        except Exception as error:
            reasons.append(f"not in {dtype}: {one_line(error)}")
    finite = [dtype for dtype in ends if np.isfinite(ends[dtype].theta).all()]
    remarks = [*wants(optimizer.facts), *reasons]
    remarks += [f"diverges in {dtype}" for dtype in ends if dtype not in finite]
    equal = [""] * 2
    if not (optimizer.facts.draws or optimizer.facts.second):
        for dtype in ends:
            equal[PRECISIONS.index(dtype)] = compared(optimizer, problem, dtype, ends[dtype].theta)
    if optimizer.facts.unsaved:
        remarks.append(f"not resumed: {optimizer.facts.unsaved}")
    resumes = "no" if optimizer.facts.unsaved else "yes"
    return "yes" if finite else "no", resumes, *equal, "; ".join(remarks)


PRECISIONS = ("float32", "float64")


def one_line(error):
    """Return an error's message in one line."""
    return " ".join(str(error).split()).replace("|", "or")


def compared(optimizer, problem, dtype, theta):
    """Return "yes", or the largest difference from the plain loop as a share of the largest θ."""
    expected = plain_loop(optimizer, problem, dtype)
    if np.array_equal(expected, theta, equal_nan=True):
        return "yes"
    return f"{np.max(np.abs(expected - theta)) / np.max(np.abs(expected)):.0e}"


def wants(facts):
    """Yield what a class wants beside gradients, in words."""
    if facts.form == "muon groups":
        yield "groups with use_muon"
    if facts.form == "module":
        yield "a module"
    if facts.matrices:
        yield "matrices only"
    if facts.closure:
        yield "a closure" + (", and the gradient before it" if facts.before else "")
    if facts.second:
        yield "products with the Hessian"
    if facts.draws:
        yield "draws from " + " and ".join(sorted(facts.draws))


def table():
    """Return the part of the page that is written, and print a line for each package."""
    total, lines = (
        ["| package | version | classes | run | resume | equal in float32 / float64 |"],
        [],
    )
    total.append("|---|---|---|---|---|---|")
    for module, distribution in PACKAGES.items():
        rows = [(name, *tried(found, f"{module}.{name}")) for name, found in classes(module)]
        runs = [row for row in rows if row[1] == "yes"]
        counts = [sum(row[i] == "yes" for row in runs) for i in (2, 3, 4)]
        total.append(
            f"| `{module}` | {version(distribution)} | {len(rows)} | {len(runs)} | {counts[0]} | "
            f"{counts[1]} / {counts[2]} |"
        )
        print(total[-1])
        lines += [
            "",
            f"### {module}",
            "",
            "| class | runs | resumes | equal, float32 | float64 | |",
        ]
        lines.append("|---|---|---|---|---|---|")
        lines += ["| " + " | ".join((f"`{row[0]}`", *row[1:])) + " |" for row in rows]
    return "\n".join([*total, *lines]) + "\n"


def main():
    """Write the table into the page."""
    warnings.simplefilter("ignore")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table()}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
