"""The five rules of the study five-rules as plain NumPy lines: each yields its iterates."""

import numpy as np


def sgd(w, gradient):
    while True:
        yield w
        w = w - 0.34 * gradient(w)


def momentum(w, gradient):
    v = np.zeros_like(w)
    while True:
        yield w
        v = 0.9 * v - 0.17 * gradient(w)
        w = w + v


def nesterov(w, gradient):
    v = np.zeros_like(w)
    while True:
        yield w
        v = 0.9 * v - 0.34 * gradient(w + 0.9 * v)
        w = w + v


def adagrad(w, gradient):
    r = np.zeros_like(w)
    while True:
        yield w
        g = gradient(w)
        r = r + g * g
        w = w - 0.5 * g / (np.sqrt(r) + 1e-8)


def adam(w, gradient):
    m, v, t = np.zeros_like(w), np.zeros_like(w), 0
    while True:
        yield w
        g = gradient(w)
        t += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        w = w - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
