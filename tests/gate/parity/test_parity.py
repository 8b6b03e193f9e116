"""A comparison names the conventions in which optimizers of the same name differ."""

import dataclasses
import json

import numpy as np
import pytest

import optframe
from optframe import PluginError, UsageError
from optframe.gate.parity.comparison import compare
from optframe.gate.parity.verdict import AFTER

REGISTRY = optframe.load_plugins()
ADAM = {"learning_rate": 1e-3, "epsilon": 1e-8, "beta_1": 0.9, "b2": 0.999}
RMSPROP = {"learning_rate": 1e-3, "epsilon": 1e-6, "alpha": 0.9}
MOMENTUM = {"learning_rate": 0.01, "momentum": 0.9}
ADAGRAD = {"learning_rate": 0.01, "epsilon": 1e-7}

PLANTED = [
    ("adam", "Adam", ADAM),
    ("adam:eps_hat=true", "Adam", ADAM),
    ("adam:eps_inside_root=true", "Adam", ADAM),
    ("adam:eps_inside_root=true,eps_hat=true", "Adam", ADAM),
    ("adam:eps_hat=true", "Adam", {}),
    ("adam:eps_hat=true", "Mystery", ADAM),
    ("adam+maximize", "Adam", ADAM),
    ("adam+weight-decay:decay=0.01", "Adam", ADAM),
    ("adam+weight-decay:decay=0.1,form=coupled", "Adam", ADAM),
    ("adam+weight-decay:decay=0.1,form=coupled+maximize", "Adam", ADAM),
    (
        "adam:eps_hat=true+weight-decay:decay=0.01,form=after,times_lr=true",
        "AdamW",
        {**ADAM, "weight_decay": 0.01},
    ),
    ("adamw:eps_hat=true", "AdamW", {**ADAM, "weight_decay": 0.01}),
    ("amsgrad:bias_correct_max=true", "AMSGrad", ADAM),
    ("amsgrad:eps_hat=true", "AMSGrad", ADAM),
    ("nadam:momentum_decay=0", "NAdam", ADAM),
    ("nadam:momentum_decay=1", "Nadam", ADAM),
    ("momentum:form=torch", "SGD", MOMENTUM),
    ("momentum:form=average", "SGD", MOMENTUM),
    ("momentum:form=torch,dampening=0.5", "SGD", MOMENTUM),
    ("nesterov:form=keras", "Nesterov", MOMENTUM),
    ("rmsprop:centered=true", "RMSprop", RMSPROP),
    ("rmsprop:initial=1", "RMSprop", RMSPROP),
    ("rmsprop:eps_inside_root=false,centered=true", "RMSprop", RMSPROP),
    (
        "rmsprop:momentum=0.9,eps_inside_root=false,centered=true,form=torch",
        "RMSprop",
        {**RMSPROP, "momentum": 0.9},
    ),
    ("adagrad:initial=0.1", "Adagrad", ADAGRAD),
    ("adagrad:eps_inside_root=true,initial=0.1", "Adagrad", ADAGRAD),
    ("lion", "Lion", {"learning_rate": 1e-4}),
]


@pytest.mark.parametrize(("notation", "name", "shown"), PLANTED)
@pytest.mark.parametrize("first", ["adadelta", None])
def test_each_planted_convention_is_found_by_name(hidden, notation, name, shown, first):
    first = first or notation.partition("+")[0].partition(":")[0]
    verdict = compare([first, hidden(notation, name, **shown)], REGISTRY).verdicts[1]
    assert verdict.explained
    assert not verdict.others
    if verdict.equal:
        assert notation == first
    else:
        assert optframe.make(verdict.notation) == optframe.make(notation)
        assert verdict.difference <= 1e-9
        assert verdict.differences["float64"][AFTER[-1]] > 1e-4


def nudged(parameter, step, by=1e-3):
    def spoil(k, theta):
        theta = theta.copy()
        if k == step - 1:
            theta[parameter] += by
        return theta

    return spoil


def shrunk(k, theta):
    """A decay of the biases alone."""
    theta = theta.copy()
    theta[12:] *= 1 - 1e-3
    return theta


