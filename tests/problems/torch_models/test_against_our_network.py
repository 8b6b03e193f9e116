"""The same network by our own layers and by torch's, with the same weights and records."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
from optframe import Dataset, Part, Setting
from optframe.testing import PlainBackend
from optframe_problems.networks.mlp import MultilayerPerceptron

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional

RECORDS = 90


def records(inputs, classes):
    random = np.random.default_rng(1)
    y = random.permutation(np.arange(RECORDS) % classes)
    return random.standard_normal((RECORDS, inputs)) + y[:, None], y


def both(inputs, hidden, classes, bind):
    """Our problem, torch's, and a function that turns our flat arrays into torch's order."""
    x, y = records(inputs, classes)
    parts = [Part(x[rows], y[rows]) for rows in np.split(np.arange(RECORDS), [60, 75])]
    dataset = Dataset("same", *parts, classes=classes)
    ours = MultilayerPerceptron(hidden=(hidden,)).bind(
        Setting(PlainBackend(), "float64", np.random.SeedSequence(0), lambda name: dataset)
    )
    module = nn.Sequential(nn.Linear(inputs, hidden), nn.Sigmoid(), nn.Linear(hidden, classes))
    theirs = bind(
        optframe.TorchProblem(
            module,
            F.cross_entropy,
            (x[:60], y[:60]),
            validation=(x[60:75], y[60:75]),
            test=(x[75:], y[75:]),
            metrics={"accuracy": lambda z, t: (z.argmax(1) == t).double().mean()},
        )
    )

    def torchs(theta):
        w1, b1, w2, b2 = ours.layout().views(theta).values()
        return np.concatenate([w1.T.ravel(), b1, w2.T.ravel(), b2])

    return ours, theirs, torchs


@pytest.mark.parametrize("sizes", [(784, 32, 10), (5, 3, 4)])
def test_it_is_the_same_problem(sizes, bind):
    ours, theirs, torchs = both(*sizes, bind)
    random = np.random.default_rng(2)
    close = {"rtol": 1e-9, "atol": 1e-12}
    assert theirs.size == ours.size
    assert [b.kind for b in theirs.layout()] == [b.kind for b in ours.layout()]
    for _ in range(2):
        theta, v = ours.start(random), random.standard_normal(ours.size)
        rows = random.integers(60, size=17)
        batch, same = ours.draw(rows, None), theirs.draw(rows, None)
        assert_allclose(theirs.loss(torchs(theta), same), ours.loss(theta, batch), **close)
        gradient = torchs(ours.gradient(theta, batch))
        assert_allclose(theirs.gradient(torchs(theta), same), gradient, **close)
        product = torchs(ours.hvp(theta, v, batch))
        assert_allclose(theirs.hvp(torchs(theta), torchs(v), same), product, **close)
        assert theirs.metrics(torchs(theta)) == pytest.approx(ours.metrics(theta), rel=1e-10)
        if ours.size < 100:
            order = torchs(np.arange(ours.size, dtype=float)).astype(int)
            hessian = ours.hessian(theta, batch)[np.ix_(order, order)]
            assert_allclose(theirs.hessian(torchs(theta), same), hessian, **close)
