"""What holds for every problem whose loss depends on the records or the noise of a step."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from optframe_problems.functions.noisy_quadratic import NoisyQuadratic
from optframe_problems.functions.quadratic_deep import QuadraticDeep
from optframe_problems.functions.reddi import Reddi
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.functions.sphere import Sphere
from optframe_problems.regression.correlated_records import CorrelatedRecords
from optframe_problems.regression.streaming_regression import StreamingRegression
from optframe_problems.transforms.multiplicative_noise import MultiplicativeNoise
from optframe_problems.transforms.noise import Noise

OF_RECORDS = [
    QuadraticDeep(size=5, count=50),
    CorrelatedRecords(size=3),
    StreamingRegression(size=3),
    Reddi(),
    Noise(Sphere(3), fixed=50),
]
OF_NOISE = [NoisyQuadratic(3), Noise(Rosenbrock()), MultiplicativeNoise(Rosenbrock())]


@pytest.mark.parametrize("asked", OF_RECORDS, ids=lambda asked: type(asked).__name__)
def test_each_run_may_see_its_own_records(asked, bind, random, answers):
    problem = bind(asked)
    rows = random.integers(problem.records, size=(2, 4))
    theta, v = random.standard_normal((2, 2, 5, problem.size))  # two runs, five candidates each
    together = answers(problem, theta, v, problem.draw(rows, None))
    for run in range(2):
        alone = answers(problem, theta[run], v[run], problem.draw(rows[run], None))
        for word, expected in alone.items():
            found = together[word][run]
            assert_allclose(found, expected, rtol=1e-12, atol=1e-13, err_msg=word)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("asked", OF_RECORDS + OF_NOISE, ids=lambda asked: type(asked).__name__)
def test_precision_and_device_are_those_of_the_run(
    asked, dtype, bind, random, answers, on_device, to_numpy
):
    problem = bind(asked, dtype, "strict")
    theta, v = on_device(problem, *random.standard_normal((2, 3, problem.size)))
    batch = problem.draw(None if problem.records is None else np.arange(3), random)
    found = answers(problem, theta, v, batch)
    for word, answer in {**found, **problem.metrics(theta)}.items():
        assert to_numpy(problem, answer).dtype == dtype, word
