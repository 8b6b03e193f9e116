"""The conventions of other libraries, against plain formulas; tests/peers has the libraries."""

import re
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe import load_plugins
from optframe.components.building import make_wrapped
from optframe.components.notation import parse
from optframe_plugins.optimizers.adagrad import AdaGrad
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.amsgrad import AMSGrad
from optframe_plugins.optimizers.rmsprop import RMSProp

PAGE = Path(__file__).parents[3] / "docs" / "conventions.md"
REGISTRY = load_plugins()
LR, EPS, B1, B2, RHO, ALPHA, DECAY = 0.05, 1e-3, 0.9, 0.999, 0.9, 0.8, 0.1
ADAM = f"lr={LR},eps={EPS}"


def made(notation):
    return make_wrapped(REGISTRY, "optimizers", parse(notation), notation)


def keras_adam(theta, gradients, top=False, inside=False, decay=0.0, after=0.0):
    """α = ε√(1 − β₂ᵗ)/(1 − β₁ᵗ); θ ← θ − αm/(√v + ε̂), as Keras writes it."""
    m = v = largest = 0.0
    for t, g in enumerate(gradients, 1):
        theta = theta - LR * decay * theta
        alpha = LR * np.sqrt(1 - B2**t) / (1 - B1**t)
        m = m + (1 - B1) * (g - m)
        v = v + (1 - B2) * (g * g - v)
        largest = np.maximum(largest, v)
        used = largest if top else v
        theta = theta - alpha * m / (np.sqrt(used + EPS) if inside else np.sqrt(used) + EPS)
        theta = theta - LR * after * theta
        yield theta


def corrected_top(theta, gradients):
    """AMSGrad with the largest corrected v̂, and δ/√(1 − β₂ᵗ)."""
    m = v = largest = 0.0
    for t, g in enumerate(gradients, 1):
        m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
        largest = np.maximum(largest, v / (1 - B2**t))
        root = np.sqrt(largest) + EPS / np.sqrt(1 - B2**t)
        theta = theta - LR * m / (1 - B1**t) / root
        yield theta


def rmsprop(
    theta, gradients, *, inside=True, centered=False, initial=0.0, form="", nesterov=False, alpha=0
):
    """With ε at once in ``push``, or only in the step (torch)."""
    r, m, b, inner, outer = initial + 0 * theta, 0.0, 0.0, LR, 1.0
    if form == "torch":
        inner, outer = 1.0, LR
    for g in gradients:
        r = RHO * r + (1 - RHO) * g * g
        m = RHO * m + (1 - RHO) * g
        spread = r - m * m if centered else r
        push = inner * g / (np.sqrt(spread + EPS) if inside else np.sqrt(spread) + EPS)
        b = alpha * b + push
        theta = theta - outer * (alpha * b + push if nesterov else b)
        yield theta


def adagrad(theta, gradients, *, initial=0.0, inside=False, eps=EPS, guard=False):
    r = initial + 0 * theta
    for g in gradients:
        r = r + g * g
        root = np.sqrt(r + eps) if inside else np.sqrt(r) + eps
        step = LR * np.divide(g, root, out=np.zeros_like(g), where=(r > 0) | (not guard))
        theta = theta - step
        yield theta


def coupled_adam(theta, gradients, sign=1.0):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        g = sign * g + DECAY * theta
        m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
        theta = theta - LR * m / (1 - B1**t) / (np.sqrt(v / (1 - B2**t)) + EPS)
        yield theta


def decayed_sgd(theta, gradients, after=False, factor=LR):
    for g in gradients:
        moved = theta - LR * g
        theta = moved - factor * DECAY * (moved if after else theta)
        yield theta


RMSPROP = f"lr={LR},rho={RHO},eps={EPS}"
OUTSIDE = f"rmsprop:{RMSPROP},momentum={ALPHA},form=torch,eps_inside_root=false"
"""At a constant rate its steps are those of ε inside of the velocity."""

