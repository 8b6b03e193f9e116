"""What the kit does not ask of every optimizer: the bits of each run, other backends, counts."""

import dataclasses

import numpy as np
import pytest

import optframe
from optframe import Optimizer, Wrapper, load_plugins
from optframe.components.parameters import parameters
from optframe_plugins.optimizers.adadelta import AdaDelta
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.amsgrad import AMSGrad
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.wrappers.clip_norm import ClipNorm
from optframe_plugins.wrappers.maximize import Maximize
from optframe_plugins.wrappers.weight_decay import WeightDecay

REGISTRY = load_plugins()
REGISTERED = {
    name: REGISTRY.load("optimizers", name)()
    for name in REGISTRY.names("optimizers")
    if issubclass(REGISTRY.load("optimizers", name), Optimizer)
}
VARIANTS = {
    "adagrad inside": AdaGrad(eps_inside_root=True),
    "adagrad guarded": AdaGrad(initial=0.1, zero_guard=True),
    "adam inside": Adam(eps_inside_root=True),
    "adam hat": Adam(eps=1e-3, eps_hat=True),
    "adamw hat": AdamW(eps=1e-3, eps_hat=True),
    "amsgrad hat": AMSGrad(eps=1e-3, eps_hat=True),
    "momentum torch": Momentum(form="torch"),
    "momentum dampened": Momentum(form="torch", dampening=0.3),
    "momentum average": Momentum(lr=0.1, form="average"),
    "nesterov keras": Nesterov(form="keras"),
    "nesterov torch": Nesterov(form="torch"),
    "rmsprop outside": RMSProp(eps_inside_root=False),
    "rmsprop momentum": RMSProp(momentum=0.8),
    "rmsprop nesterov": RMSProp(momentum=0.8, nesterov=True),
    "rmsprop keras": RMSProp(momentum=0.8, nesterov=True, form="keras"),
    "rmsprop torch": RMSProp(momentum=0.8, eps_inside_root=False, form="torch"),
    "rmsprop centered": RMSProp(initial=0.5, centered=True),
    "rmsprop centered momentum": RMSProp(momentum=0.8, centered=True),
    "decayed": WeightDecay(Adam(), decay=0.1, times_lr=True, form="after"),
    "penalized": WeightDecay(Nesterov(), decay=0.1, form="coupled"),
    "raised": Maximize(Adam()),
    "clipped nesterov": ClipNorm(Nesterov(lr=0.1), max=0.5),
    "clipped twice": ClipNorm(ClipNorm(Adam(), max=0.7), max=2.0),
}
ALL = {**REGISTERED, **VARIANTS}
BATCHED = {name: o for name, o in ALL.items() if o.vectorized and o.requires() == {"gradient"}}


@pytest.fixture(params=BATCHED)
def optimizer(request):
    return BATCHED[request.param]


def with_rate(optimizer, lr):
    if isinstance(optimizer, Wrapper):
        return dataclasses.replace(optimizer, optimizer=with_rate(optimizer.optimizer, lr))
    has_rate = any(field.name == "lr" for field in dataclasses.fields(optimizer))
    return dataclasses.replace(optimizer, lr=lr) if has_rate else optimizer


def numbers(optimizer):
    """The names of its numeric hyperparameters that are not zero."""
    values = {f.name: getattr(optimizer, f.name) for f in dataclasses.fields(optimizer)}
    return {name: value for name, value in values.items() if type(value) is float and value}


def in_arrays(optimizer, kind):
    """The same optimizer with its numbers as NumPy's float64."""
    given = {name: kind(value) for name, value in numbers(optimizer).items()}
    if isinstance(optimizer, Wrapper):
        given["optimizer"] = in_arrays(optimizer.optimizer, kind)
    return dataclasses.replace(optimizer, **given)


def test_the_table_holds_what_the_plugin_registers():
    assert {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"} <= set(BATCHED)


def test_it_asks_for_one_gradient_per_step(optimizer, iterate):
    counts = iterate(optimizer, np.ones(3), np.zeros(3), 4).oracle.counts
    assert (counts.gradients, counts.losses) == (4, 0)


def test_every_backend_takes_the_same_steps(optimizer, backend, iterate, random):
    slopes, noise, start = random.random(6), random.standard_normal((20, 6)), random.random(6)
    expected = iterate(optimizer, lambda theta, k: slopes * theta + noise[k], start, 20).iterates
    slope = backend.asarray(slopes, "float64")
    rows = [backend.asarray(row, "float64") for row in noise]
    found = iterate(optimizer, lambda theta, k: slope * theta + rows[k], start, 20, backend)
    np.testing.assert_allclose(found.iterates, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 7), (2, 3, 5), (3, 20_000)])
