"""A problem that is made of functions has the words that it was given, and says what is wrong."""

import dataclasses
import pickle

import numpy as np
import pytest

import optframe
from optframe import Block, FunctionProblem, Layout, PluginError, Setting, Study, UsageError
from optframe.components.answers import guard
from optframe.components.function_arguments import WORDS
from optframe.contracts.oracle import offers
from optframe.testing import check_problem
from optframe_plugins.backends.numpy import NumpyBackend

A = np.array([[3.0, 1.0], [1.0, 2.0]])


def loss(x):
    return x @ A @ x / 2


def gradient(x):
    return A.astype(x.dtype) @ x


def hessian(x):
    return A.astype(x.dtype)


def bowl(**given):
    return FunctionProblem(**{"loss": loss, "gradient": gradient, "theta0": [1.0, -2.0], **given})


def bound(problem):
    return problem.bind(Setting(NumpyBackend(), "float64", np.random.SeedSequence(0), None))


ANSWERS = {
    "loss": 7.0,
    "gradient": np.array([1.0, 2.0]),
    "loss_and_gradient": (8.0, np.array([3.0, 4.0])),
    "hessian": np.array([[1.0, 2.0], [2.0, 3.0]]),
    "hvp": np.array([5.0, 6.0]),
    "partial": 9.0,
    "coordinate_minimum": 10.0,
    "residuals": np.array([7.0, 8.0, 9.0]),
    "jacobian": np.arange(6.0).reshape(3, 2),
    "per_sample": np.arange(8.0).reshape(4, 2),
    "prox": np.array([9.0, 1.0]),
    "project": np.array([2.0, 8.0]),
}
MORE = {"hvp": (np.ones(2),), "partial": (1,), "coordinate_minimum": (0,), "prox": (0.5,)}


@pytest.mark.parametrize("word", WORDS)
def test_what_is_given_wins_over_what_follows(word):
    """All words are given, and none of them follows from another."""
    assert ANSWERS.keys() == WORDS.keys()
    given = {name: lambda *_, answer=answer: answer for name, answer in ANSWERS.items()}
    problem = bound(FunctionProblem(theta0=np.ones(2), **given))
    found = getattr(problem, word)(np.ones(2), *MORE.get(word, ()))
    expected = ANSWERS[word]
    if word == "loss_and_gradient":
        assert found[0] == expected[0]
        found, expected = found[1], expected[1]
    np.testing.assert_array_equal(found, expected)
    assert problem.offers() == set(WORDS)
    assert problem.work(word) is None


@pytest.mark.parametrize("word", [*WORDS, "metrics"])
def test_each_answer_is_checked(word):
    given = {name: lambda *_, answer=answer: answer for name, answer in ANSWERS.items()}
    given |= {word: lambda *_: "7"} if word != "metrics" else {"metrics": {"a": lambda x: "7"}}
    problem = bound(FunctionProblem(theta0=np.ones(2), **given))
    with pytest.raises(PluginError, match=rf"FunctionProblem\.{word} returned (a as )?a str; exp"):
        getattr(problem, word)(np.ones(2), *MORE.get(word, ()))


FIRST = {"loss", "gradient", "loss_and_gradient", "partial"}
SECOND = FIRST | {"hessian", "hvp"}
OFFERED = [
    ({}, FIRST),
    ({"hessian": hessian}, SECOND),
    ({"hvp": lambda x, v: A @ v}, SECOND),
    ({"project": abs}, FIRST | {"project"}),
    ({"quadratic": True}, SECOND | {"coordinate_minimum", "quadratic"}),
    (
        {"quadratic": True, "hessian": hessian},
        SECOND | {"coordinate_minimum", "quadratic", "minimum"},
    ),
    ({"minimum": 0.0}, FIRST | {"minimum"}),
    ({"minimizer": [0, 0]}, FIRST | {"minimum"}),
    ({"gradient": "differences"}, FIRST),
    ({"residuals": gradient, "jacobian": hessian}, FIRST | {"residuals", "jacobian"}),
]


@pytest.mark.parametrize(("given", "words"), OFFERED)
def test_a_problem_offers_what_it_has(given, words):
    assert offers(bound(bowl(**given)), None) == words | {"deterministic", "layout"}


def test_an_optimizer_that_needs_another_word_is_skipped_with_the_reason(tmp_path):
    optimizers = ["newton", "coordinate-descent", "conjugate-gradient", "sgd"]
    study = Study("words", {"steps": 2}, optimizers, [bowl()])
    trials = optframe.run(study, tmp_path).trials.set_index("optimizer")
    assert trials["status"].tolist() == [*["skipped"] * 3, "finished"]
    assert trials["reason"]["newton"] == (
        "newton needs hessian, which functionproblem does not support"
    )
    assert "coordinate_minimum" in trials["reason"]["coordinate-descent"]
    assert "hvp, quadratic" in trials["reason"]["conjugate-gradient"]


