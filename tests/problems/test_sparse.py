"""Products with sparse rows against those with the same rows in an array."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from optframe import UnavailableError
from optframe.testing import ReadOnlyBackend, StrictBackend
from optframe_plugins.backends.cupy import CupyBackend
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_problems.sparse import SparseRows

BACKENDS = [
    pytest.param(NumpyBackend(), id="numpy"),
    pytest.param(ReadOnlyBackend(), id="read-only"),
    pytest.param(CupyBackend(), id="cupy", marks=pytest.mark.gpu),
]
INDICES = [
    pytest.param(slice(None), id="all"),
    pytest.param(slice(3, 7), id="slice"),
    pytest.param(np.array([5, 0, 5]), id="shared"),
    pytest.param(np.array([[5, 0, 5], [1, 1, 2]]), id="per run"),
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    if request.param.missing():
        pytest.skip(request.param.missing())
    return request.param


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    return request.param


@pytest.fixture
def table(random, dtype):
    """Ten records with six features, most numbers 0, a feature and a record of zeros alone."""
    values = random.standard_normal((10, 6)) * (random.random((10, 6)) < 0.4)
    values[:, 4] = 0
    values[2] = 0
    return values.astype(dtype)


@pytest.mark.parametrize("indices", INDICES)
@pytest.mark.parametrize("candidates", [(), (4,), (2, 3)], ids=str)
def test_products_are_those_of_the_array(indices, candidates, table, backend, dtype, random):
    close = {"rtol": 1e-12, "atol": 1e-13} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-5}
    where = indices if isinstance(indices, slice) else backend.asarray(indices, "int64")
    matrix = backend.csr(csr_array(table), dtype)
    rows = SparseRows(backend.xp, (matrix,)).rows(where)
    dense = table[indices]
    runs = dense.shape[:-2]
    assert rows.shape == dense.shape
    assert rows.ndim == dense.ndim
    if runs:
        rows = rows.spread(len(candidates))
        dense = dense.reshape(*runs, *(1,) * len(candidates), *dense.shape[-2:])
    theta = random.standard_normal((*runs, *candidates, 6)).astype(dtype)
    weights = random.standard_normal((*runs, *candidates, dense.shape[-2])).astype(dtype)
    answers = {
        "scores": (rows.scores(backend.asarray(theta)), (dense @ theta[..., None])[..., 0]),
        "sums": (rows.sums(backend.asarray(weights)), (weights[..., None, :] @ dense)[..., 0, :]),
        "gram": (
            rows.gram(backend.asarray(weights)),
            dense.swapaxes(-1, -2) @ (weights[..., None] * dense),
        ),
        "column": (rows.column(3), dense[..., 3]),
        "dense": (rows.dense(), dense),
    }
    for word, (found, expected) in answers.items():
        found = backend.to_numpy(found)
        assert found.dtype == dtype, word
        assert found.shape == expected.shape, word
        assert_allclose(found, expected, err_msg=word, **close)


def test_the_host_keeps_one_copy_that_nobody_writes_to(table, dtype):
    original = csr_array(table)
    held = NumpyBackend().csr(original, dtype)
    assert np.shares_memory(held.data, original.data)
    assert not held.data.flags.writeable
    assert original.data.flags.writeable
    assert_array_equal(held.toarray(), table)
    with pytest.raises(ValueError, match="read-only"):
        held.data[0] = 7


def test_another_precision_is_a_copy(table):
    other = NumpyBackend().csr(csr_array(table), "float32")
    assert other.dtype == np.float32
    assert_allclose(other.toarray(), table, rtol=1e-7)


def test_a_backend_without_sparse_matrices_says_so(table):
    with pytest.raises(UnavailableError, match="StrictBackend has no sparse matrices"):
        StrictBackend().csr(csr_array(table), "float64")
