"""The functions against their papers, typed again as plain loops over plain numbers.

Nothing here comes from the classes: formulas, data and starts are those of Moré, Garbow and
Hillstrom (1981), and of the sources in the docstrings for the others.
"""

from math import atan, cos, e, exp, pi, prod, sin, sqrt

import numpy as np
import pytest
from numpy.testing import assert_allclose

import optframe


def squares(residuals):
    return sum(r * r for r in residuals)


def cube(x):
    return 100 * (x[1] - x[0] ** 3) ** 2 + (1 - x[0]) ** 2


def beale(x):
    return squares(y - x[0] * (1 - x[1] ** i) for i, y in [(1, 1.5), (2, 2.25), (3, 2.625)])


def freudenstein_roth(x):
    a = -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1]
    b = -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]
    return squares([a, b])


def powell_badly_scaled(x):
    return squares([10**4 * x[0] * x[1] - 1, exp(-x[0]) + exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return squares([x[0] - 10**6, x[1] - 2 * 10**-6, x[0] * x[1] - 2])


def jennrich_sampson(x):
    return squares(2 + 2 * i - (exp(i * x[0]) + exp(i * x[1])) for i in range(1, 11))


def helical_valley(x):
    turns = atan(x[1] / x[0]) / (2 * pi) + (0.5 if x[0] < 0 else 0)
    return squares([10 * (x[2] - 10 * turns), 10 * (sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def bard(x):
    y = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
    total = 0
    for i in range(1, 16):
        u, v = i, 16 - i
        w = min(u, v)
        total += (y[i - 1] - (x[0] + u / (v * x[1] + w * x[2]))) ** 2
    return total


def gaussian(x):
    y = {1: 0.0009, 2: 0.0044, 3: 0.0175, 4: 0.0540, 5: 0.1295, 6: 0.2420, 7: 0.3521, 8: 0.3989}
    total = 0
    for i in range(1, 16):
        t = (8 - i) / 2
        total += (x[0] * exp(-x[1] * (t - x[2]) ** 2 / 2) - y[min(i, 16 - i)]) ** 2
    return total


def box_3d(x):
    total = 0
    for i in range(1, 11):
        t = 0.1 * i
        total += (exp(-t * x[0]) - exp(-t * x[1]) - x[2] * (exp(-t) - exp(-10 * t))) ** 2
    return total


def powell_singular(x):
    a, b, c, d = x
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


def wood(x):
    a, b, c, d = x
    pairs = 100 * (b - a * a) ** 2 + (1 - a) ** 2 + 90 * (d - c * c) ** 2 + (1 - c) ** 2
    return pairs + 10 * (b + d - 2) ** 2 + (b - d) ** 2 / 10


def kowalik_osborne(x):
    data = [
        *[(0.1957, 4.0), (0.1947, 2.0), (0.1735, 1.0), (0.1600, 0.5), (0.0844, 0.25)],
        *[(0.0627, 0.167), (0.0456, 0.125), (0.0342, 0.1), (0.0323, 0.0833)],
        *[(0.0235, 0.0714), (0.0246, 0.0625)],
    ]
    return squares(y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]) for y, u in data)


def brown_dennis(x):
    total = 0
    for i in range(1, 21):
        t = i / 5
        total += ((x[0] + t * x[1] - exp(t)) ** 2 + (x[2] + x[3] * sin(t) - cos(t)) ** 2) ** 2
    return total


def biggs_exp6(x):
    total = 0
    for i in range(1, 14):
        t = 0.1 * i
        y = exp(-t) - 5 * exp(-10 * t) + 3 * exp(-4 * t)
        total += (x[2] * exp(-t * x[0]) - x[3] * exp(-t * x[1]) + x[5] * exp(-t * x[4]) - y) ** 2
    return total


def penalty_i(x):
    return 1e-5 * squares(a - 1 for a in x) + (squares(x) - 0.25) ** 2


def variably_dimensioned(x):
    s = sum(j * (a - 1) for j, a in enumerate(x, 1))
    return squares(a - 1 for a in x) + s**2 + s**4


def trigonometric(x):
    n = len(x)
    total = sum(cos(a) for a in x)
    return squares(n - total + i * (1 - cos(a)) - sin(a) for i, a in enumerate(x, 1))


def brown_almost_linear(x):
    n = len(x)
    return squares([*(a + sum(x) - (n + 1) for a in x[:-1]), prod(x) - 1])


def discrete_boundary(x):
    n = len(x)
    h = 1 / (n + 1)
    x = [0, *x, 0]
    return squares(
        2 * x[i] - x[i - 1] - x[i + 1] + h**2 * (x[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)
    )


def broyden_tridiagonal(x):
    n = len(x)
    x = [0, *x, 0]
    return squares((3 - 2 * x[i]) * x[i] - x[i - 1] - 2 * x[i + 1] + 1 for i in range(1, n + 1))


def rosenbrock_extended(x):
    pairs = zip(x[0::2], x[1::2], strict=True)
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairs)


def rosenbrock_chained(x):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def engval1(x):
    n = len(x)
    return sum((x[i] ** 2 + x[i + 1] ** 2) ** 2 - 4 * x[i] + 3 for i in range(n - 1))


def booth(x):
    return (x[0] + 2 * x[1] - 7) ** 2 + (2 * x[0] + x[1] - 5) ** 2


def matyas(x):
    return 0.26 * (x[0] ** 2 + x[1] ** 2) - 0.48 * x[0] * x[1]


def dixon_price(x):
    rest = sum(i * (2 * x[i - 1] ** 2 - x[i - 2]) ** 2 for i in range(2, len(x) + 1))
    return (x[0] - 1) ** 2 + rest


def ackley(x):
    radius, waves = sqrt(squares(x) / len(x)), sum(cos(2 * pi * t) for t in x) / len(x)
    return -20 * exp(-0.2 * radius) - exp(waves) + 20 + e


def griewank(x):
    return 1 + squares(x) / 4000 - prod(cos(t / sqrt(i)) for i, t in enumerate(x, 1))


def rastrigin(x):
    return 10 * len(x) + sum(t**2 - 10 * cos(2 * pi * t) for t in x)


def styblinski_tang(x):
    return sum(t**4 - 16 * t**2 + 5 * t for t in x) / 2


def trid(x):
    return squares(t - 1 for t in x) - sum(x[i] * x[i - 1] for i in range(1, len(x)))


def zakharov(x):
    s = sum(0.5 * i * t for i, t in enumerate(x, 1))
    return squares(x) + s**2 + s**4


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def branin(x):
    b, c, t = 5.1 / (4 * pi**2), 5 / pi, 1 / (8 * pi)
    return (x[1] - b * x[0] ** 2 + c * x[0] - 6) ** 2 + 10 * (1 - t) * cos(x[0]) + 10


def six_hump_camel(x):
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2


def saddle(x):
    return x[0] ** 2 - x[1] ** 2 + squares(x) ** 2 / 2


def monkey_saddle(x):
    return x[0] ** 3 - 3 * x[0] * x[1] ** 2 + 3 * squares(x) ** 2 / 4


TEN = range(1, 11)
FUNCTIONS = {  # name: formula, start, f there
    "cube": (cube, [-1.2, 1], 749.0384),
    "beale": (beale, [1, 1], 14.203125),
    "freudenstein-roth": (freudenstein_roth, [0.5, -2], 400.5),
    "powell-badly-scaled": (powell_badly_scaled, [0, 1], 1 + (exp(-1) - 1e-4) ** 2),
    "brown-badly-scaled": (brown_badly_scaled, [1, 1], 999998000002.999996),
    "jennrich-sampson": (jennrich_sampson, [0.3, 0.4], 4171.30616),
    "helical-valley": (helical_valley, [-1, 0, 0], 2500),
    "bard": (bard, [1, 1, 1], 41.6816958),
    "gaussian": (gaussian, [0.4, 1, 0], 3.88810699e-6),
    "box-3d": (box_3d, [0, 10, 20], 1031.15381),
    "powell-singular": (powell_singular, [3, -1, 0, 1], 215),
    "wood": (wood, [-3, -1, -3, -1], 19192),
    "kowalik-osborne": (kowalik_osborne, [0.25, 0.39, 0.415, 0.39], 5.31317227e-3),
    "brown-dennis": (brown_dennis, [25, 5, -5, -1], 7926693.34),
    "biggs-exp6": (biggs_exp6, [1, 2, 1, 1, 1, 1], 0.779070076),
    "penalty-i": (penalty_i, [*TEN], 285e-5 + 384.75**2),
    "variably-dimensioned": (
        variably_dimensioned,
        [1 - j / 10 for j in TEN],
        3.85 + 38.5**2 + 38.5**4,
    ),
    "trigonometric": (trigonometric, [0.1] * 10, 7.07575947e-3),
    "brown-almost-linear": (brown_almost_linear, [0.5] * 10, 9 * 5.5**2 + (2**-10 - 1) ** 2),
    "discrete-boundary": (discrete_boundary, [i / 11 * (i / 11 - 1) for i in TEN], 7.88519101e-4),
    "broyden-tridiagonal": (broyden_tridiagonal, [-1] * 10, 2**2 + 8 * 1 + 3**2),
    "rosenbrock-extended": (rosenbrock_extended, [-1.2, 1] * 5, 121),
    "rosenbrock-chained": (rosenbrock_chained, [-1.2, 1] * 5, 5 * 24.2 + 4 * 484),
    "engval1": (engval1, [2] * 10, 9 * 59),
    "booth": (booth, [0, 0], 74),
    "matyas": (matyas, [10, 5], 8.5),
    "dixon-price": (dixon_price, [1] * 10, 54),
    "rosenbrock": (rosenbrock_chained, [-1.2, 1], 24.2),
    "ackley": (ackley, [-2, 3.5], 10.4087650845),
    "griewank": (griewank, [-20, 35], 1.02788770917),
    "rastrigin": (rastrigin, [-2, 3.5], 36.25),
    "styblinski-tang": (styblinski_tang, [1, 1], -10),
    "trid": (trid, [0] * 6, 6),
    "zakharov": (zakharov, [1] * 10, 10 + 27.5**2 + 27.5**4),
    "himmelblau": (himmelblau, [0, 0], 170),
    "branin": (branin, [2.5, 12.5], 95.8446683653),
    "six-hump-camel": (six_hump_camel, [-1.5, 0.8], 0.044025),
    "saddle": (saddle, [0.3, 0.03], 0.093231405),
    "monkey-saddle": (monkey_saddle, [0.2, 0.1], 0.003875),
}
SIZED = [name for name in FUNCTIONS if "size" in optframe.make(name).__dataclass_fields__]


def assert_is(problem, formula, start, random, count):
    distances = random.uniform(0.1, 1, (count, 1))
    points = np.array(start) + distances * random.standard_normal((count, len(start)))
    expected = [formula([float(a) for a in point]) for point in points]
    assert_allclose(problem.loss(points), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_loss_is_the_papers_formula(name, bind, random):
    formula, start, at_start = FUNCTIONS[name]
    problem = bind(optframe.make(name))
    assert problem.start(random) == pytest.approx(start, rel=1e-15)
    assert problem.loss(np.array(start, float)) == pytest.approx(at_start, rel=3e-9)
    assert_is(problem, formula, start, random, 20)


@pytest.mark.parametrize("size", [2, 4, 6, 13])
@pytest.mark.parametrize("name", SIZED)
def test_loss_is_the_papers_formula_in_any_dimension(name, size, bind, random):
    if name == "rosenbrock-extended":
        size += size % 2
    problem = bind(optframe.make(name, size=size))
    start = problem.start(random)
    assert len(start) == problem.size == size
    assert_is(problem, FUNCTIONS[name][0], start, random, 5)