def test_runs_together_with_a_rate_each_are_the_runs_alone_to_the_bit(
    optimizer, iterate, random, shape, dtype
):
    steps = 5
    gradients = random.standard_normal((steps, *shape)).astype(dtype)
    slopes = random.random(shape).astype(dtype)
    start = random.standard_normal(shape)
    rates = random.uniform(0.001, 0.5, (*shape[:-1], 1))
    together = iterate(
        with_rate(optimizer, rates),
        lambda theta, k: slopes * theta + gradients[k],
        start,
        steps,
        dtype=dtype,
    ).iterates
    assert together.dtype == dtype
    for run in np.ndindex(shape[:-1]):
        alone = iterate(
            with_rate(optimizer, float(rates[run][0])),
            lambda theta, k, run=run: slopes[run] * theta + gradients[k][run],
            start[run],
            steps,
            dtype=dtype,
        ).iterates
        np.testing.assert_array_equal(together[(slice(None), *run)], alone)


@pytest.mark.parametrize("size", [6, 40_000])
@pytest.mark.parametrize(
    "kind", [float, np.float64, lambda value: np.full(1, value), lambda value: np.array(value)]
)
def test_float32_stays_float32_whatever_the_numbers_are(optimizer, iterate, random, kind, size):
    gradients = random.standard_normal((3, size)).astype(np.float32)
    slopes = random.random(size).astype(np.float32)

    def gradient(theta, k):
        assert theta.dtype == np.float32
        return slopes * theta + gradients[k]

    start = random.random(size)
    found = iterate(in_arrays(optimizer, kind), gradient, start, 3, dtype="float32")
    assert found.iterates.dtype == np.float32
    plain = iterate(optimizer, gradient, start, 3, dtype="float32")
    np.testing.assert_array_equal(found.iterates, plain.iterates)
    for value in vars(found.state).values() if found.state else ():
        if np.shape(value) == (size,):
            assert value.dtype == np.float32


def test_a_gradient_that_is_theta_itself_does_no_harm(optimizer, iterate, random):
    """The gradient of ½θ² is θ, which a step may overwrite."""
    for size in (5, 40_000):
        start = random.standard_normal(size)
        shared = iterate(optimizer, lambda theta, k: theta, start, 4).iterates
        copied = iterate(optimizer, lambda theta, k: theta.copy(), start, 4).iterates
        np.testing.assert_array_equal(shared, copied)


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (AdaDelta(), AdaDelta(lr=1.0, rho=0.95, eps=1e-6, eps_inside_root=True)),
        (AdaGrad(), AdaGrad(lr=0.01, eps=1e-7, eps_inside_root=False)),
        (Adam(), Adam(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, eps_inside_root=False)),
        (RMSProp(), RMSProp(0.001, 0.9, 0.0, nesterov=False, eps=1e-6, eps_inside_root=True)),
    ],
)
def test_defaults_are_those_of_the_lecture_and_the_papers(default, expected):
    assert default == expected


@pytest.mark.parametrize(
    "optimizer",
    [
        AdaGrad(lr=0.1, eps=0.0),
        Adam(lr=0.1, eps=0.0),
        RMSProp(lr=0.1, rho=0.0, eps=0.0),
        RMSProp(lr=0.1, rho=0.0, eps=0.0, eps_inside_root=False),
    ],
    ids=repr,
)
def test_without_eps_a_parameter_that_has_seen_no_gradient_is_zero_over_zero(optimizer, iterate):
    """The formula as printed; the run then ends as diverged instead of hiding it."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found = iterate(optimizer, np.array([0.0, 2.0]), np.ones(2), 1)
    assert np.isnan(found.iterates[1, 0])
    assert found.iterates[1, 1] == pytest.approx(0.9)


WHOLE = [
    (name, field.attribute, number)
    for name, optimizer in REGISTERED.items()
    for field in parameters(type(optimizer)).values()
    for number in (0, 1)
    if field.number and field.limits[0] <= number <= field.limits[1]
]


@pytest.mark.parametrize(("name", "field", "number"), WHOLE)
def test_a_whole_number_may_have_any_type(name, field, number):
    """0, 0.0 and NumPy's zeros give one run."""
    runs = {
        optframe.minimize(
            "quadratic:size=3",
            dataclasses.replace(REGISTERED[name], **{field: kind(number)}),
            steps=4,
            iterates=True,
        ).iterates.tobytes()
        for kind in (float, int, np.float32, np.int64)
    }
    assert len(runs) == 1
