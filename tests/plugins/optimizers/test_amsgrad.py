import math

import numpy as np
import pytest

from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.amsgrad import AMSGrad


@pytest.mark.parametrize("correct", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_it_follows_its_formula(assert_follows, random, inside, correct):
    lr, eps = random.uniform(0.01, 0.1), 0.03
    beta1, beta2 = random.uniform(0.5, 0.95), random.uniform(0.5, 0.9)

    def rule(theta):
        m = v = top = 0.0
        t = 0
        while True:
            gradient = yield theta, theta
            t += 1
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            bias = 1 - beta2**t
            top = max(top, v / bias) if correct else max(top, v)
            v_hat = top if correct else top / bias
            root = math.sqrt(v_hat + eps) if inside else math.sqrt(v_hat) + eps
            theta = theta - lr * m / (1 - beta1**t) / root

    optimizer = AMSGrad(lr, beta1, beta2, eps, inside, bias_correct_max=correct)
    assert_follows(optimizer, rule)


def test_it_is_adam_while_gradients_grow_and_not_when_they_shrink(iterate):
    growing, start = np.geomspace(1, 100, 30)[:, None], np.zeros(1)
    adam, amsgrad = Adam(lr=0.1, beta2=0.5), AMSGrad(lr=0.1, beta2=0.5)
    np.testing.assert_allclose(
        iterate(amsgrad, growing, start, 30).iterates,
        iterate(adam, growing, start, 30).iterates,
        rtol=1e-12,
    )
    shrinking = growing[::-1]
    slower, faster = (iterate(o, shrinking, start, 30).iterates[-1] for o in (amsgrad, adam))
    assert abs(slower[0]) < 0.9 * abs(faster[0])


def test_reddis_problem_misleads_adam_and_not_amsgrad(iterate):
    """Reddi et al. (2018), theorem 3: gradients C, −1, −1 in turn, C > 2, so down is left."""
    c = 4.0
    beta2 = 1 / (1 + c * c)

    gradients = np.resize([c, -1.0, -1.0], (300, 1))

    def last(optimizer):
        return iterate(optimizer, gradients, np.zeros(1), 300).iterates[-1, 0]

    adam = last(Adam(lr=0.01, beta1=0.0, beta2=beta2, eps=0.0))
    amsgrad = last(AMSGrad(lr=0.01, beta1=0.0, beta2=beta2, eps=0.0, bias_correct_max=True))
    assert adam > 0.5  # away from the minimum
    assert amsgrad < 0  # towards it
