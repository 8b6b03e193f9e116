"""The root of as many residuals as parameters: a minimizer that has no formula."""

import numpy as np

from optframe_problems.function_bases.sum_of_squares import SumOfSquares

__all__ = ["root_of"]


def root_of(problem: SumOfSquares) -> np.ndarray:
    """Return the root of r to which Newton's method leads from the start, in float64.

    The steps ``J d = −r`` go on while they make the largest residual smaller; near a root with a
    regular Jacobian each doubles the number of right digits, so a handful reaches the precision of
    the residuals.

    Parameters
    ----------
    problem
        One with m = P, not bound to a setting, so that it computes with NumPy.
    """
    theta = np.asarray(problem.start(np.random.default_rng(0)), "float64")
    residuals = problem.residuals(theta)
    while True:
        following = theta - np.linalg.solve(problem.jacobian(theta), residuals)
        remaining = problem.residuals(following)
        if not abs(remaining).max() < abs(residuals).max():
            return theta
        theta, residuals = following, remaining
