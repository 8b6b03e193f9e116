"""A rule as one of benchopt's solvers: one run, and a point at every step."""

import numpy as np
from benchopt import BaseSolver
from benchopt.stopping_criterion import NoCriterion


class RuleSolver(BaseSolver):
    sampling_strategy = "callback"
    stopping_criterion = NoCriterion(strategy="callback")

    def set_objective(self, X, y):
        self.X, self.y = X, y

    def get_next(self, stop_val):
        return stop_val + 1

    def run(self, callback):
        X, y = self.X, self.y
        iterates = self.rule(np.zeros(X.shape[1]), lambda w: X.T @ (X @ w - y) / len(y))
        self.w = next(iterates)
        while callback():
            self.w = next(iterates)

    def get_result(self):
        return {"w": self.w}
