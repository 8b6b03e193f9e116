import copy
import pickle
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import optframe
from optframe import Block, Layout, UsageError
from optframe.contracts.layout import KINDS

KERNEL = Block("kernel", (2, 1, 2, 3), "input")
BLOCKS = (
    KERNEL,
    Block("bias", (3,), "bias"),
    Block("weights", (2, 5), "hidden"),
    Block("temperature", ()),
)
LAYOUT = Layout(BLOCKS)
RUNS = [(), (4,), (2, 3), (1, 2, 1), (0,)]
each_runs = pytest.mark.parametrize("runs", RUNS, ids=str)


def thetas(runs):
    count = LAYOUT.size * int(np.prod(runs))
    return np.arange(float(count)).reshape(*runs, LAYOUT.size)


def test_blocks_follow_one_another():
    assert [*LAYOUT] == [*BLOCKS]
    assert len(LAYOUT) == 4
    assert LAYOUT.size == 12 + 3 + 10 + 1
    assert dict(LAYOUT.slices) == {
        "kernel": slice(0, 12),
        "bias": slice(12, 15),
        "weights": slice(15, 25),
        "temperature": slice(25, 26),
    }
    assert [block.size for block in LAYOUT] == [12, 3, 10, 1]


@each_runs
def test_views_are_the_entries_row_by_row(runs):
    theta = thetas(runs)
    views = LAYOUT.views(theta)
    assert {name: view.shape for name, view in views.items()} == {
        block.name: (*runs, *block.shape) for block in BLOCKS
    }
    if theta.size:
        *run, _ = theta.shape
        last = tuple(size - 1 for size in run)
        assert views["weights"][(*last, 1, 2)] == theta[(*last, 15 + 1 * 5 + 2)]
        assert views["kernel"][(*last, 1, 0, 1, 2)] == theta[(*last, 6 + 3 + 2)]
        assert views["temperature"][last] == theta[(*last, 25)]


@pytest.mark.parametrize("runs", [runs for runs in RUNS if 0 not in runs], ids=str)
@pytest.mark.parametrize("form", ["plain", "fortran", "strided", "slice of runs"])
def test_views_share_the_memory(runs, form):
    theta = thetas(runs)
    if form == "fortran":
        theta = np.asfortranarray(theta)
    elif form == "strided":
        theta = np.repeat(theta, 2, axis=-1)[..., ::2]
    elif form == "slice of runs":
        theta = np.stack([theta, theta])[1]
    for name, view in LAYOUT.views(theta).items():
        assert np.shares_memory(view, theta), name
        view[...] = -1
    assert (theta == -1).all()


@each_runs
def test_flat_is_the_way_back_in_any_order_of_the_names(runs):
    theta = thetas(runs).astype("float32")
    views = LAYOUT.views(theta)
    for given in (views, dict(reversed(views.items()))):
        found = LAYOUT.flat(given)
        assert_array_equal(found, theta)
        assert found.dtype == theta.dtype
        assert not np.shares_memory(found, theta)


def test_views_and_flat_need_nothing_but_the_array_standard():
    xp = pytest.importorskip("array_api_strict")
    theta = xp.asarray(thetas((2,)), device=xp.Device("device1"))
    views = LAYOUT.views(theta)
    views["weights"][1, 0, 0] = -7.0
    assert float(theta[1, 15]) == -7
    back = LAYOUT.flat(views)
    assert back.device == theta.device
    assert xp.all(back == theta)


