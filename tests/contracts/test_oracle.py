import re
from dataclasses import dataclass

import numpy as np
import pytest

from optframe import Block, FunctionProblem, Layout, Oracle, PluginError, StochasticProblem
from optframe.contracts.oracle import Counts, offers
from optframe.contracts.seeds import Seeds
from optframe_plugins.backends.numpy import NumpyBackend
from optframe_plugins.samplers.full import Full
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_problems.functions.quadratic import Quadratic
from optframe_problems.functions.rosenbrock import Rosenbrock
from optframe_problems.transforms.rotate import Rotate


@dataclass(frozen=True)
class Means(StochasticProblem):
    """½‖θ − mean of the batch‖² over records 0..9, in 3 parameters; noise shifts it."""

    deterministic = True
    records = 10
    size = 3

    def start(self, random):
        return np.zeros(3)

    def metrics(self, theta):
        return {"loss": self.loss(theta, self.draw(slice(None), None))}

    def draw(self, indices, random):
        batch = np.arange(10.0)[indices]
        return batch if random is None else batch + random.standard_normal()

    def loss(self, theta, batch):
        return 0.5 * np.sum((theta - batch.mean()) ** 2, axis=-1)

    def gradient(self, theta, batch):
        return theta - batch.mean()

    def per_sample(self, theta, batch):
        return theta[..., None, :] - batch[:, None]

    def prox(self, theta, t, batch):
        return (theta + t * batch.mean()) / (1 + t)

    def layout(self):
        return Layout((Block("one", (1,)), Block("others", (1, 2), "hidden")))


class MatrixMeans(Means):
    def layout(self):
        return Layout((Block("row", (1, 2), "input"), Block("last", (1, 1), "output")))


class Noise(Means):
    """The same without records."""

    deterministic = False
    records = None


class Dropout(Means):
    deterministic = False


def oracle_of(problem, run_axes=0, seed=0):
    seeds = Seeds(seed, 0)

    def generator(step):
        return seeds.generator("optimizer", step)

    return Oracle(problem, NumpyBackend(), Counts(), generator, run_axes)


def counts(oracle):
    c = oracle.counts
    return c.losses, c.gradients, c.hessians, c.hvps


def double(gradient):
    return 2 * gradient


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda o, theta: o.loss(theta), (1, 0, 0, 0, 1 / 3)),
        (lambda o, theta: o.gradient(theta), (0, 1, 0, 0, 1)),
        (lambda o, theta: o.loss_and_gradient(theta), (1, 1, 0, 0, 1)),
        (lambda o, theta: o.hessian(theta), (0, 0, 1, 0, 4 * 5 / 6)),
        (lambda o, theta: o.hvp(theta, theta), (0, 0, 0, 1, 2)),
        (lambda o, theta: o.partial(theta, 1), (0, 0.25, 0, 0, 0.25)),
        (lambda o, theta: o.coordinate_minimum(theta, 1), (0, 0.25, 0, 0, 0.25)),
    ],
)
def test_each_answer_is_counted_by_its_kind_and_charged(ask, expected):
    *expected, work = expected
    for run_axes, shape, each in [
        (0, (4,), 1),
        (0, (5, 4), 5),
        (0, (2, 3, 4), 6),
        (1, (7, 4), 1),
        (1, (7, 5, 4), 5),
        (2, (7, 2, 4), 1),
        (2, (7, 2, 3, 5, 4), 15),
    ]:
        oracle = oracle_of(Quadratic(size=4), run_axes)
        ask(oracle, np.ones(shape))
        assert counts(oracle) == tuple(each * number for number in expected)
        ask(oracle.through(double), np.ones(shape))
        assert counts(oracle) == tuple(2 * each * number for number in expected)
        assert oracle.counts.work == pytest.approx(2 * each * work, rel=1e-14)
        assert oracle.counts.records == 0


def test_a_hessian_of_many_parameters_costs_two_gradients_each():
    oracle = oracle_of(Quadratic(size=100))
    oracle.hessian(np.ones(100))
    assert oracle.counts.work == 200


