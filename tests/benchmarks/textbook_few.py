"""Functions of two to six parameters, by their coordinates' names, or along their measurements.

Each takes θ of shape (P,) and returns f and ∇f, as one finds them in textbooks and in public
collections of test functions. What does not depend on θ is computed beforehand.
"""

import numpy as np
from scipy.optimize import rosen, rosen_der

BARD_Y = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.1, 4.39]
)
BARD_U = np.arange(1.0, 16)
BARD_V = 16 - BARD_U
BARD_W = np.minimum(BARD_U, BARD_V)


def bard(x):
    below = BARD_V * x[1] + BARD_W * x[2]
    r = BARD_Y - (x[0] + BARD_U / below)
    slope = 2 * r * BARD_U / below**2
    return r @ r, np.array([-2 * r.sum(), slope @ BARD_V, slope @ BARD_W])


def beale(theta):
    x, y = theta
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    by_x = 2 * a * (y - 1) + 2 * b * (y**2 - 1) + 2 * c * (y**3 - 1)
    by_y = 2 * a * x + 4 * b * x * y + 6 * c * x * y**2
    return a**2 + b**2 + c**2, np.array([by_x, by_y])


BIGGS_T = np.arange(1, 14) / 10
BIGGS_Y = np.exp(-BIGGS_T) - 5 * np.exp(-10 * BIGGS_T) + 3 * np.exp(-4 * BIGGS_T)


def biggs_exp6(x):
    a, b, c = np.exp(-BIGGS_T * x[0]), np.exp(-BIGGS_T * x[1]), np.exp(-BIGGS_T * x[4])
    r = x[2] * a - x[3] * b + x[5] * c - BIGGS_Y
    rt = r * BIGGS_T
    slopes = [-x[2] * (rt @ a), x[3] * (rt @ b), r @ a, -(r @ b), -x[5] * (rt @ c), r @ c]
    return r @ r, 2 * np.array(slopes)


def booth(theta):
    x, y = theta
    a, b = x + 2 * y - 7, 2 * x + y - 5
    return a**2 + b**2, np.array([2 * a + 4 * b, 4 * a + 2 * b])


BOX_T = np.arange(1, 11) / 10
BOX_GIVEN = np.exp(-BOX_T) - np.exp(-10 * BOX_T)


def box_3d(x):
    a, b = np.exp(-BOX_T * x[0]), np.exp(-BOX_T * x[1])
    r = a - b - x[2] * BOX_GIVEN
    rt = r * BOX_T
    return r @ r, 2 * np.array([-(rt @ a), rt @ b, -(r @ BOX_GIVEN)])


def branin(theta):
    x, y = theta
    b, c, s, t = 5.1 / (4 * np.pi**2), 5 / np.pi, 10, 1 / (8 * np.pi)
    off = y - b * x**2 + c * x - 6
    by_x = 2 * off * (c - 2 * b * x) - s * (1 - t) * np.sin(x)
    return off**2 + s * (1 - t) * np.cos(x) + s, np.array([by_x, 2 * off])


def brown_badly_scaled(theta):
    x, y = theta
    a, b, c = x - 1e6, y - 2e-6, x * y - 2
    return a**2 + b**2 + c**2, np.array([2 * a + 2 * c * y, 2 * b + 2 * c * x])


DENNIS_T = np.arange(1, 21) / 5
DENNIS_EXP, DENNIS_SIN, DENNIS_COS = np.exp(DENNIS_T), np.sin(DENNIS_T), np.cos(DENNIS_T)


def brown_dennis(x):
    a, b = x[0] + DENNIS_T * x[1] - DENNIS_EXP, x[2] + DENNIS_SIN * x[3] - DENNIS_COS
    r = a**2 + b**2
    ra, rb = 4 * r * a, 4 * r * b
    return r @ r, np.array([ra.sum(), ra @ DENNIS_T, rb.sum(), rb @ DENNIS_SIN])


def cube(theta):
    x, y = theta
    rise, rest = y - x**3, 1 - x
    return 100 * rise**2 + rest**2, np.array([-600 * x**2 * rise - 2 * rest, 200 * rise])


def freudenstein_roth(theta):
    x, y = theta
    a, b = -13 + x + ((5 - y) * y - 2) * y, -29 + x + ((y + 1) * y - 14) * y
    by_y = 2 * a * (10 * y - 3 * y**2 - 2) + 2 * b * (3 * y**2 + 2 * y - 14)
    return a**2 + b**2, np.array([2 * a + 2 * b, by_y])


BELL_T = (8 - np.arange(1, 16)) / 2
BELL_Y = np.array([9, 44, 175, 540, 1295, 2420, 3521, 3989]) / 10_000
BELL_Y = np.concatenate([BELL_Y, BELL_Y[-2::-1]])


