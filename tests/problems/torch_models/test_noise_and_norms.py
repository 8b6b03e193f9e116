"""Dropout and batch normalization: what a step sees, what a checkpoint measures, and purity."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UsageError

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional


class Cnn(nn.Sequential):
    def __init__(self, dropout=0.3):
        super().__init__(
            nn.Conv2d(2, 4, 3),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(144, 3),
        )


def still():
    return Cnn(0.0)


def point(problem, seed=0):
    random = np.random.default_rng(seed)
    return np.asarray(problem.start(random), float) + 0.1 * random.standard_normal(problem.size)


def noise(seed):
    return np.random.default_rng(seed)


def test_all_answers_of_a_step_see_one_mask_and_the_next_step_another(images, bind):
    problem = bind(optframe.TorchProblem(Cnn, F.cross_entropy, images))
    theta, rows = point(problem), np.arange(20)
    one, other = (problem.draw(rows, noise(seed)) for seed in (1, 2))
    again = problem.draw(rows, noise(1))
    loss, gradient = problem.loss_and_gradient(theta, one)
    problem.metrics(theta)
    torch.rand(3)
    assert problem.loss(theta, one) == loss == problem.loss(theta, again)
    assert_array_equal(problem.gradient(theta, one), gradient)
    assert problem.loss(theta, other) != loss
    assert float(problem.backward(theta, one)) == loss
    assert not problem.deterministic


def test_the_mask_is_torchs_own_under_the_steps_seed(images, bind):
    problem = bind(optframe.TorchProblem(Cnn, F.cross_entropy, images))
    theta, rows = point(problem), np.arange(20)
    batch = problem.draw(rows, noise(1))
    module = Cnn().double().train()
    parts = torch.tensor(theta).split([p.numel() for p in module.parameters()])
    for parameter, part in zip(module.parameters(), parts, strict=True):
        parameter.data = part.view_as(parameter)
    torch.manual_seed(int(noise(1).integers(2**63)))
    x, y = images
    expected = F.cross_entropy(module(torch.tensor(x[:20])), torch.tensor(y[:20]))
    assert problem.loss(theta, batch) == pytest.approx(float(expected.detach()), rel=1e-13)


def test_without_noise_there_is_no_mask_but_the_batchs_statistics(images, bind):
    problem = bind(optframe.TorchProblem(Cnn, F.cross_entropy, images))
    calm = bind(optframe.TorchProblem(still, F.cross_entropy, images))
    theta, rows = point(problem), np.arange(20)
    assert calm.deterministic
    for batch, other in (
        (problem.draw(rows, None), calm.draw(rows, None)),
        (problem.draw(slice(None), None), calm.draw(slice(None), noise(1))),
    ):
        assert_array_equal(problem.gradient(theta, batch), calm.gradient(theta, other))


def test_a_checkpoint_measures_with_the_statistics_that_belong_to_theta(images, bind):
    """Torch's own moving average over the same batches, with momentum None, then eval()."""
    accuracy = {"accuracy": lambda outputs, targets: (outputs.argmax(1) == targets).double().mean()}
    problem = bind(
        optframe.TorchProblem(
            Cnn, F.cross_entropy, images, test=(images[0][:7], images[1][:7]), metrics=accuracy
        )
    )
    theta = point(problem)
    found = problem.metrics(theta)
    module = Cnn(0.0).double().train()
    module[1].momentum = None
    parts = torch.tensor(theta).split([p.numel() for p in module.parameters()])
    x, y = torch.tensor(images[0]), torch.tensor(images[1])
    with torch.no_grad():
        for parameter, part in zip(module.parameters(), parts, strict=True):
            parameter.copy_(part.view_as(parameter))
        module(x)  # sixty records are one batch
        outputs = module.eval()(x)
    assert found["loss"] == pytest.approx(float(F.cross_entropy(outputs, y)), rel=1e-12)
    assert found["accuracy"] == pytest.approx(float((outputs.argmax(1) == y).double().mean()))
    assert found["test_loss"] == pytest.approx(
        float(F.cross_entropy(outputs[:7], y[:7])), rel=1e-12
    )
    assert list(found) == ["loss", "accuracy", "test_loss", "test_accuracy"]


def test_statistics_are_means_over_batches_of_drawn_records(bind, monkeypatch):
    monkeypatch.setattr("optframe_problems.torch_models.measuring.BATCH", 16)
    monkeypatch.setattr("optframe_problems.torch_models.measuring.BATCHES", 3)
    y = np.repeat([0, 1, 2], 40)  # sorted, so that the first records are of one class
    x = np.random.default_rng(0).standard_normal((120, 4)) + y[:, None]
    problem = bind(optframe.TorchProblem(lambda: norm_first(4), F.cross_entropy, (x, y)))
    problem.metrics(point(problem))
    rows = np.array_split(np.random.default_rng(0).permutation(120)[:48], 3)
    norm = problem.module[0]
    assert_allclose(norm.running_mean, np.mean([x[r].mean(0) for r in rows], axis=0), rtol=1e-12)
    variances = [x[r].var(0, ddof=1) for r in rows]
    assert_allclose(norm.running_var, np.mean(variances, axis=0), rtol=1e-12)
    assert norm.momentum == 0.1


