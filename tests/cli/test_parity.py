"""``optframe parity``."""

import json

import pytest

BROKEN = """
from dataclasses import dataclass, replace
import optframe

@dataclass(frozen=True)
class Adam(optframe.Optimizer):
    lr: optframe.Positive = 0.001
    eps: optframe.NonNegative = 1e-8

    def init(self, theta, oracle):
        return optframe.make("adam").init(theta, oracle)

    def step(self, theta, state, oracle):
        theta, state = optframe.make("adam", eps=self.eps, eps_hat=True).step(theta, state, oracle)
        theta[12:] *= 1 - 1e-4
        return theta, state
"""


def test_built_ins_are_compared_and_the_exit_code_is_0(optframe):
    done = optframe("parity", "adam", "adam:eps_hat=true", "adam:lr=0.1")
    assert done.code == 0
    assert "adam:eps_hat=true differs from adam: it has eps_hat=true" in done.out
    assert "adam:lr=0.1 = adam (0 at most)" in done.out
    assert not done.err


def test_json(optframe):
    done = optframe("parity", "adam", "adam:eps_hat=true", "--json")
    data = json.loads(done.out)
    assert (done.code, data["contenders"][1]["changes"]) == (0, ["eps_hat=true"])


@pytest.mark.usefixtures("my_models")
def test_what_nothing_explains_has_exit_code_1(optframe, my_models):
    my_models(BROKEN)
    done = optframe("parity", "adam", "my_models.Adam", "--seconds", "10")
    assert done.code == 1
    assert "my_models.Adam: no convention explains it" in done.out
    assert "  they part in the sequence 'normal' at step" in done.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["adam"], "parity: found 1 optimizers, expected at least two"),
        ([], "parity: found 0 optimizers, expected at least two"),
        (["adam", "adm"], "unknown optimizer 'adm'; did you mean 'adam'?"),
        (["adam", "newton"], "newton: it needs hessian; a comparison gives gradients alone"),
        (
            ["adam", "adam:lr={schedule=constant,value=1}"],
            "adam:lr={schedule=constant,value=1}: lr is a schedule; give a number: the learning "
            "rate falls here anyway",
        ),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(optframe, words, message):
    done = optframe("parity", *words)
    assert (done.code, done.mistakes) == (2, [message])


def test_all_that_cannot_be_compared_is_listed_at_once(optframe):
    done = optframe("parity", "newton", "adam", "bfgs")
    assert done.code == 2
    assert [line.partition(":")[0] for line in done.mistakes] == ["newton", "bfgs"]
