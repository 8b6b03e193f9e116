"""Records that come several in a row from each subject."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from optframe import Count, Indices
from optframe_problems.regression_bases.gaussian_source import GaussianSource

__all__ = ["CorrelatedRecords"]


@dataclass(frozen=True)
class CorrelatedRecords(GaussianSource):
    """Blood samples, five in a row from each patient: an unshuffled minibatch sees one patient.

    Sample j of subject s has a part, u and a, that is the same in all samples of the subject::

        x_sj = √ρ u_s + √(1 − ρ) e_sj,    u, e ~ N(0, I)
        y_sj = θ*ᵀx_sj + σ (√ρ a_s + √(1 − ρ) b_sj),    a, b ~ N(0, 1)

    so that every record has x ~ N(0, I) and y = θ*ᵀx + N(0, σ²), and two records of one subject
    have the correlation ρ. The loss is ½ mean (θᵀx − y)²; ``test_loss`` is the exact expected loss
    for a new subject, ½ ‖θ − θ*‖² + ½ σ².

    A minibatch of B independent records has a gradient with variance V/B and a Hessian near I;
    B records of one subject have nearly the variance and the Hessian of a single one, whose
    largest eigenvalue is about P. A learning rate that suits shuffled minibatches of 5 makes
    gradient descent noisier or diverge in the list's order. `groups` returns each record's subject,
    for samplers that group by ``"subject"``.

    Parameters
    ----------
    size
        P, the number of features, at least 1.
    subjects
        How many there are, at least 1.
    samples
        How many records each has, in a row, at least 1.
    correlation
        ρ, from 0 to 1.
    sigma
        σ, the standard deviation of the targets, ≥ 0.

    References
    ----------
    I. Goodfellow, Y. Bengio, A. Courville, "Deep Learning" (MIT Press, 2016), section 8.1.3: the
    list of blood samples. L. Kish, "Survey Sampling" (Wiley, 1965), section 5.4: the mean of B
    records of one subject has variance (1 + (B − 1) ρ)/B.
    """

    size: Count = 20
    subjects: Count = 200
    samples: Count = 5
    correlation: Annotated[float, Ge(0), Le(1)] = 0.9
    sigma: Annotated[float, Ge(0)] = 1.0

    @property
    def records(self) -> int:
        """How many records there are, of all subjects."""
        return self.subjects * self.samples

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return each record's subject, shape (n,)."""
        return np.repeat(np.arange(self.subjects), self.samples) if by == "subject" else None

    def _rows(self, indices: Indices) -> tuple[NDArray[Any], NDArray[Any]]:
        _, x, y = self._instance
        return x[indices], y[indices]

    @property
    def _theta_star(self) -> NDArray[Any]:
        return self._instance[0]

    @cached_property
    def _instance(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """θ*, all x and all y, on the host."""
        random = self.instance_random()
        theta = random.standard_normal(self.size)
        x = self._drawn(random, self.size)
        y = x @ theta + self.sigma * self._drawn(random, 1)[:, 0]
        return theta, x, y

    def _drawn(self, random: np.random.Generator, width: int) -> NDArray[Any]:
        """Return standard normal rows, those of one subject correlated, shape (n, width)."""
        shared = random.standard_normal((self.subjects, 1, width))
        own = random.standard_normal((self.subjects, self.samples, width))
        rows: NDArray[Any] = self.correlation**0.5 * shared + (1 - self.correlation) ** 0.5 * own
        return rows.reshape(-1, width)
