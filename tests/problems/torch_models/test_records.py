"""The records of a `TorchProblem`: arrays, tensors, data sets, parts, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import optframe
from optframe import UsageError

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")
nn, F = torch.nn, torch.nn.functional


class Pairs(torch.utils.data.Dataset):
    def __init__(self, x, y, noise=0):
        self.x, self.y, self.noise = x, y, noise

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        return self.x[index] + self.noise * torch.rand(()).item(), int(self.y[index])


def linear():
    return nn.Linear(6, 3)


def made(data, **parts):
    return optframe.TorchProblem(linear, F.cross_entropy, data, **parts)


def shapes(x, y):
    """The same data in each form."""
    tensors = torch.tensor(x), torch.tensor(y)
    return {
        "arrays": (x, y),
        "lists": (x.tolist(), y.tolist()),
        "a list of arrays": [x, y],
        "tensors": tensors,
        "read-only": (np.broadcast_to(x, x.shape), y),
        "reversed": (x[::-1].copy()[::-1], y),
        "TensorDataset": torch.utils.data.TensorDataset(*tensors),
        "Dataset": Pairs(x, y),
        "list of pairs": list(zip(x, y, strict=True)),
    }


@pytest.mark.parametrize("form", list(shapes(np.ones((1, 1)), np.ones(1))))
def test_data_may_have_many_forms(form, data, bind):
    expected, problem = bind(made(data)), bind(made(shapes(*data)[form]))
    theta = np.random.default_rng(0).standard_normal(21)
    assert problem.records == 60
    for rows in (np.array([5, 3, 3, 59]), slice(10, 20), slice(None), np.arange(4, dtype=np.int32)):
        found = problem.gradient(theta, problem.draw(rows, None))
        assert_array_equal(found, expected.gradient(theta, expected.draw(rows, None)))
    assert problem.metrics(theta) == expected.metrics(theta)
    assert_array_equal(problem.groups("class"), data[1])
    assert problem.groups("subject") is None


def test_a_module_may_take_several_inputs(data, bind):
    class Two(nn.Bilinear):
        def __init__(self):
            super().__init__(6, 6, 3)

    x, y = data
    problem = bind(optframe.TorchProblem(Two, F.cross_entropy, (x, x + 1, y)))
    theta = np.random.default_rng(0).standard_normal(problem.size)
    weights = theta[:108].reshape(3, 6, 6)
    outputs = np.einsum("ni,kij,nj->nk", x, weights, x + 1) + theta[108:]
    expected = F.cross_entropy(torch.tensor(outputs), torch.tensor(y))
    assert problem.loss(theta, problem.draw(slice(None), None)) == pytest.approx(float(expected))


def test_parts_are_given_or_split_off(data):
    x, y = data
    problem = made(data, validation=0.2, test=0.1)
    parts = problem._given.parts
    assert {name: len(part[-1]) for name, part in parts.items()} == {
        "train": 42,
        "validation": 12,
        "test": 6,
    }
    together = np.concatenate([part[0].numpy() for part in parts.values()])
    assert_array_equal(np.sort(together, axis=0), np.sort(x, axis=0))
    for part in parts.values():
        counts = np.bincount(part[1].numpy(), minlength=3) / len(part[1])
        assert_allclose(counts, np.bincount(y) / 60, atol=0.1)
    given = made(data, validation=0.2, test=(x[:5], y[:5]))._given.parts
    assert {name: len(part[-1]) for name, part in given.items()} == {
        "train": 48,
        "validation": 12,
        "test": 5,
    }
    numbers = made((x, x[:, 0]), validation=0.25)._given.parts
    assert len(numbers["validation"][0]) == 15


def test_the_parts_are_measured_under_the_names_of_all_problems(data, bind):
    x, y = data
    accuracy = {"accuracy": lambda outputs, targets: (outputs.argmax(1) == targets).double().mean()}
    problem = bind(made(data, validation=(x[:9], y[:9]), test=(x[9:30], y[9:30]), metrics=accuracy))
    theta = np.random.default_rng(0).standard_normal(21)
    outputs = x @ theta[:18].reshape(3, 6).T + theta[18:]
    losses = np.log(np.exp(outputs).sum(1)) - outputs[np.arange(60), y]
    right = outputs.argmax(1) == y
    assert list(problem.metrics(theta)) == [
        prefix + name for prefix in ("", "validation_", "test_") for name in ("loss", "accuracy")
    ]
    assert problem.metrics(theta) == pytest.approx(
        {
            "loss": losses.mean(),
            "accuracy": right.mean(),
            "validation_loss": losses[:9].mean(),
            "validation_accuracy": right[:9].mean(),
            "test_loss": losses[9:30].mean(),
            "test_accuracy": right[9:30].mean(),
        }
    )


@pytest.mark.parametrize("held", [1, 40, 10**9])
def test_metrics_see_all_outputs_at_once_where_they_can_be_held(held, data, bind, monkeypatch):
    monkeypatch.setattr("optframe_problems.torch_models.measuring.HELD", held)
    seen = []

    def count(outputs, targets):
        assert len(outputs) == len(targets)
        seen.append(len(outputs))
        return outputs.mean()

    problem = bind(made(data, metrics={"mean": count}))
    _ = problem.deterministic
    problem._live.most = 7
    theta = np.random.default_rng(0).standard_normal(21)
    found = problem.metrics(theta)["mean"]
    expected = {1: [7] * 8 + [4], 40: [14] * 4 + [4], 10**9: [60]}
    assert seen == expected[held]
    assert found == pytest.approx((data[0] @ theta[:18].reshape(3, 6).T + theta[18:]).mean())


def test_outputs_may_be_anything_that_the_loss_takes(data, bind):
    class Pair(nn.Linear):
        def forward(self, x):
            return super().forward(x), x

    def loss(outputs, targets):
        return F.cross_entropy(outputs[0], targets) + outputs[1].mean()

    problem = bind(optframe.TorchProblem(lambda: Pair(6, 3), loss, data))
    _ = problem.deterministic
    problem._live.most = 25
    theta = np.random.default_rng(0).standard_normal(21)
    found = problem.metrics(theta)["loss"]
    assert found == pytest.approx(problem.loss(theta, problem.draw(slice(None), None)))


def test_a_loss_may_be_a_module_with_weights_of_its_own(data, bind):
    criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    problem = bind(optframe.TorchProblem(linear, criterion, data))
    theta = np.random.default_rng(0).standard_normal(21)
    x, y = data
    outputs = torch.tensor(x @ theta[:18].reshape(3, 6).T + theta[18:])
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    expected = float(F.cross_entropy(outputs, torch.tensor(y), weights))
    assert problem.loss(theta, problem.draw(slice(None), None)) == pytest.approx(expected)
    assert criterion.weight.dtype == torch.float32


def test_random_data_sets_are_refused(data):
    with pytest.raises(UsageError, match=r"when it is read again.* draws \(augmentation\)"):
        made(Pairs(*data, noise=1)).layout(), made(Pairs(*data, noise=1)).records


ONES = np.ones((4, 6))


@pytest.mark.parametrize(
    ("data", "parts", "message"),
    [
        ((ONES, [0, 1]), {}, "data has 4 and 2 records; expected as many targets as inputs"),
        ((ONES[:0], []), {}, "data is empty; expected at least one record"),
        ([], {}, "data is empty"),
        (ONES, {}, "data is of type ndarray and has no targets; expected"),
        ((ONES,), {}, "data is of type tuple and has no targets"),
        ("digits", {}, "data is of type str and has no targets"),
        ((3.0, 1), {}, "data, number 1 is a single number; expected a dense array"),
        ((torch.eye(4).to_sparse(), [0] * 4), {}, "data, number 1 is sparse"),
        ((ONES, ["a"] * 4), {}, "data, number 2 is of type list and holds no numbers"),
        ((ONES * np.nan, [0] * 4), {}, r"the inputs hold nan at \[0, 0\] \(record first"),
        ((ONES, [0, np.inf, 0, 0]), {}, r"the targets hold inf at \[1\]"),
        ([{"x": 1}], {}, "a record is a dict"),
        ([(ONES[0], 1), (ONES[0][:2], 1)], {}, "its records cannot be put together"),
        (iter([]), {}, "data is of type list_iterator; expected"),
        ((ONES, [0] * 4), {"validation": 1.5}, "validation = 1.5 and test = 0; expected shares"),
        ((ONES, [0] * 4), {"test": (ONES[:, 1:], [0] * 4)}, r"test has records of shapes \[\(5,\)"),
        ((ONES, [0] * 4), {"test": (ONES[:0], [])}, "test is empty"),
    ],
)
def test_data_that_cannot_be_used_is_refused_in_one_line(data, parts, message):
    with pytest.raises(UsageError, match=message) as refused:
        _ = made(data, **parts).records
    assert "\n" not in str(refused.value)


def test_a_loader_is_no_data(data):
    loader = torch.utils.data.DataLoader(Pairs(*data))
    with pytest.raises(UsageError, match="data is of type DataLoader; give its data set, loader"):
        _ = made(loader).records


def test_a_data_set_larger_than_the_memory_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr("optframe_problems.torch_models.records.memory_bytes", lambda: 10_000)
    read = []

    class Large(Pairs):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    x, y = np.zeros((300, 6)), np.zeros(300, int)
    with pytest.raises(UsageError, match="300 records of 56 bytes are more than the 10,000 bytes"):
        _ = made(Large(x, y)).records
    assert read == [0]
    assert made(Large(x[:170], y[:170])).records == 170
