import numpy as np
import pytest

import optframe
from optframe.components.notation import parse
from optframe.study import RunSettings
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.lbfgs import LBFGS
from optframe_plugins.optimizers.nesterov import Nesterov
from optframe_plugins.optimizers.newton import Newton
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.wrappers.polyak import Polyak
from optframe_plugins.wrappers.weight_decay import WeightDecay

FLAT = optframe.FunctionProblem(
    loss=lambda x: 0.0, gradient=lambda x: 0 * x, theta0=np.array([1.0, -2.0])
)


@pytest.mark.parametrize("size", [4, 40_000])
def test_with_gradient_descent_it_is_an_l2_penalty(iterate, random, size):
    lr, decay = 0.1, 0.02
    slopes, start = random.random(size), random.standard_normal(size)
    found = iterate(WeightDecay(SGD(lr), decay), lambda theta, k: slopes * theta, start, 20)
    penalized = iterate(SGD(lr), lambda theta, k: slopes * theta + decay / lr * theta, start, 20)
    np.testing.assert_allclose(found.iterates, penalized.iterates, rtol=1e-12)


def test_around_adam_it_is_adamw(iterate, random):
    gradients, start = random.standard_normal((50, 4)), random.standard_normal(4)
    found = iterate(WeightDecay(Adam(lr=0.1), 0.1 * 0.3), gradients, start, 50)
    adamw = iterate(AdamW(lr=0.1, weight_decay=0.3), gradients, start, 50)
    np.testing.assert_allclose(found.iterates, adamw.iterates, rtol=1e-12, atol=1e-14)
    scaled = iterate(WeightDecay(Adam(lr=0.1), 0.3, times_lr=True), gradients, start, 50)
    np.testing.assert_allclose(scaled.iterates, adamw.iterates, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("around", [SGD, Nesterov])
def test_coupled_it_is_an_l2_penalty_of_the_problem(around):
    """Also where the gradient is asked elsewhere than at θ, as by Nesterov's velocity."""
    curvatures = np.geomspace(1, 10, 3)

    def problem(penalty):
        h = curvatures + penalty
        return optframe.FunctionProblem(
            loss=lambda x: 0.5 * float(h @ (x * x)), gradient=lambda x: h * x, theta0=np.ones(3)
        )

    decayed = WeightDecay(around(lr=0.02), 0.3, form="coupled")
    found = optframe.minimize(problem(0.0), decayed, steps=30)
    expected = optframe.minimize(problem(0.3), around(lr=0.02), steps=30)
    np.testing.assert_allclose(found.theta, expected.theta, rtol=1e-12)


@pytest.mark.parametrize(("form", "expected"), [("before", 0.25), ("after", 0.375)])
def test_its_fraction_is_of_the_theta_before_or_after_the_step(form, expected):
    """The step leads from 1 to 0.5; a quarter of 1 or of 0.5 is subtracted."""
    method = WeightDecay(SGD(0.5), 0.25, form)
    bowl = optframe.FunctionProblem(
        loss=lambda x: 0.5 * float(x @ x), gradient=lambda x: x, theta0=np.ones(2)
    )
    np.testing.assert_array_equal(optframe.minimize(bowl, method, steps=1).theta, expected)


@pytest.mark.parametrize("form", ["before", "after"])
def test_times_the_rate_it_follows_the_schedule(form):
    rate = "{schedule=inverse-time,start=0.5,decay=1}"
    words = f"sgd:lr={rate}+polyak+weight-decay:decay=0.1,times_lr=true,form={form}+clip-norm:max=9"
    found = optframe.minimize(FLAT, words, steps=3, iterates=True)
    shrinks = np.cumprod([1, 1 - 0.05, 1 - 0.05 / 2, 1 - 0.05 / 3])
    np.testing.assert_allclose(found.iterates, shrinks[:, None] * [1.0, -2.0], rtol=1e-14)


@pytest.mark.parametrize("words", ["times_lr=true", "form=after,times_lr=true", "form=coupled"])
def test_runs_together_are_the_runs_alone_to_the_bit(tmp_path, words):
    method = {"name": "adam", "lr": [0.1, 0.02, 0.5]}
    table = parse(f"weight-decay:{words}")
    method["wrap"] = [{**table, "decay": 0.3}]
    curves = []
    for together in (False, True):
        run = RunSettings(together=together)
        study = optframe.Study("decays", {"steps": 20}, [method], ["rosenbrock"], run=run)
        results = optframe.run(study, tmp_path / str(together))
        assert (results.trials["together"] == (3 if together else 1)).all()
        curves.append(results.curves["loss"].to_numpy())
    np.testing.assert_array_equal(*curves)


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="times_lr belongs to the forms 'before' and 'after'"):
        WeightDecay(SGD(), form="coupled", times_lr=True)
    with pytest.raises(ValueError, match="times_lr needs an optimizer with a field lr, found Newt"):
        WeightDecay(Polyak(Newton()), times_lr=True)
    needs = "LBFGS needs loss; expected an optimizer that needs gradients alone"
    with pytest.raises(ValueError, match=needs):
        WeightDecay(LBFGS(), form="coupled")
    with pytest.raises(optframe.UsageError, match=needs):
        optframe.minimize(FLAT, "lbfgs+weight-decay:form=coupled", steps=1)
