"""Functions of any number of parameters, at their usual size, in vector expressions.

Each takes θ of shape (P,) and returns f and ∇f, as one finds them in textbooks and in public
collections of test functions. What does not depend on θ is computed beforehand.
"""

import numpy as np
from scipy.optimize import rosen, rosen_der


def weighted_squares(weights):
    return lambda x: (weights @ x**2, 2 * weights * x)


def ackley(x):
    n = x.size
    radius = np.sqrt(np.mean(x**2))
    bowl, waves = 20 * np.exp(-0.2 * radius), np.exp(np.mean(np.cos(2 * np.pi * x)))
    slope = 0.2 * bowl * x / (n * radius) + waves * 2 * np.pi * np.sin(2 * np.pi * x) / n
    return 20 + np.e - bowl - waves, slope


def brown_almost_linear(x):
    n = x.size
    r = x[:-1] + x.sum() - (n + 1)
    last = np.prod(x) - 1
    others = np.array([np.prod(np.delete(x, j)) for j in range(n)])
    slope = 2 * last * others + 2 * r.sum()
    slope[:-1] += 2 * r
    return r @ r + last**2, slope


def broyden_tridiagonal(x):
    r = (3 - 2 * x) * x + 1
    r[1:] -= x[:-1]
    r[:-1] -= 2 * x[1:]
    slope = 2 * r * (3 - 4 * x)
    slope[:-1] -= 2 * r[1:]
    slope[1:] -= 4 * r[:-1]
    return r @ r, slope


cigar = weighted_squares(np.array([1.0] + 9 * [1e6]))


BOUNDARY_H = 1 / 11
BOUNDARY_T = np.arange(1, 11) * BOUNDARY_H


def discrete_boundary(x):
    rise = x + BOUNDARY_T + 1
    r = 2 * x + BOUNDARY_H**2 * rise**3 / 2
    r[1:] -= x[:-1]
    r[:-1] -= x[1:]
    slope = 2 * r * (2 + 1.5 * BOUNDARY_H**2 * rise**2)
    slope[:-1] -= 2 * r[1:]
    slope[1:] -= 2 * r[:-1]
    return r @ r, slope


discus = weighted_squares(np.array([1e6] + 9 * [1.0]))


DIXON_WEIGHTS = np.arange(2.0, 11)


def dixon_price(x):
    rise = 2 * x[1:] ** 2 - x[:-1]
    slope = np.zeros_like(x)
    slope[0] = 2 * (x[0] - 1)
    slope[1:] += 8 * DIXON_WEIGHTS * rise * x[1:]
    slope[:-1] -= 2 * DIXON_WEIGHTS * rise
    return (x[0] - 1) ** 2 + DIXON_WEIGHTS @ rise**2, slope


ellipsoid = weighted_squares(1e6 ** (np.arange(10) / 9))


def engval1(x):
    pairs = x[:-1] ** 2 + x[1:] ** 2
    slope = np.zeros_like(x)
    slope[:-1] += 4 * pairs * x[:-1] - 4
    slope[1:] += 4 * pairs * x[1:]
    return np.sum(pairs**2 - 4 * x[:-1] + 3), slope


def griewank(x):
    roots = np.sqrt(np.arange(1, x.size + 1))
    cosines = np.cos(x / roots)
    others = np.array([np.prod(np.delete(cosines, i)) for i in range(x.size)])
    slope = x / 2000 + others * np.sin(x / roots) / roots
    return 1 + np.sum(x**2) / 4000 - np.prod(cosines), slope


HILBERT = 1 / (np.arange(1, 11)[:, None] + np.arange(10))


def hilbert(x):
    slope = HILBERT @ x
    return 0.5 * x @ slope, slope


def penalty_i(x):
    away, excess = x - 1, x @ x - 0.25
    return 1e-5 * away @ away + excess**2, 2e-5 * away + 4 * excess * x


def poisson(x):
    rises = np.diff(x, prepend=0, append=0)
    return 0.5 * rises @ rises, -np.diff(rises)


QUADRATIC_EIGENVALUES = np.geomspace(1, 100, 10)


def quadratic(x):
    slope = QUADRATIC_EIGENVALUES * x
    return 0.5 * x @ slope, slope


def rastrigin(x):
    waves = 2 * np.pi * x
    value = 10 * x.size + np.sum(x**2 - 10 * np.cos(waves))
    return value, 2 * x + 20 * np.pi * np.sin(waves)


def rosenbrock_chained(x):
    return rosen(x), rosen_der(x)


def rosenbrock_extended(theta):
    x, y = theta[::2], theta[1::2]
    rise, rest = y - x**2, 1 - x
    slope = np.empty_like(theta)
    slope[::2] = -400 * x * rise - 2 * rest
    slope[1::2] = 200 * rise
    return np.sum(100 * rise**2 + rest**2), slope


def sphere(x):
    return x @ x, 2 * x


def styblinski_tang(x):
    return 0.5 * np.sum(x**4 - 16 * x**2 + 5 * x), 2 * x**3 - 16 * x + 2.5


def trid(x):
    slope = 2 * (x - 1)
    slope[1:] -= x[:-1]
    slope[:-1] -= x[1:]
    return np.sum((x - 1) ** 2) - x[1:] @ x[:-1], slope


COUNT = np.arange(1.0, 11)


def trigonometric(x):
    c, s = np.cos(x), np.sin(x)
    r = x.size - c.sum() + COUNT * (1 - c) - s
    return r @ r, 2 * s * r.sum() + 2 * r * (COUNT * s - c)


def variably_dimensioned(x):
    away = x - 1
    s = COUNT @ away
    return away @ away + s**2 + s**4, 2 * away + (2 * s + 4 * s**3) * COUNT


def worst_huber(x):
    bend, r = 1 / 21, np.linalg.norm(x)
    if r < bend:
        return 0.5 * r**2, x
    return bend * r - 0.5 * bend**2, bend / r * x


def zakharov(x):
    s = 0.5 * (COUNT @ x)
    return x @ x + s**2 + s**4, 2 * x + (s + 2 * s**3) * COUNT