RULES = {
    f"adam:{ADAM},eps_hat=true": keras_adam,
    f"adam:{ADAM},eps_hat=true,eps_inside_root=true": lambda *a: keras_adam(*a, inside=True),
    f"adamw:{ADAM},eps_hat=true,weight_decay={DECAY}": lambda *a: keras_adam(*a, decay=DECAY),
    f"amsgrad:{ADAM},eps_hat=true": lambda *a: keras_adam(*a, top=True),
    f"amsgrad:{ADAM},eps_hat=true,bias_correct_max=true": corrected_top,
    f"rmsprop:{RMSPROP},centered=true": lambda *a: rmsprop(*a, centered=True),
    f"rmsprop:{RMSPROP},centered=true,eps_inside_root=false": lambda *a: rmsprop(
        *a, centered=True, inside=False
    ),
    f"rmsprop:{RMSPROP},initial=0.5": lambda *a: rmsprop(*a, initial=0.5),
    OUTSIDE: lambda *a: rmsprop(*a, inside=False, form="torch", alpha=ALPHA),
    f"rmsprop:{RMSPROP},momentum={ALPHA},centered=true": lambda *a: rmsprop(
        *a, centered=True, alpha=ALPHA
    ),
    f"rmsprop:{RMSPROP},momentum={ALPHA},centered=true,form=torch": lambda *a: rmsprop(
        *a, centered=True, form="torch", alpha=ALPHA
    ),
    **{
        f"rmsprop:{RMSPROP},momentum={ALPHA},nesterov=true,form={form}": lambda *a, form=form: (
            rmsprop(*a, form=form, nesterov=True, alpha=ALPHA)
        )
        for form in ("keras", "torch")
    },
    f"adagrad:lr={LR},eps={EPS},initial=0.1": lambda *a: adagrad(*a, initial=0.1),
    f"adagrad:lr={LR},eps=0,zero_guard=true": lambda *a: adagrad(*a, eps=0.0, guard=True),
    f"adagrad:lr={LR},eps={EPS},initial=0.1,eps_inside_root=true,zero_guard=true": lambda *a: (
        adagrad(*a, initial=0.1, inside=True, guard=True)
    ),
    f"adam:{ADAM}+weight-decay:decay={DECAY},form=coupled": coupled_adam,
    f"adam:{ADAM}+weight-decay:decay={DECAY},form=coupled+maximize": lambda *a: coupled_adam(
        *a, sign=-1.0
    ),
    f"adam:{ADAM},eps_hat=true+weight-decay:decay={DECAY},form=after,times_lr=true": lambda *a: (
        keras_adam(*a, after=DECAY)
    ),
    f"sgd:lr={LR}+weight-decay:decay={DECAY},times_lr=true": decayed_sgd,
    f"sgd:lr={LR}+weight-decay:decay={DECAY},form=after": lambda *a: decayed_sgd(
        *a, after=True, factor=1.0
    ),
    f"sgd:lr={LR}+weight-decay:decay={DECAY},form=after,times_lr=true": lambda *a: decayed_sgd(
        *a, after=True
    ),
}
FIELDS = r",?(eps_hat|centered|initial|form|zero_guard|times_lr)=[\w.]+|\+maximize"


@pytest.mark.parametrize("notation", RULES)
@np.errstate(divide="ignore", invalid="ignore")
def test_each_convention_follows_its_formula_and_no_other(iterate, gradient_sequences, notation):
    without = re.sub(FIELDS, "", notation)
    differs = False
    for name, (start, gradients) in gradient_sequences.items():
        expected = np.array([*RULES[notation](start, gradients)])
        found = iterate(made(notation), gradients, start, len(gradients)).iterates[1:]
        moved = abs(expected - start).max()
        assert abs(found - expected).max() <= 1e-12 * moved, name
        plain = iterate(made(without), gradients, start, len(gradients)).iterates[1:]
        differs |= not np.allclose(plain, expected, rtol=0, atol=1e-3 * moved)
    assert differs is (notation != OUTSIDE)


