"""The evaluations of a run: how many of each kind, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

from optframe.contracts.problem import Problem

__all__ = ["PRICES", "Counts", "price"]

PRICES = {
    "loss": 1 / 3,
    "residuals": 1 / 3,
    "gradient": 1.0,
    "loss_and_gradient": 1.0,
    "per_sample": 1.0,
    "jacobian": 1.0,
    "hvp": 2.0,
}
"""What an answer over all the data costs a reverse-mode differentiator, in gradients.

A Hessian costs min(2P, P(P + 1)/6), a partial derivative or coordinate minimum 1/P, and any other
answer nothing. `Problem.work` may set other prices. An answer on a minibatch costs its share of the
records.

Source: A. Griewank, A. Walther, "Evaluating Derivatives" (SIAM, 2nd ed., 2008): with its loss, a
gradient takes about three times the operations of the loss, and a Hessian-vector product about
twice those of the gradient.
"""


def price(problem: Problem, word: str) -> float:
    """Return what an answer over all the data costs, in gradients."""
    given = problem.work(word)
    if given is not None:
        return given
    if word == "hessian":
        return min(2.0 * problem.size, problem.size * (problem.size + 1) / 6)
    if word in ("partial", "coordinate_minimum"):
        return 1 / problem.size
    return PRICES.get(word, 0.0)


@dataclass(slots=True)
class Counts:
    """The evaluations of one run so far. P partial derivatives count as one gradient.

    ``samples`` are the records drawn into minibatches, and ``records`` those that evaluations
    touched. ``work`` is the cost of all evaluations in gradients over all the data (`PRICES`).
    """

    losses: float = 0
    gradients: float = 0
    hessians: float = 0
    hvps: float = 0
    samples: int = 0
    records: int = 0
    work: float = 0.0
