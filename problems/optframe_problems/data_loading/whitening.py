"""Whitening images: global contrast normalization, then ZCA fitted to the training part."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Dataset
from optframe_problems.cache import kept_arrays
from optframe_problems.data_loading.scaling import mapped

__all__ = ["whitened"]

ROWS = 1024
"""How many images one product has; with one thread for each product, its bits are fixed."""


def whitened(dataset: Dataset, epsilon: float) -> Dataset:
    """Return the data set of pixels with inputs whose covariance is nearly I.

    Each image x of d pixels is brought to mean 0 and variance 1 by itself (an image of one colour
    to 0):

        y = √d (x − mean x) / |x − mean x|

    Then all go through one map that the training part alone determines:

        z = W (y − μ),  W = V (Λ + εI)^(−1/2) Vᵀ,  Σ = V Λ Vᵀ

    with μ and Σ the mean and the covariance (divided by n) of the training part's y. ε keeps
    directions in which images hardly vary from becoming all noise. W is symmetric (ZCA), so that z
    is as near to y as whitened inputs can be, and is still an image. All products use
    one BLAS thread, since their last bits depend on it. μ and W are kept in the cache.

    Parameters
    ----------
    dataset
        Dense inputs of shape (n, d), of any number type.
    epsilon
        ε > 0, in units of y².

    Returns
    -------
    Dataset
        With inputs in float32.

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, "Maxout networks",
    International Conference on Machine Learning (2013), section 5.2: contrast normalization, then
    ZCA; their code, pylearn2, has norm 55 for √d = 55.4 and ε = 0.1. A. J. Bell, T. J. Sejnowski,
    "The 'independent components' of natural scenes are edge filters", Vision Research 37 (1997):
    ZCA.
    """
    from threadpoolctl import threadpool_limits

    train = np.ascontiguousarray(dataset.train.inputs)
    digest = blake2b(f"{epsilon!r} {train.dtype} {train.shape} ".encode(), digest_size=16)
    digest.update(train.data)
    with threadpool_limits(limits=1):
        mean, matrix = kept_arrays("whitening", digest.hexdigest(), lambda: _fit(train, epsilon))

        def change(inputs: NDArray[Any]) -> NDArray[Any]:
            out = np.empty(inputs.shape, np.float32)

            def fill(rows: slice) -> None:
                images = _normalized(inputs[rows]) - mean
                np.matmul(images.astype(np.float32), matrix, out=out[rows])

            with ThreadPoolExecutor(os.cpu_count()) as threads:
                [*threads.map(fill, _blocks(len(inputs)))]
            return out

        return mapped(dataset, change)


def _fit(train: NDArray[Any], epsilon: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return μ in float64 and W in float32."""
    size = train.shape[1]
    total, products = np.zeros(size), np.zeros((size, size))
    for rows in _blocks(len(train)):
        total += _normalized(train[rows]).sum(axis=0)
    mean = total / len(train)
    for rows in _blocks(len(train)):
        images = _normalized(train[rows]) - mean
        products += images.T @ images
    values, vectors = np.linalg.eigh(products / len(train))
    values = np.maximum(values, 0)  # rounding leaves those that are 0 a little below
    matrix = (vectors / np.sqrt(values + epsilon)) @ vectors.T
    return mean, matrix.astype(np.float32)


def _normalized(inputs: NDArray[Any]) -> NDArray[Any]:
    """Return contrast-normalized images, in float64."""
    images = inputs.astype(np.float64)
    images -= images.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(images, axis=1, keepdims=True)
    root = np.sqrt(images.shape[1])
    images *= root / np.where(norms <= 1e-8 * root, np.inf, norms)
    return images


def _blocks(records: int) -> Iterator[slice]:
    return (slice(start, start + ROWS) for start in range(0, records, ROWS))