def gaussian(x):
    away = BELL_T - x[2]
    bell = np.exp(-x[1] * away**2 / 2)
    r = x[0] * bell - BELL_Y
    rb = 2 * r * bell
    slopes = [rb.sum(), -x[0] * (rb @ away**2) / 2, x[0] * x[1] * (rb @ away)]
    return r @ r, np.array(slopes)


def helical_valley(theta):
    x, y, z = theta
    turns = np.arctan(y / x) / (2 * np.pi) + (0.5 if x < 0 else 0)
    radius = np.hypot(x, y)
    a, b = 10 * (z - 10 * turns), 10 * (radius - 1)
    turning = 100 / (2 * np.pi * radius**2)
    by_x = 2 * a * turning * y + 20 * b * x / radius
    by_y = -2 * a * turning * x + 20 * b * y / radius
    return a**2 + b**2 + z**2, np.array([by_x, by_y, 20 * a + 2 * z])


def himmelblau(theta):
    x, y = theta
    a, b = x**2 + y - 11, x + y**2 - 7
    return a**2 + b**2, np.array([4 * x * a + 2 * b, 2 * a + 4 * y * b])


SAMPSON_I = np.arange(1.0, 11)


def jennrich_sampson(x):
    a, b = np.exp(SAMPSON_I * x[0]), np.exp(SAMPSON_I * x[1])
    r = 2 + 2 * SAMPSON_I - (a + b)
    ri = -2 * r * SAMPSON_I
    return r @ r, np.array([ri @ a, ri @ b])


OSBORNE_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
OSBORNE_Y = np.array(
    [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
)


def kowalik_osborne(x):
    above, below = OSBORNE_U**2 + OSBORNE_U * x[1], OSBORNE_U**2 + OSBORNE_U * x[2] + x[3]
    ratio = above / below
    r = OSBORNE_Y - x[0] * ratio
    rb = 2 * r * x[0] / below
    slopes = [-2 * (r @ ratio), -(rb @ OSBORNE_U), rb @ (ratio * OSBORNE_U), rb @ ratio]
    return r @ r, np.array(slopes)


def matyas(theta):
    x, y = theta
    slope = np.array([0.52 * x - 0.48 * y, 0.52 * y - 0.48 * x])
    return 0.26 * (x**2 + y**2) - 0.48 * x * y, slope


def monkey_saddle(theta):
    x, y = theta
    rho = x**2 + y**2
    slope = np.array([3 * x**2 - 3 * y**2 + 3 * rho * x, -6 * x * y + 3 * rho * y])
    return x**3 - 3 * x * y**2 + 0.75 * rho**2, slope


def powell_badly_scaled(theta):
    x, y = theta
    a, b = 1e4 * x * y - 1, np.exp(-x) + np.exp(-y) - 1.0001
    by_x, by_y = 2e4 * a * y - 2 * b * np.exp(-x), 2e4 * a * x - 2 * b * np.exp(-y)
    return a**2 + b**2, np.array([by_x, by_y])


def powell_singular(theta):
    x, y, z, w = theta
    a, b, c, d = x + 10 * y, z - w, y - 2 * z, x - w
    by_x, by_y = 2 * a + 40 * d**3, 20 * a + 4 * c**3
    by_z, by_w = 10 * b - 8 * c**3, -10 * b - 40 * d**3
    return a**2 + 5 * b**2 + c**4 + 10 * d**4, np.array([by_x, by_y, by_z, by_w])


def rosenbrock(x):
    return rosen(x), rosen_der(x)


def saddle(theta):
    x, y = theta
    rho = x**2 + y**2
    return x**2 - y**2 + 0.5 * rho**2, np.array([2 * x + 2 * rho * x, -2 * y + 2 * rho * y])


def six_hump_camel(theta):
    x, y = theta
    value = (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2
    return value, np.array([8 * x - 8.4 * x**3 + 2 * x**5 + y, x - 8 * y + 16 * y**3])


def wood(theta):
    x, y, z, w = theta
    a, b = y - x**2, w - z**2
    value = 100 * a**2 + (1 - x) ** 2 + 90 * b**2 + (1 - z) ** 2
    value += 10 * (y + w - 2) ** 2 + 0.1 * (y - w) ** 2
    by_x, by_z = -400 * x * a - 2 * (1 - x), -360 * z * b - 2 * (1 - z)
    by_y = 200 * a + 20 * (y + w - 2) + 0.2 * (y - w)
    by_w = 180 * b + 20 * (y + w - 2) - 0.2 * (y - w)
    return value, np.array([by_x, by_y, by_z, by_w])