def norm_first(size):
    return nn.Sequential(nn.BatchNorm1d(size), nn.Linear(size, 3))


@pytest.mark.parametrize("make", [Cnn, still], ids=["dropout", "no dropout"])
@pytest.mark.parametrize("optimizer", ["adam", "momentum", "lbfgs"])
def test_a_run_does_not_depend_on_its_checkpoints(make, optimizer, images):
    if optimizer == "lbfgs" and make is Cnn:
        optimizer = "sgd"  # a line search needs a loss without noise
    runs = []
    for checkpoints in (2, {"every_steps": 1}):
        problem = optframe.TorchProblem(make, F.cross_entropy, images, validation=0.2)
        runs.append(
            optframe.minimize(
                problem,
                optimizer,
                steps=9,
                sampler="full" if optimizer == "lbfgs" else "shuffled:batch_size=16",
                checkpoints=checkpoints,
                iterates=True,
            )
        )
    assert_array_equal(runs[0].iterates, runs[1].iterates)
    assert_array_equal(runs[0].curve.iloc[-1]["loss"], runs[1].curve.iloc[-1]["loss"])


def test_answers_do_not_depend_on_what_was_asked_before(images, bind):
    problem = bind(optframe.TorchProblem(Cnn, F.cross_entropy, images, test=0.2))
    random = np.random.default_rng(0)
    thetas = [point(problem, seed) for seed in range(3)]

    def ask(asked, word, theta, seed):
        batch = asked.draw(np.arange(12), None if seed is None else noise(seed))
        answer = getattr(asked, word)(theta, *(() if word == "metrics" else (batch,)))
        return list(answer.values()) if word == "metrics" else np.asarray(answer)

    for _ in range(40):
        word = ("loss", "gradient", "metrics")[random.integers(3)]
        theta, seed = thetas[random.integers(3)], (None, 1, 2)[random.integers(3)]
        fresh = bind(optframe.TorchProblem(Cnn, F.cross_entropy, images, test=0.2))
        assert_array_equal(ask(problem, word, theta, seed), ask(fresh, word, theta, seed))


def test_the_users_module_and_generators_are_as_before(images):
    module = Cnn()
    module.eval()
    module[0].weight.grad = torch.ones_like(module[0].weight)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.random.get_rng_state(), np.random.get_state(legacy=False)["state"]["pos"]
    problem = optframe.TorchProblem(module, F.cross_entropy, images)
    assert problem.deterministic is False  # it has been tried
    assert torch.equal(torch.random.get_rng_state(), state[0])
    assert np.random.get_state(legacy=False)["state"]["pos"] == state[1]
    optframe.minimize(problem, "adam", steps=3, sampler="shuffled:batch_size=16")
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not module.training
    assert not module[5].training
    assert torch.equal(module[0].weight.grad, torch.ones_like(module[0].weight))
    assert module[1].track_running_stats
    assert module[1].momentum == 0.1


def test_what_happens_to_the_module_later_changes_nothing(images):
    module = still()
    problem = optframe.TorchProblem(module, F.cross_entropy, images)
    start = problem.start(np.random.default_rng(0))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    again = problem.start(np.random.default_rng(1))
    assert_array_equal(start, again)
    assert np.abs(start).sum() > 0
    assert not problem.draws_start


def test_a_norm_that_the_module_keeps_fixed_stays_fixed(images, bind):
    class Fixed(Cnn):
        def __init__(self):
            super().__init__(0.0)
            self[1].running_mean += 3

        def train(self, mode=True):
            super().train(mode)
            self[1].eval()
            return self

    problem = bind(optframe.TorchProblem(Fixed, F.cross_entropy, images, batch_norm="refuse"))
    theta = point(problem)
    found = problem.metrics(theta)["loss"]
    assert problem.module[1].running_mean.tolist() == [3] * 4
    assert found == pytest.approx(problem.loss(theta, problem.draw(slice(None), None)), rel=1e-12)


def test_batch_norm_may_be_refused(images):
    problem = optframe.TorchProblem(still, F.cross_entropy, images, batch_norm="refuse")
    with pytest.raises(UsageError, match=r"Cnn: '1' is a batch normalization, and batch_norm"):
        optframe.minimize(problem, "sgd", steps=1)


def test_noise_in_evaluation_is_the_same_in_every_measurement(data, bind):
    class Always(nn.Linear):
        def forward(self, x):
            return super().forward(F.dropout(x, 0.5))

    problem = bind(optframe.TorchProblem(lambda: Always(6, 3), F.cross_entropy, data))
    theta = point(problem)
    values = problem.metrics(theta)
    problem.loss(theta, problem.draw(np.arange(5), noise(3)))
    assert problem.metrics(theta) == values