@pytest.mark.parametrize("notation", ["adam", "adam:eps_hat=true"])
@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (nudged(13, 7), ("normal", 7, "bias")),
        (nudged(11, 1), ("normal", 1, "weights")),
        (nudged(0, 25, by=1e-8), ("normal", 25, "weights")),
        (shrunk, ("normal", 1, "bias")),
    ],
)
def test_what_is_no_convention_is_located(hidden, notation, spoil, place):
    comparison = compare(["adam", hidden(notation, "Adam", spoil=spoil, **ADAM)], REGISTRY)
    verdict = comparison.verdicts[1]
    assert not verdict.explained
    assert not comparison.explained
    assert verdict.place == place
    assert verdict.nearest[0] == notation
    assert f"at step {place[1]}, block '{place[2]}'" in str(comparison)


def test_a_difference_in_one_sequence_alone_is_located_there(hidden):
    def spoil(k, theta):
        return theta * (1 + 1e-3 * (k == 20)) if abs(theta).max() > 1e3 else theta

    shown = {"learning_rate": 0.01}
    verdict = compare(["sgd", hidden("sgd", "SGD", spoil=spoil, **shown)], REGISTRY).verdicts[1]
    assert verdict.place == ("huge", 21, "weights")


def test_typed_numbers_are_kept_and_others_get_them(hidden):
    same, other = "adam:beta1=0.8,lr=0.3", hidden("adam", "Adam", **ADAM)
    comparison = compare([other, same], REGISTRY)
    assert comparison.verdicts[1].equal
    assert comparison.numbers == {"lr": 0.3, "eps": 1e-3, "beta1": 0.8, "beta2": 0.999}
    verdict = compare(["adam:beta1=0.9", "adam:beta1=0.8"], REGISTRY).verdicts[1]
    assert (verdict.equal, verdict.changes) == (False, ("beta1=0.8",))
    decayed = ["sgd:lr=1+weight-decay:decay=0.1", "sgd", "sgd+weight-decay:decay=0.2"]
    _, plain, other = compare(decayed, REGISTRY).verdicts
    assert plain.changes == ("no +weight-decay:decay=0.1",)
    assert other.changes == ("+weight-decay:decay=0.2", "no +weight-decay:decay=0.1")


def test_other_defaults_are_listed_where_the_steps_are_equal(hidden):
    other = hidden("adagrad", "Adagrad", learning_rate=0.01, epsilon=1e-10)
    typed = dataclasses.replace(other, epsilon=1e-9)
    comparison = compare(["adagrad", other], REGISTRY)
    assert comparison.verdicts[1].defaults == ("eps=1e-10, not 1e-07",)
    assert "  with other defaults: eps=1e-10, not 1e-07" in str(comparison)
    assert compare(["adagrad", typed], REGISTRY).verdicts[1].defaults == ()


def test_a_library_that_keeps_constants_in_float32_is_told(hidden):
    comparison = compare(["adam", hidden("sgd", "SGD", factor=1 + 3e-8, learning_rate=1)], REGISTRY)
    verdict = comparison.verdicts[1]
    assert verdict.notation == "sgd"
    assert verdict.constants
    assert verdict.difference == pytest.approx(3e-8, rel=0.01)
    assert "the library keeps constants in float32" in str(comparison)
    far = compare(["adam", hidden("sgd", "SGD", factor=1 + 3e-6, learning_rate=1)], REGISTRY)
    assert not far.explained


def test_without_a_rate_that_may_fall_both_forms_are_named(hidden):
    secret = hidden("momentum:form=torch", "Momentum", momentum=0.9)
    comparison = compare(["adam", secret], REGISTRY)
    verdict = comparison.verdicts[1]
    assert not comparison.falls
    assert verdict.notation == "momentum"
    assert verdict.others == (("momentum:form=torch", "a learning rate that falls"),)
    text = str(comparison)
    assert "or momentum:form=torch: a learning rate that falls would tell them apart" in text
    assert "the learning rate stays" in text


def test_the_data_is_json(hidden):
    comparison = optframe.parity("adam", "amsgrad", hidden("adam", "Adam", spoil=shrunk, **ADAM))
    data = json.loads(json.dumps(comparison.data(), allow_nan=False))
    assert [one["title"] for one in data["contenders"]] == ["adam", "amsgrad", "Adam"]
    assert data["contenders"][2]["place"] == {"sequence": "normal", "step": 1, "block": "bias"}
    assert data["explained"] is False


