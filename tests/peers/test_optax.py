"""The same steps as optax, in float64, from one shared sequence of gradients.

Not here: AMSGrad without its corrections, and ``eps`` and ``eps_root`` at once, which ours do not
have; delta-bar-delta and the methods with Hessians, which optax has not; and L-BFGS, whose line
search there is another one.
"""

from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optframe_plugins.optimizers.adadelta import AdaDelta
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.amsgrad import AMSGrad
from optframe_plugins.optimizers.lion import Lion
from optframe_plugins.optimizers.momentum import Momentum
from optframe_plugins.optimizers.nadam import NAdam
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD

ABSENT = "peers are not installed: pip install 'optframe-bench[peers]'"
jax = pytest.importorskip("jax", reason=ABSENT)
optax = pytest.importorskip("optax", reason=ABSENT)


@pytest.fixture(autouse=True, scope="module")
def float64():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@cache
def compiled(build):
    """All iterates of ``build(*numbers)`` as a function of the numbers, compiled once."""

    def iterates(numbers, gradients, start):
        transform = build(*numbers)

        def step(carry, gradient):
            theta, state = carry
            updates, state = transform.update(gradient, state, theta)
            theta = optax.apply_updates(theta, updates)
            return (theta, state), theta

        return jax.lax.scan(step, (start, transform.init(start)), gradients)[1]

    return jax.jit(iterates)


def nesterov(lr, momentum):
    return optax.chain(optax.trace(momentum, nesterov=True), optax.scale(-lr))


def average(lr, momentum):
    return optax.chain(optax.ema(momentum, debias=False), optax.scale(-lr))


def adagrad(lr, eps):
    return optax.adagrad(lr, initial_accumulator_value=0.0, eps=eps)


def adagrad_begun(lr, eps, initial):
    return optax.adagrad(lr, initial, eps)


def rmsprop_centered(lr, rho, eps, initial):
    return optax.rmsprop(lr, rho, eps, initial, centered=True)


def rmsprop_nesterov(lr, rho, momentum, eps):
    return optax.rmsprop(lr, rho, eps, momentum=momentum, nesterov=True)


def rmsprop_outside(lr, rho, eps):
    return optax.rmsprop(lr, rho, eps, eps_in_sqrt=False)


def rmsprop_with_momentum(lr, rho, momentum, eps):
    return optax.rmsprop(lr, rho, eps, momentum=momentum)


def adam_inside(lr, beta1, beta2, eps):
    return optax.adam(lr, beta1, beta2, eps=0.0, eps_root=eps)


def adamw(lr, beta1, beta2, eps, weight_decay):
    return optax.adamw(lr, beta1, beta2, eps, weight_decay=weight_decay)


def lion(lr, beta1, beta2, weight_decay):
    return optax.lion(lr, beta1, beta2, weight_decay=weight_decay)


ADAM = "lr beta1 beta2 eps"
RULES = {
    "sgd": (SGD, optax.sgd, "lr"),
    "momentum": (Momentum, optax.sgd, "lr any_momentum"),
    "momentum, torch": (partial(Momentum, form="torch"), optax.sgd, "lr any_momentum"),
    "momentum, average": (partial(Momentum, form="average"), average, "lr any_momentum"),
    "nesterov, torch": (partial(Nesterov, form="torch"), nesterov, "lr any_momentum"),
    "nesterov, keras": (partial(Nesterov, form="keras"), nesterov, "lr any_momentum"),
    "adagrad": (partial(AdaGrad, eps_inside_root=True), adagrad, "lr eps"),
    "adagrad, begun": (
        lambda lr, eps, initial: AdaGrad(lr, eps, eps_inside_root=True, initial=initial),
        adagrad_begun,
        "lr eps initial",
    ),
    "rmsprop, centered": (
        lambda lr, rho, eps, initial: RMSProp(lr, rho, eps=eps, centered=True, initial=initial),
        rmsprop_centered,
        "lr rho eps initial",
    ),
    "rmsprop with Nesterov's momentum": (
        lambda lr, rho, momentum, eps: RMSProp(
            lr, rho, momentum, nesterov=True, eps=eps, form="keras"
        ),
        rmsprop_nesterov,
        "lr rho momentum eps",
    ),
    "rmsprop": (lambda lr, rho, eps: RMSProp(lr, rho, eps=eps), optax.rmsprop, "lr rho eps"),
    "rmsprop, outside": (
        lambda lr, rho, eps: RMSProp(lr, rho, eps=eps, eps_inside_root=False),
        rmsprop_outside,
        "lr rho eps",
    ),
    "rmsprop with momentum": (
        lambda lr, rho, momentum, eps: RMSProp(lr, rho, momentum, eps=eps),
        rmsprop_with_momentum,
        "lr rho momentum eps",
    ),
    "adadelta": (AdaDelta, optax.adadelta, "lr rho eps"),
    "adam": (Adam, optax.adam, ADAM),
    "adam, inside": (partial(Adam, eps_inside_root=True), adam_inside, ADAM),
    "adamw": (
        lambda *numbers: AdamW(*numbers[:4], weight_decay=numbers[4]),
        adamw,
        f"{ADAM} weight_decay",
    ),
    "amsgrad": (partial(AMSGrad, bias_correct_max=True), optax.amsgrad, ADAM),
    "nadam": (partial(NAdam, momentum_decay=0.0), optax.nadam, ADAM),
    "lion": (Lion, lion, "lr beta1 beta2 weight_decay"),
}
"""Ours, theirs, and the numbers that both are made of."""


@pytest.mark.parametrize(("ours", "theirs", "names"), RULES.values(), ids=[*RULES])
@settings.get_profile("peers")
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_the_same_steps(compare, numbers, ours, theirs, names, data, seed):
    drawn = data.draw(numbers(names.split()))

    def iterates(gradients, start):
        found = compiled(theirs)(tuple(map(np.float64, drawn)), gradients, start)
        assert found.dtype == np.float64
        return np.asarray(found)

    compare(ours(*drawn), iterates, seed)