def test_f_star_follows_from_the_minimizer():
    problem = bowl(loss=lambda x: loss(x) + 5, minimizer=[0.0, 0.0])
    found = optframe.minimize(problem, "bfgs", steps=50, target=1e-12)
    assert (found.status, found.loss) == ("converged", pytest.approx(5))


@pytest.mark.parametrize("name", ["minimum", "known_minimum"])
def test_a_bare_target_is_a_distance_from_the_minimum(name):
    problem = bowl(loss=lambda x: loss(x) + 5, **{name: 5.0})
    assert optframe.minimize(problem, "bfgs", steps=50, target=1e-9).loss == pytest.approx(5)
    assert bound(problem).minimum == 5.0


def test_starts_are_drawn(tmp_path):
    problem = bowl(theta0=None, start=lambda random: random.normal(size=2))
    assert (problem.size, problem.draws_start, bowl().draws_start) == (2, True, False)
    study = Study("starts", {"steps": 1}, ["sgd", "momentum"], [problem], seeds=3)
    first = optframe.run(study, tmp_path).curves.query("step == 0")
    starts = first.pivot_table(index="seed", columns="optimizer", values="theta_0")
    assert (starts["sgd"] == starts["momentum"]).all()
    assert starts["sgd"].nunique() == 3


def test_metrics_are_measured_beside_the_loss():
    def spoil(x):
        x[:] = 0.0
        return 1

    problem = bowl(metrics={"spoilt": spoil, "largest": lambda x: np.abs(x).max()})
    curve = optframe.minimize(problem, "sgd:lr=0.1", steps=1, checkpoints=2).curve
    assert curve["largest"].tolist() == [2.0, pytest.approx(1.7)]
    assert curve["loss"].tolist() == [3.5, pytest.approx(loss(np.array([0.9, -1.7])))]
    wrong = bowl(metrics={"distance": lambda x: x})
    with pytest.raises(PluginError, match=r"metrics returned distance as float64 \(2,\); expected"):
        optframe.minimize(wrong, "sgd", steps=1)


def test_a_metric_can_be_the_target():
    problem = bowl(metrics={"distance": lambda x: np.linalg.norm(x)})
    found = optframe.minimize(problem, "bfgs", steps=99, target={"distance": 1e-3})
    assert found.status == "converged"
    assert np.linalg.norm(found.theta) <= 1e-3


def test_blocks_are_those_that_were_given():
    blocks = [Block("matrix", (1, 2), "output"), Block("rest", (3,), "bias")]
    for given in (blocks, tuple(blocks), Layout(tuple(blocks))):
        problem = FunctionProblem(sum, "differences", np.ones(5), layout=given)
        assert bound(problem).layout() == Layout(tuple(blocks))
    assert bowl().layout() == Layout.single(2)


def test_a_copy_derives_its_own():
    other = dataclasses.replace(bowl(hessian=hessian), hessian=lambda x: 2 * A)
    np.testing.assert_array_equal(other.hvp(np.ones(2), np.ones(2)), 2 * A.sum(axis=1))
    numerical = dataclasses.replace(bowl(gradient="differences"), loss=lambda x: 3 * loss(x))
    np.testing.assert_allclose(numerical.gradient(np.ones(2)), 3 * A.sum(axis=1), rtol=1e-8)
    given = dataclasses.replace(bowl(), gradient=lambda x: 0 * x)
    np.testing.assert_array_equal(given.loss_and_gradient(np.ones(2))[1], [0, 0])


def test_a_problem_of_functions_of_a_module_can_be_pickled():
    problem = bowl(hessian=hessian, quadratic=True, metrics={"half": loss})
    again = pickle.loads(pickle.dumps(problem))
    assert bound(again).coordinate_minimum(np.ones(2), 0) == pytest.approx(-1 / 3)
    assert again.metrics(np.ones(2)) == problem.metrics(np.ones(2))


def test_answers_that_follow_come_from_copies():
    """The functions keep and change what they get and what they return."""
    kept = []

    def again(buffer, values):
        for one in kept:
            one[...] = 7.0
        buffer[...] = values
        kept.append(buffer)
        return buffer

    buffers = np.empty(2), np.empty((2, 2))

    def residuals(x):
        answer = again(buffers[0], x * x - 1)
        x[:] = 9.0
        return answer

    problem = bound(
        FunctionProblem(
            residuals=residuals,
            jacobian=lambda x: again(buffers[1], np.diag(2 * x)),
            theta0=np.ones(2),
        )
    )
    theta = np.array([2.0, 3.0])
    pairs = [problem.loss_and_gradient(theta), problem.loss_and_gradient(theta)]
    for value, slope in [*pairs, (problem.loss(theta), problem.gradient(theta))]:
        assert value == (9 + 64) / 2
        np.testing.assert_array_equal(slope, [12.0, 48.0])
    np.testing.assert_array_equal(theta, [2.0, 3.0])