def test_a_search_ends_with_its_time(hidden):
    one = hidden("adam", "Mystery", spoil=shrunk, **ADAM)
    verdict = compare(["adam", one], REGISTRY, seconds=0.05).verdicts[1]
    assert verdict.ended
    assert not verdict.explained


def test_what_diverges_in_both_is_equal(hidden):
    comparison = compare(["adagrad:eps=0", hidden("adagrad:eps=0", "Adagrad")], REGISTRY)
    assert comparison.verdicts[1].equal


def test_an_optimizer_that_raises_is_one_line(hidden):
    def spoil(k, theta):
        raise RuntimeError("no step")

    with pytest.raises(UsageError, match=r"Adam fails at step 1 of given gradients: .*no step"):
        compare(["adam", hidden("adam", "Adam", spoil=spoil, **ADAM)], REGISTRY)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "found 0 optimizers, expected at least two"),
        (["adam"], "found 1 optimizers, expected at least two"),
        (["adam", "adm"], "did you mean 'adam'"),
        (["adam", "adam:beta3=1"], "unknown parameter 'beta3'"),
        (["adam", "lbfgs"], "lbfgs: it needs deterministic, loss; a comparison gives gradients"),
        (["adam", "coordinate-descent"], "coordinate-descent: it needs"),
        (["adam:lr={schedule=constant,value=1}", "adam"], "lr is a schedule; give a number"),
        (["adam", 3], "parity: found 3; expected an optimizer"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(given, message):
    with pytest.raises(UsageError, match=message) as refused:
        compare(given, REGISTRY)
    assert len(refused.value.mistakes) == 1


class OfMatrices(optframe.Optimizer):
    needs = frozenset({"gradient", "matrices"})

    def step(self, theta, state, oracle):
        assert [len(block.shape) for block in oracle.layout] == [2, 2]
        return theta - 0.01 * oracle.gradient(theta), state


class NeverHere(OfMatrices):
    needs = frozenset({"gradient"})

    def refusal(self, layout):
        return "it wants other blocks"


class Shorter(NeverHere):
    def refusal(self, layout):
        return None

    def step(self, theta, state, oracle):
        return theta[1:], state


class Draws(OfMatrices):
    random = True


def test_matrices_are_given_where_one_takes_nothing_else():
    comparison = compare(["sgd:lr=0.01", bare(OfMatrices)], REGISTRY)
    assert comparison.blocks == ("weights", "outputs")
    assert comparison.verdicts[1].equal


def bare(kind):
    return dataclasses.dataclass(frozen=True)(kind)()


@pytest.mark.parametrize(
    ("kind", "error", "message"),
    [
        (NeverHere, UsageError, "NeverHere: it wants other blocks"),
        (Draws, UsageError, "Draws: it draws random numbers"),
        (Shorter, PluginError, "Shorter"),
    ],
)
def test_what_does_not_fit_the_blocks_or_draws_is_refused(kind, error, message):
    with pytest.raises(error, match=message):
        compare(["sgd", bare(kind)], REGISTRY)


def test_wrappers_of_a_contender_are_around_what_explains_it(tmp_path):
    (tmp_path / "hats.py").write_text(
        "import optframe\n"
        "def hat(eps=1e-8) -> optframe.Optimizer:\n"
        "    return optframe.make('adam', eps=eps, eps_hat=True)\n",
        encoding="utf-8",
    )
    registry = optframe.load_plugins([str(tmp_path / "hats.py")])
    clipped = compare(["adam", "hats.hat+clip-norm:max=1"], registry).verdicts[1]
    assert clipped.notation == "adam:eps_hat=true+clip-norm:max=1"
    plain = compare(["adam+clip-norm:max=1", "hats.hat"], registry).verdicts[1]
    assert plain.notation == "adam:eps_hat=true"


def test_the_sequences_are_the_same_in_every_run(gradient_sequences):
    assert gradient_sequences["normal"][1].shape == (25, 5)
    assert not gradient_sequences["three zeros first"][1][:3].any()
    assert (np.diff(np.sign(gradient_sequences["alternating signs"][1]), axis=0) != 0).all()