def test_on_a_minibatch_an_answer_costs_its_share_and_touches_its_records():
    problem, theta = Means(), np.ones(3)
    oracle = oracle_of(problem)
    for size in (4, 4, 1, 10):
        before = oracle.counts.work, oracle.counts.records
        oracle.see(problem.draw(slice(size), None), size)
        oracle.loss(theta)
        oracle.gradient(theta)
        oracle.loss_and_gradient(theta)
        oracle.per_sample(theta)
        oracle.gradient(np.ones((2, 3)))
        oracle.ask("prox", theta, 0.5)
        share = size / 10
        assert oracle.counts.work - before[0] == pytest.approx((1 / 3 + 5) * share)
        assert oracle.counts.records - before[1] == 6 * size
    oracle.see(problem.draw(slice(4), None), 4)
    before = oracle.counts.work, oracle.counts.records
    oracle.full.gradient(theta)
    assert (oracle.counts.work - before[0], oracle.counts.records - before[1]) == (1, 10)
    oracle.gradient(theta)
    assert oracle.counts.work - before[0] == pytest.approx(1.4)
    assert oracle.counts.records - before[1] == 14


@pytest.mark.parametrize(
    ("numbers", "answers"),
    [
        ({}, []),
        ({"losses": 1}, ["loss"]),
        ({"gradients": 1}, ["gradient"]),
        ({"hvps": 2}, ["hvp", "hvp"]),
        ({"losses": 1, "gradients": 1}, ["loss_and_gradient"]),
        ({"losses": 3, "gradients": 1}, ["loss", "loss_and_gradient", "loss"]),
        ({"losses": 1, "gradients": 3}, ["gradient", "loss_and_gradient", "gradient"]),
    ],
)
@pytest.mark.parametrize("problem", [Quadratic(size=3), Means()], ids=["function", "data"])
def test_what_a_library_works_out_itself_is_counted_like_answers(
    problem, numbers, answers, monkeypatch
):
    monkeypatch.setattr(Means, "hvp", lambda problem, theta, v, batch: v, raising=False)
    theta = np.ones(3)
    for runs in ((), (4,)):
        mine, asked = oracle_of(problem, len(runs)), oracle_of(problem, len(runs))
        for size in (4, 10):
            if isinstance(problem, StochasticProblem):
                for oracle in (mine, asked):
                    oracle.see(problem.draw(slice(size), None), size)
            with mine.counted(**numbers) as batch:
                assert batch == mine._batch
            for word in answers:
                more = (theta,) if word == "hvp" else ()
                getattr(asked, word)(np.ones((*runs, 3)), *more)
            mine.counts.work = round(mine.counts.work, 12)
            asked.counts.work = round(asked.counts.work, 12)
            assert mine.counts == asked.counts


def test_the_batch_of_what_is_counted_is_what_the_methods_take():
    with oracle_of(Rosenbrock()).counted(gradients=1) as batch:
        assert batch == ()
    oracle = oracle_of(Means())
    oracle.see(np.array([3.0]), 1)
    with oracle.counted(losses=1) as batch:
        assert Means().loss(np.zeros(3), *batch) == 13.5
    with oracle.full.counted(losses=1) as batch:
        assert Means().loss(np.zeros(3), *batch) == 1.5 * 4.5**2
    assert oracle.counts.records == 11


def test_what_raises_is_counted_as_an_answer_that_raises():
    oracle = oracle_of(Rosenbrock())
    with pytest.raises(ZeroDivisionError), oracle.counted(gradients=1):
        _ = 1 / 0
    assert oracle.counts.gradients == 1


def test_where_a_wrapper_changes_the_gradients_they_are_not_direct_and_cannot_be_counted():
    oracle = oracle_of(Means())
    oracle.see(np.array([3.0]), 1)
    clipped = oracle.through(double)
    assert (oracle.direct, oracle.full.direct) == (True, True)
    assert (clipped.direct, clipped.full.direct, clipped.through(double).direct) == (False,) * 3
    with pytest.raises(LookupError, match="a wrapper changes the gradients; ask"):
        clipped.counted(gradients=1).__enter__()
    assert oracle.counts == Counts()


