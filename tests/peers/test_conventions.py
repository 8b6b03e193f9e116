"""Every line of docs/conventions.md: a library's optimizer and ours take the same steps in float64.

Keras keeps hyperparameters in its default precision, and torch's NAdam the product of its momenta.
With the defaults of the libraries this is float32, else float64. Keras computes with JAX here, or
with torch where JAX is not installed.
"""

import ast
import dataclasses
import importlib.util
import inspect
import os
import re
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from optframe import Function, Oracle, load_plugins
from optframe.components.building import make_wrapped
from optframe.components.notation import parse
from optframe.contracts.oracle import Counts
from optframe.rules import computing_with
from optframe.trial.schedules import ScheduledFields
from optframe_plugins.backends.numpy import NumpyBackend

ABSENT = "peers are not installed: pip install 'optframe-bench[peers]'"
if "KERAS_BACKEND" not in os.environ:  # read once, when Keras is imported
    os.environ["KERAS_BACKEND"] = "jax" if importlib.util.find_spec("jax") else "torch"

PAGE = Path(__file__).parents[2] / "docs" / "conventions.md"
LINES = re.findall(r"^\| `(\w+\..*?)` \| `(.*?)` \|$", PAGE.read_text(encoding="utf-8"), re.M)
REGISTRY = load_plugins()
FALLS, EPS, RATE = 12, 1e-3, 0.05
"""The step at which the rate falls to a tenth; δ, so large that its place shows; ε."""


class Given(Function):
    """Answers with the next gradient of a sequence."""

    size = 5

    def __init__(self, gradients):
        self.gradients = iter(gradients)

    def start(self, random):
        raise NotImplementedError

    def loss(self, theta):
        raise NotImplementedError

    def gradient(self, theta):
        return next(self.gradients)


def changed(optimizer, **values):
    """Return the optimizer with other values of those fields that it has, inside of wrappers."""
    names = {field.name for field in dataclasses.fields(optimizer)}
    if "optimizer" in names:
        return dataclasses.replace(optimizer, optimizer=changed(optimizer.optimizer, **values))
    known = {name: value for name, value in values.items() if name in names}
    return dataclasses.replace(optimizer, **known)


def innermost(optimizer):
    while hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return optimizer


def ours(optimizer, start, gradients, rates):
    """Our iterates."""
    fields, backend, theta = ScheduledFields(), NumpyBackend(), start.copy()
    oracle = Oracle(Given(gradients), backend, Counts(), np.random.default_rng)
    optimizer, found = fields.own(optimizer), []
    with computing_with(backend), np.errstate(all="ignore"):
        state = optimizer.init(theta, oracle)
        for k in range(len(gradients)):
            fields.set(k, 0.0, lambda k, epoch: 0.0)
            optimizer = changed(optimizer, lr=rates[k]) if rates else optimizer
            theta, state = optimizer.step(theta, state, oracle)
            found.append(theta.copy())
    return np.array(found)


def by_torch(torch, build, given, start, gradients, rates):
    parameter = torch.nn.Parameter(torch.tensor(start))
    optimizer = build([parameter], **given)
    for k, gradient in enumerate(gradients):
        if rates:
            optimizer.param_groups[0]["lr"] = rates[k]
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        yield parameter.detach().numpy().copy()


def by_optax(optax, build, given, start, gradients, rates):
    import jax

    if rates:
        given["learning_rate"] = lambda k: jax.numpy.asarray(rates)[k]
    transform = build(**given)

    def step(carry, gradient):
        theta, state = carry
        updates, state = transform.update(gradient, state, theta)
        theta = optax.apply_updates(theta, updates)
        return (theta, state), theta

    with jax.enable_x64(True):
        begun = (jax.numpy.asarray(start), transform.init(jax.numpy.asarray(start)))
        found = jax.jit(lambda: jax.lax.scan(step, begun, jax.numpy.asarray(gradients))[1])()
        assert found.dtype == np.float64
        yield from np.asarray(found)


def by_keras(keras, build, given, start, gradients, rates):
    jax = keras.backend.backend() == "jax" and importlib.import_module("jax")
    with jax.enable_x64(True) if jax else nullcontext():
        variable = keras.Variable(start, dtype="float64")
        optimizer = build(**given)
        optimizer.build([variable])
        for k, gradient in enumerate(gradients):
            if rates:
                optimizer.learning_rate = rates[k]
            optimizer.apply([keras.ops.convert_to_tensor(gradient, "float64")])
            yield keras.ops.convert_to_numpy(variable.value).copy()


@contextmanager
def constants_in_float64(name, library):
    """Let a library compute its constants in float64."""
    if name == "torch":
        before, change = library.get_default_dtype(), library.set_default_dtype
        change(library.float64)
    elif name == "keras":
        before, change = library.config.floatx(), library.config.set_floatx
        change("float64")
    yield
    if name != "optax":
        change(before)


STEPPING = {"torch": by_torch, "optax": by_optax, "keras": by_keras}
NAMES = {"torch": "eps", "optax": "eps", "keras": "epsilon"}
"""What δ is called."""


def theirs(call):
    """Return a call's library, what it builds with, and the parameters that it gives."""
    tree = ast.parse(call, mode="eval").body
    path = ast.unparse(tree.func).split(".")
    library = pytest.importorskip(path[0], reason=ABSENT)
    build = library
    for name in path[1:]:
        build = getattr(build, name)
    return path[0], library, build, {one.arg: ast.literal_eval(one.value) for one in tree.keywords}


def check(sequences, iterates, optimizer, rates, reach):
    for which, (start, gradients) in sequences.items():
        expected = np.array([*iterates(start, gradients)])
        moved = abs(expected - start).max()
        apart = abs(ours(optimizer, start, gradients, rates) - expected).max()
        assert apart <= reach * moved, f"{which}: {apart / moved:.2g}"


def made(notation):
    return make_wrapped(REGISTRY, "optimizers", parse(notation), notation)


@pytest.mark.parametrize(("call", "notation"), LINES, ids=[call for call, _ in LINES])
def test_with_the_librarys_defaults(gradient_sequences, call, notation):
    name, library, build, given = theirs(call)
    reach = 1e-6 if name == "keras" or "NAdam" in call else 1e-9

    def iterates(start, gradients):
        return STEPPING[name](library, build, dict(given), start, gradients, None)

    check(gradient_sequences, iterates, made(notation), None, reach)


@pytest.mark.parametrize(("call", "notation"), LINES, ids=[call for call, _ in LINES])
def test_with_a_large_eps_and_a_rate_that_falls(gradient_sequences, call, notation):
    name, library, build, given = theirs(call)
    eps = "eps_root" if "eps_root" in given else NAMES[name]
    if eps in inspect.signature(build).parameters:
        given[eps] = EPS
    optimizer, rates = changed(made(notation), eps=EPS), None
    if isinstance(innermost(optimizer).lr, float):
        rates = [RATE if k < FALLS else RATE / 10 for k in range(25)]

    def iterates(start, gradients):
        return STEPPING[name](library, build, dict(given), start, gradients, rates)

    with constants_in_float64(name, library):
        check(gradient_sequences, iterates, optimizer, rates, 1e-9)


def test_the_page_has_lines_of_each_library():
    calls = [call for call, _ in LINES]
    assert len(calls) > 60
    for name in STEPPING:
        assert sum(call.startswith(f"{name}.") for call in calls) > 10