class OnlyMethods:
    """An array as torch's: no ``__array_namespace__``; its functions are in its module."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def __getitem__(self, index):
        return OnlyMethods(self.array[index])

    def reshape(self, shape):
        return OnlyMethods(self.array.reshape(shape))


def concatenate(arrays, axis):
    return OnlyMethods(np.concatenate([one.array for one in arrays], axis))


def test_libraries_without_the_standards_namespace_serve_too(monkeypatch):
    library = SimpleNamespace(reshape=OnlyMethods.reshape, concatenate=concatenate)
    monkeypatch.setitem(sys.modules, "a_library", library)
    monkeypatch.setattr(OnlyMethods, "__module__", "a_library.arrays")
    theta = thetas((2,))
    assert_array_equal(LAYOUT.flat(LAYOUT.views(OnlyMethods(theta))).array, theta)


def test_gradients_in_another_precision_stay_so():
    views = LAYOUT.views(thetas(()).astype("float32"))
    views["bias"] = views["bias"].astype("float64")
    assert LAYOUT.flat(views).dtype == "float64"


def test_a_layout_is_plain_data():
    assert pickle.loads(pickle.dumps(LAYOUT)) == LAYOUT == copy.copy(LAYOUT)
    assert hash(Layout([*BLOCKS])) == hash(LAYOUT)
    assert Block("kernel", [2, 1, np.int64(2), 3], "input") == KERNEL
    assert Layout.single(3) == Layout((Block("parameter", (3,), "parameter"),))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_accepted(kind):
    assert Block("one", (1,), kind).kind == kind


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Block("w", (3,), "hiden"), "Block 'w': kind is 'hiden'; did you mean 'hidden'?"),
        (
            lambda: Block("w", (3,), 7),
            "Block 'w': kind is 7; expected one of: input, hidden, output, bias, scale, parameter",
        ),
        *(
            (
                lambda shape=shape: Block("w", shape),
                f"Block 'w': shape is {shape!r}; expected a tuple of whole numbers of at least 1, "
                "such as (784, 32)",
            )
            for shape in ((3, 0), (-1,), (2.5,), 3, "3", None, ("a",), (float("inf"),))
        ),
        (lambda: Block("", (3,)), "Block: name is ''; expected a text that is not empty"),
        (lambda: Block(3, (3,)), "Block: name is 3; expected a text that is not empty"),
        (lambda: Layout(()), "Layout: blocks is (); expected at least one Block"),
        (lambda: Layout(KERNEL), f"Layout: blocks is {KERNEL!r}; expected at least one Block"),
        (
            lambda: Layout((("w", (3,)),)),
            "Layout: found ('w', (3,)); expected a Block(name, shape, kind) for each part",
        ),
        (
            lambda: Layout((KERNEL, KERNEL)),
            "Layout: two blocks have the name 'kernel'; rename one",
        ),
    ],
)
def test_wrong_blocks_are_refused_in_one_line(make, message):
    with pytest.raises(UsageError) as error:
        make()
    assert str(error.value) == message


def without(name):
    return {key: view for key, view in LAYOUT.views(np.zeros(26)).items() if key != name}


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda: LAYOUT.views(np.zeros((4, 25))),
            "Layout.views: found an array of shape (4, 25); expected (..., 26), as the blocks have "
            "26 numbers",
        ),
        (
            lambda: LAYOUT.views(np.float64(1)),
            "Layout.views: found an array of shape (); expected (..., 26), as the blocks have 26 "
            "numbers",
        ),
        (
            lambda: LAYOUT.flat(without("bias")),
            "Layout.flat: found blocks without 'bias'; expected 'kernel', 'bias', 'weights', "
            "'temperature'",
        ),
        (
            lambda: LAYOUT.flat(without("") | {"bais": 0}),
            "Layout.flat: found blocks with an unknown 'bais'; expected 'kernel', 'bias', "
            "'weights', 'temperature'",
        ),
        (
            lambda: LAYOUT.flat(without("") | {"weights": np.zeros((5, 2))}),
            "Layout.flat: block 'weights' has the shape (5, 2); expected (2, 5): the leading axes "
            "of the first block, then (2, 5)",
        ),
        (
            lambda: LAYOUT.flat(without("") | {"bias": np.zeros((2, 3))}),
            "Layout.flat: block 'bias' has the shape (2, 3); expected (3,): the leading axes of "
            "the first block, then (3,)",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_one_line(use, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        use()


def test_it_is_public():
    assert optframe.Block is Block
    assert optframe.Layout is Layout