def test_a_transform_is_not_the_problem_inside_it():
    """A library that shares something with a problem looks for it on ``oracle.problem``."""

    class Sharing(Rosenbrock):
        def shared(self, theta):
            return theta

    oracle = oracle_of(Rotate(problem=Sharing()))
    assert oracle.direct
    assert hasattr(Sharing(), "shared")
    assert not hasattr(oracle.problem, "shared")


def test_a_problem_may_set_its_own_prices():
    class Dear(Means):
        def work(self, word):
            return {"loss": 2.0, "prox": 5.0}.get(word)

    oracle = oracle_of(Dear())
    oracle.see(np.arange(5.0), 5)
    oracle.loss(np.ones(3))
    oracle.gradient(np.ones(3))
    oracle.ask("prox", np.ones(3), 0.5)
    assert oracle.counts.work == pytest.approx((2 + 1 + 5) / 2)
    rotated = oracle_of(Rotate(problem=Priced()))
    rotated.loss(np.ones(2))
    assert rotated.counts.work == 7


class Priced(Rosenbrock):
    def work(self, word):
        return 7.0


def test_the_answers_are_the_problems_own(random):
    problem = Quadratic(size=4, rotate=True)
    oracle, theta, v = oracle_of(problem), *random.standard_normal((2, 4))
    for name, *more in (
        ("loss",),
        ("gradient",),
        ("hessian",),
        ("hvp", v),
        ("partial", 2),
        ("coordinate_minimum", 2),
    ):
        expected = getattr(problem, name)(theta, *more)
        np.testing.assert_array_equal(getattr(oracle, name)(theta, *more), expected)
    loss, gradient = oracle.loss_and_gradient(theta)
    assert loss == problem.loss(theta)
    np.testing.assert_array_equal(gradient, problem.gradient(theta))
    assert oracle.minimum == 0


@pytest.mark.parametrize("size", [1, 3, 7, 10, 49, 1000])
def test_as_many_partials_as_parameters_are_one_gradient(size):
    """Exactly, so that a budget of one gradient is spent by one sweep."""
    oracle, theta = oracle_of(Quadratic(size=size)), np.ones(size)
    for sweep in range(1, 4):
        for i in range(size):
            assert oracle.counts.gradients < sweep
            oracle.partial(theta, i)
        assert oracle.counts.gradients == sweep
    oracle.gradient(theta)
    assert oracle.counts.gradients == 4


def test_gradients_of_each_record_are_one_gradient_per_point():
    oracle = oracle_of(Means())
    oracle.see(np.arange(4.0))
    answer = oracle.per_sample(np.ones(3))
    assert answer.shape == (4, 3)
    assert counts(oracle) == (0, 1, 0, 0)
    np.testing.assert_allclose(answer.mean(axis=0), oracle.gradient(np.ones(3)))


def test_a_word_that_the_problem_does_not_offer_is_an_error_that_names_both():
    oracle = oracle_of(Rosenbrock())
    missing = r"Rosenbrock has no method 'prox'.* must list it in `needs`"
    with pytest.raises(LookupError, match=missing):
        oracle.ask("prox", np.ones(2), 0.1)
    with pytest.raises(LookupError, match="Means has no method 'hessian'"):
        oracle_of(Means()).hessian(np.ones(3))
    with pytest.raises(LookupError, match="Means does not define its minimum"):
        _ = oracle_of(Means()).minimum


def test_all_answers_of_a_step_are_about_its_batch():
    oracle, theta = oracle_of(Means()), np.zeros(3)
    for batch in (np.array([1.0, 3.0]), np.array([6.0])):
        oracle.see(batch)
        assert oracle.loss(theta) == 1.5 * batch.mean() ** 2
        assert oracle.gradient(theta).tolist() == [-batch.mean()] * 3
        assert oracle.loss_and_gradient(theta)[0] == 1.5 * batch.mean() ** 2
        assert oracle.ask("prox", theta, 1.0) == pytest.approx(batch.mean() / 2)


