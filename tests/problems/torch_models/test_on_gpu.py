"""A PyTorch problem on CuPy's arrays: the same numbers as on the CPU, in shared memory."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe
from optframe_plugins.backends.cupy import CupyBackend

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional
CUPY = CupyBackend()

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(CUPY.missing() is not None, reason=str(CUPY.missing()).partition(";")[0]),
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


class Net(nn.Sequential):
    def __init__(self, dropout=0.0):
        super().__init__(
            *(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(dropout), nn.Linear(5, 3))
        )


def test_answers_are_those_of_the_cpu(data, bind):
    problem = optframe.TorchProblem(Net, F.cross_entropy, data, validation=0.2)
    here, there = bind(problem), bind(problem, backend=CUPY)
    random = np.random.default_rng(0)
    theta, v = here.start(random).astype(float), random.standard_normal(here.size)
    rows = np.arange(20)
    batch, same = here.draw(rows, None), there.draw(rows, None)
    at, along = CUPY.asarray(theta), CUPY.asarray(v)
    close = {"rtol": 1e-9, "atol": 1e-12}
    for word, ours, theirs in (
        ("loss", (theta, batch), (at, same)),
        ("gradient", (theta, batch), (at, same)),
        ("hvp", (theta, v, batch), (at, along, same)),
        ("hessian", (theta, batch), (at, same)),
    ):
        found = getattr(there, word)(*theirs)
        assert isinstance(found, CUPY.xp.ndarray)
        assert_allclose(CUPY.to_numpy(found), getattr(here, word)(*ours), **close)
    assert there.metrics(at) == pytest.approx(here.metrics(theta), rel=1e-9)


def test_the_parameters_are_views_of_cupys_memory(data, bind):
    problem = bind(optframe.TorchProblem(Net, F.cross_entropy, data), backend=CUPY)
    theta = CUPY.asarray(np.arange(problem.size, dtype=float))
    parameters = problem.parameters_at(theta)
    assert parameters[0].device.type == "cuda"
    assert parameters[0].data_ptr() == theta.data.ptr
    theta += 1
    assert float(parameters[0].detach()[0, 0]) == 1


def test_a_run_trains_and_gives_the_parameters_back(data):
    problem = optframe.TorchProblem(lambda: Net(0.1), F.cross_entropy, data)
    result = optframe.minimize(problem, "adam:lr=0.05", epochs=5, backend="cupy")
    assert result.status == "finished"
    assert result.loss < result.curve["loss"].iloc[0]
    module = result.apply(Net())
    flat = np.concatenate([p.detach().numpy().reshape(-1) for p in module.parameters()])
    assert_allclose(flat, result.theta, rtol=1e-6)
