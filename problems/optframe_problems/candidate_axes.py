"""Axes for the candidates that θ may have after its runs."""

from optframe import Array

__all__ = ["with_candidates"]


def with_candidates(values: Array, dimensions: int, trailing: int) -> Array:
    """Return values (R, ...) of each run, the last ``trailing`` axes not runs, to go with θ.

    They get axes of length 1 after the runs, up to the number of dimensions.
    """
    if values.ndim <= trailing or values.ndim == dimensions:
        return values
    runs = values.ndim - trailing
    return values[(*(slice(None),) * runs, *(None,) * (dimensions - values.ndim), ...)]