def test_the_layout_is_asked_once_and_without_a_batch(monkeypatch):
    asked = []
    layout = Means().layout()
    monkeypatch.setattr(Means, "layout", lambda problem: asked.append(problem) or layout)
    oracle = oracle_of(Means())
    oracle.see(np.ones(1))
    clipped = oracle.through(lambda g: g).through(np.sign)
    for one in (clipped.full, clipped, oracle, oracle.full):
        assert one.layout is layout
    assert oracle.ask("layout") is layout
    assert len(asked) == 1
    assert oracle.counts == Counts()


def test_every_problem_offers_a_layout_and_some_have_matrices_alone():
    for problem, matrices in (
        (Rosenbrock(), False),
        (Means(), False),
        (MatrixMeans(), True),
    ):
        assert "layout" in offers(problem, None)
        assert ("matrices" in offers(problem, None)) == matrices
    assert oracle_of(Rosenbrock()).layout == Layout((Block("parameter", (2,), "parameter"),))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (Layout.single(4), "Means.layout() has blocks of 4 numbers in all; expected size = 3"),
        ({"all": 3}, "Means.layout() returns {'all': 3}; expected an optframe.Layout"),
    ],
)
def test_a_layout_that_does_not_cover_theta_is_refused_in_one_line(layout, message, monkeypatch):
    monkeypatch.setattr(Means, "layout", lambda problem: layout)
    for use in (lambda: oracle_of(Means()).layout, lambda: offers(Means(), None)):
        with pytest.raises(PluginError, match=re.escape(message)):
            use()


def test_full_is_about_all_data_with_the_same_counts():
    oracle, theta = oracle_of(Means()), np.zeros(3)
    oracle.see(np.array([1.0]))
    oracle.step = 5
    assert oracle.full.gradient(theta).tolist() == [-4.5] * 3
    assert oracle.gradient(theta).tolist() == [-1] * 3
    assert oracle.full.loss(theta) == 1.5 * 4.5**2
    assert counts(oracle) == (1, 2, 0, 0)
    assert oracle.full.step == 5


def test_full_of_a_problem_without_data_is_the_oracle_itself():
    for problem in (Rosenbrock(), Noise()):
        oracle = oracle_of(problem)
        assert oracle.full is oracle


def test_random_is_the_same_for_the_same_run_and_step():
    def draws(seed, step):
        oracle = oracle_of(Rosenbrock(), seed=seed)
        oracle.step = step
        return tuple(oracle.random.random(3))

    assert draws(0, 4) == draws(0, 4)
    assert len({draws(seed, step) for seed in range(3) for step in range(3)}) == 9


def test_random_goes_on_within_a_step_and_starts_anew_in_the_next():
    oracle, again = oracle_of(Rosenbrock()), oracle_of(Rosenbrock())
    together = oracle.random.random(4)
    assert [again.random.random() for _ in range(4)] == together.tolist()
    oracle.step = again.step = 1
    assert oracle.random.random() == again.random.random() != together[0]
    oracle.step = 0
    assert oracle.random.random() == together[0]


def test_no_generator_is_made_for_who_does_not_ask():
    made = []

    def make(step):
        made.append(step)
        return np.random.default_rng(step)

    oracle = Oracle(Rosenbrock(), NumpyBackend(), Counts(), make)
    oracle.gradient(np.ones(2))
    assert made == []
    oracle.step = 7
    assert oracle.random is oracle.random
    assert made == [7]


def test_through_changes_gradients_and_nothing_else():
    oracle, theta = oracle_of(Means()), np.zeros(3)
    oracle.see(np.array([3.0]))
    seen = oracle.through(double)
    assert seen.gradient(theta).tolist() == [-6] * 3
    assert seen.loss(theta) == oracle.loss(theta) == 13.5
    loss, gradient = seen.loss_and_gradient(theta)
    assert loss == 13.5
    assert gradient.tolist() == [-6] * 3
    assert oracle.gradient(theta).tolist() == [-3] * 3
    assert counts(oracle) == (3, 3, 0, 0)