@pytest.mark.parametrize("form", ["velocity", "keras", "torch"])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("centered", [False, True])
def test_a_falling_rate_shortens_the_whole_step_of_the_form_torch_alone(form, nesterov, centered):
    """Gradients that are constant but for a factor that u does not have: θ tells ε's place."""
    slope = np.array([2.0, -1.0])
    rates = 0.5 / (1 + 0.1 * np.arange(40))
    problem = optframe.FunctionProblem(
        loss=lambda theta: theta @ slope, gradient=lambda theta: slope, theta0=np.zeros(2)
    )
    rate = {"schedule": "inverse-time", "start": 0.5, "decay": 0.1}
    options = {"rho": 0.5, "momentum": ALPHA, "eps": 0.1, "nesterov": nesterov}
    method = optframe.make("rmsprop", lr=rate, form=form, centered=centered, **options)
    found = optframe.minimize(problem, method, steps=40, iterates=True).iterates
    theta, r, m, v, expected = np.zeros(2), 0.0, 0.0, 0.0, [np.zeros(2)]
    for lr in rates:
        r, m = 0.5 * r + 0.5 * slope * slope, 0.5 * m + 0.5 * slope
        u = slope / np.sqrt(0.1 + (r - m * m if centered else r))
        v = ALPHA * v + (u if form == "torch" else lr * u)
        scale = lr if form == "torch" else 1.0
        ahead = nesterov and form != "velocity"
        theta = theta - (scale * ALPHA * v + lr * u if ahead else scale * v)
        expected.append(theta)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("beta2", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("kind", [Adam, AMSGrad])
def test_on_a_constant_gradient_eps_hat_shortens_the_first_steps_most(iterate, kind, inside, beta2):
    """√v = |g|√(1 − β₂ᵗ), so that a step is −εg√b/(|g|√b + ε̂)."""
    g = np.array([3.0, -1e-3, 0.2])
    optimizer = kind(0.1, 0.9, beta2, eps=0.01, eps_inside_root=inside, eps_hat=True)
    found = np.diff(iterate(optimizer, g, np.zeros(3), 50).iterates, axis=0)
    bias = 1 - beta2 ** np.arange(1, 51)[:, None]
    root = np.sqrt(g * g * bias + 0.01) if inside else abs(g) * np.sqrt(bias) + 0.01
    np.testing.assert_allclose(found, -0.1 * g * np.sqrt(bias) / root, rtol=1e-11)


@pytest.mark.parametrize(
    ("kind", "fixed", "name", "values"),
    [
        (Adam, {"eps_hat": True, "eps": 1e-3}, "beta2", (0.999, 0.99, 0.5)),
        (AdamW, {"eps_hat": True, "eps": 1e-3}, "beta2", (0.999, 0.99, 0.5)),
        (AMSGrad, {"eps_hat": True, "eps": 1e-3}, "beta2", (0.999, 0.99, 0.5)),
        (AdaGrad, {}, "initial", (0.0, 0.1, 2.0)),
        (AdaGrad, {"zero_guard": True, "eps_inside_root": True}, "eps", (1e-3, 0.1, 2.0)),
        (RMSProp, {}, "initial", (0.0, 0.1, 2.0)),
        (RMSProp, {"centered": True}, "rho", (0.9, 0.5, 0.99)),
        (RMSProp, {"centered": True, "form": "torch"}, "momentum", (0.9, 0.5, 0.99)),
        (RMSProp, {"nesterov": True, "form": "torch"}, "momentum", (0.9, 0.5, 0.99)),
        (RMSProp, {"nesterov": True, "form": "keras", "momentum": 0.5}, "lr", (0.1, 0.02, 0.3)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_differ_between_runs_give_the_bits_of_each_run_alone(
    iterate, random, kind, fixed, name, values, dtype
):
    gradients = random.standard_normal((30, 3, 4)).astype(dtype)
    together = kind(**fixed, **{name: np.array(values)[:, None]})
    found = iterate(together, gradients, np.zeros((3, 4)), 30, dtype=dtype).iterates
    assert found.dtype == dtype
    for run, value in enumerate(values):
        one = kind(**fixed, **{name: value})
        alone = iterate(one, gradients[:, run], np.zeros(4), 30, dtype=dtype)
        np.testing.assert_array_equal(found[:, run], alone.iterates)


@pytest.mark.parametrize("inside", [False, True])
def test_a_spread_that_rounding_makes_negative_is_zero(iterate, inside):
    """With ρ = 0, r − m² is 0 but for rounding."""
    optimizer = RMSProp(lr=1e-3, rho=0.0, eps=1e-3, eps_inside_root=inside, centered=True)
    g = np.array([0.1, 1 / 3, 1e6 / 3, -0.7])
    found = np.diff(iterate(optimizer, g, np.zeros(4), 3).iterates, axis=0)
    root = np.sqrt(1e-3) if inside else 1e-3
    np.testing.assert_allclose(found, np.tile(-1e-3 * g / root, (3, 1)), rtol=1e-2)


@np.errstate(divide="ignore", invalid="ignore")
def test_the_guard_keeps_a_parameter_whose_gradient_was_zero_so_far(iterate):
    gradients = np.array([[0.0, 1e-170, 2.0], [0.0, 0.0, 2.0], [3.0, 0.0, 0.0]])
    guarded = iterate(AdaGrad(1.0, 0.0, zero_guard=True), gradients, np.ones(3), 3).iterates
    np.testing.assert_allclose(guarded[1:, 0], [1, 1, 0])
    np.testing.assert_array_equal(guarded[1:, 1], 1)
    assert np.isnan(iterate(AdaGrad(1.0, 0.0), gradients[0], np.ones(3), 1).iterates[1, 0])


def test_every_line_of_the_page_can_be_made():
    notations = re.findall(r"^\| `\w+\..*?` \| `(.*?)` \|$", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(notations) > 60
    for notation in notations:
        made(notation)