def test_a_hessian_is_copied_before_products_are_made_of_it():
    buffer = np.empty((2, 2))

    def again(x):
        buffer[...] = A
        return buffer

    problem = bound(bowl(hessian=again, quadratic=True))
    problem.hvp(np.ones(2), np.ones(2))
    buffer[...] = 0.0
    np.testing.assert_array_equal(problem.hvp(np.ones(2), np.ones(2)), A.sum(axis=1))


WRONG = [
    ({"loss": 3}, "loss is 3; expected a function of θ"),
    ({"loss": None}, "found no loss; expected loss=, loss_and_gradient= or residuals="),
    ({"gradient": None}, "found no gradient; expected gradient=, loss_and_gradient=, or residuals"),
    ({"gradient": 0.5}, "gradient is 0.5; expected a function of θ"),
    ({"gradient": "diferences"}, "gradient is 'diferences'; did you mean 'differences'?"),
    ({"gradient": "auto"}, "gradient is 'auto'; expected one of: complex-step, differences"),
    (
        {"gradient": "differences", "loss": None, "loss_and_gradient": sum},
        "gradient='differences' needs loss= or residuals=",
    ),
    ({"hessian": A.tolist()}, "hessian is [[3.0, 1.0], [1.0, 2.0]]; expected a function of θ"),
    ({"hvp": 1}, "hvp is 1; expected a function of θ and v"),
    ({"partial": 1}, "partial is 1; expected a function of θ and i"),
    ({"coordinate_minimum": "x"}, "coordinate_minimum is 'x'; expected a function of θ and i"),
    ({"residuals": 1}, "residuals is 1; expected a function of θ"),
    ({"jacobian": 1}, "jacobian is 1; expected a function of θ"),
    ({"per_sample": 1}, "per_sample is 1; expected a function of θ"),
    ({"prox": 1}, "prox is 1; expected a function of θ and t"),
    ({"project": 1}, "project is 1; expected a function of θ"),
    ({"theta0": None}, "found no start; expected theta0=, or start="),
    ({"start": sum}, "found theta0 and start; expected theta0=, or start="),
    ({"start": [1.0]}, "start is [1.0]; expected a function of a random generator; a point is the"),
    (
        {"theta0": None, "start": lambda random: "here"},
        "what start returns is 'here'; expected real numbers",
    ),
    ({"minimum": "zero"}, "minimum is 'zero'; expected a number"),
    ({"minimum": float("nan")}, "minimum is nan; expected a number"),
    ({"minimum": True}, "minimum is True; expected a number"),
    ({"known_minimum": "zero"}, "known_minimum is 'zero'; expected a number"),
    ({"minimum": 0, "known_minimum": 1}, "found minimum and known_minimum; expected minimum="),
    ({"minimizer": [1.0]}, "minimizer is [1.0]; expected real numbers of shape (2,)"),
    ({"quadratic": 1}, "quadratic is 1; expected True or False"),
    ({"metrics": [1]}, "metrics is [1]; expected functions of θ by name, as in"),
    ({"metrics": {"a": 1}}, "metrics is {'a': 1}; expected functions of θ by name, as in"),
    ({"metrics": {"loss": sum}}, "metrics has 'loss', the name of a column; rename it"),
    ({"metrics": {"step": sum}}, "metrics has 'step', the name of a column; rename it"),
    (
        {"layout": [Block("a", (3,))]},
        "layout has blocks of 3 numbers in all; expected 2, as the start has",
    ),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_a_wrong_argument_is_one_line(given, message):
    with pytest.raises(UsageError) as caught:
        bowl(**given)
    assert str(caught.value).startswith(f"FunctionProblem: {message}")
    assert "\n" not in str(caught.value)


def test_a_plain_function_is_no_problem_and_the_message_says_what_to_write():
    with pytest.raises(UsageError, match=r"write optframe.FunctionProblem\(loss=f, gradient=..."):
        optframe.minimize(loss, "bfgs", steps=1, theta0=[1.0, 2.0])


def test_all_checks_of_the_kit_apply_to_a_problem_with_all_words():
    problem = bowl(
        hessian=hessian,
        quadratic=True,
        minimum=0.0,
        residuals=lambda x: np.linalg.cholesky(A).T.astype(x.dtype) @ x,
        jacobian=lambda x: np.linalg.cholesky(A).T.astype(x.dtype),
        per_sample=lambda x: np.stack([0 * x, 2 * gradient(x)]),
        prox=lambda x, t: x,
        project=lambda x: np.clip(x, -1, 1),
        start=lambda random: random.normal(size=2),
        theta0=None,
    )
    outcomes = {outcome.check: outcome for outcome in check_problem(problem).run()}
    assert [o for o in outcomes.values() if o.status == "failed"] == []
    spared = {name for name, outcome in outcomes.items() if outcome.status != "passed"}
    assert spared == {
        *("leading-axes-are-runs", "minibatches-average-to-the-whole"),
        *("computes-with-the-array-standard", "pickles"),
    }


def test_a_bound_problem_is_guarded_once():
    problem = bound(bowl())
    kept = dict(vars(problem))
    guard(problem)
    assert vars(problem) == kept