def test_through_composes_the_innermost_call_last():
    oracle, theta = oracle_of(Means()), np.zeros(3)
    oracle.see(np.array([3.0]))
    seen = oracle.through(double).through(lambda gradient: gradient + 1)
    assert seen.gradient(theta).tolist() == [-5] * 3
    assert seen.loss_and_gradient(theta)[1].tolist() == [-5] * 3
    assert seen.full.gradient(theta).tolist() == [-8] * 3
    assert seen.full.loss_and_gradient(theta)[1].tolist() == [-8] * 3


def test_through_may_ask_where_the_gradient_was_taken():
    """The penalty comes before what an inner wrapper does, at the point that was asked."""
    oracle, theta = oracle_of(Quadratic(size=2, condition=1.0)), np.array([1.0, -2.0])
    penalized = oracle.through(lambda g, point: g + 10 * point, at=True)
    np.testing.assert_array_equal(penalized.gradient(theta), 11 * theta)
    np.testing.assert_array_equal(penalized.gradient(3 * theta), 33 * theta)
    np.testing.assert_array_equal(penalized.loss_and_gradient(theta)[1], 11 * theta)
    np.testing.assert_array_equal(penalized.through(np.sign).gradient(theta), [1, -1])
    after = oracle.through(np.sign).through(lambda g, point: g + 10 * point, at=True)
    np.testing.assert_array_equal(after.gradient(theta), [11, -21])


def test_through_draws_from_the_same_generator():
    """A wrapper's noise and the inner optimizer's must not be the same numbers."""
    oracle, alone = oracle_of(Rosenbrock()), oracle_of(Rosenbrock())
    oracle.step = alone.step = 3
    first = oracle.random.random()
    second = oracle.through(double).random.random()
    assert [first, second] == [alone.random.random() for _ in range(2)]


@pytest.mark.parametrize(
    "part",
    [lambda o: o.through(double), lambda o: o.through(double).through(double), lambda o: o.full],
    ids=["through", "through twice", "full"],
)
def test_stopping_through_stops_the_run(part):
    oracle = oracle_of(Means())
    part(oracle).stop("found it")
    assert oracle.stopped == "found it"


def test_a_function_offers_its_methods_and_what_is_known_of_it():
    expected = {"loss", "gradient", "loss_and_gradient", "partial", "hessian", "hvp", "layout"}
    assert offers(Rosenbrock(), None) == expected | {"deterministic", "minimum"}
    more = offers(Quadratic(), None) - offers(Rosenbrock(), None)
    assert more == {"quadratic", "coordinate_minimum"}


@pytest.mark.parametrize(
    ("word", "problem", "sampler", "offered"),
    [
        ("deterministic", Means(), Full(), True),
        ("deterministic", Means(), Shuffled(), False),
        ("deterministic", Means(), None, False),
        ("deterministic", Dropout(), Full(), False),
        ("deterministic", Noise(), None, False),
        ("full", Means(), Shuffled(), True),
        ("full", Noise(), None, False),
        ("full", Rosenbrock(), None, False),
        ("minimum", Means(), Full(), False),
        ("hessian", FunctionProblem(sum, sum, [0.0]), None, False),
        ("hessian", FunctionProblem(sum, sum, [0.0], hessian=sum), None, True),
    ],
    ids=str,
)
def test_what_depends_on_the_problem_and_the_sampler(word, problem, sampler, offered):
    assert (word in offers(problem, sampler)) == offered


def test_what_all_problems_have_is_no_word():
    for problem in (Rosenbrock(), Means()):
        words = offers(problem, Full())
        assert not words & {"bind", "asarray", "metrics", "start", "random_start", "xp", "size"}
        assert not any(word.startswith("_") for word in words)
