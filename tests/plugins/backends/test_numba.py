"""The fused loops as Numba compiles them."""

import contextlib
import importlib
import inspect
import sys
import threading

import numpy as np
import pytest

import optframe
from optframe import Study, load_plugins, maximum, minimum, sign, sqrt, where
from optframe.components.binder import resolve_backend
from optframe.rules import Rule, Trace
from optframe.rules.numpy_printer import compile_for_numpy
from optframe.study import RunSettings
from optframe.trial import Run
from optframe.trial.clock import Clock
from optframe_plugins.backends import numba as plugin
from optframe_plugins.backends.numba import FEW, SHARE, SHORT, Fused, NumbaBackend
from optframe_plugins.optimizers.adam import update

compiling = pytest.mark.skipif(
    NumbaBackend().missing() is not None, reason=str(NumbaBackend().missing())
)


def momentum(theta, g, v, lr, momentum):
    v = momentum * v - lr * g
    return theta + v, v


def registered_rules():
    """Every update rule that the modules of the registered optimizers know."""
    registry, found = load_plugins(), {}
    for name in registry.names("optimizers"):
        for other in vars(inspect.getmodule(registry.load("optimizers", name))).values():
            if isinstance(getattr(other, "rule", None), Rule):
                found.setdefault(
                    other.rule, pytest.param(other.rule.trace, id=f"{name}-{other.__name__}")
                )
    return [*found.values()]


def copies(arrays):
    return [array.copy() for array in arrays]


def assert_same_bits(found, expected):
    assert found.dtype == expected.dtype
    bits = f"u{found.dtype.itemsize}"
    np.testing.assert_array_equal(found.view(bits), expected.view(bits))


def drawn(random, trace, shape, dtype):
    """θ, the gradient and the state: the state positive, as second moments are."""
    theta, g = random.standard_normal((2, *shape)).astype(dtype)
    states = random.uniform(0.1, 1, (len(trace.outputs) - 1, *shape)).astype(dtype)
    return [theta, g, *states]


def test_numba_that_is_not_installed_says_what_to_install(monkeypatch):
    def refuse(name):
        assert name == "numba"
        raise ImportError("No module named 'numba'")

    monkeypatch.setattr(plugin, "import_module", refuse)
    assert not NumbaBackend().is_available()
    assert NumbaBackend().missing() == (
        "Numba is not installed (No module named 'numba'); pip install 'optframe-bench[numba]', "
        "or use --backend numpy"
    )
    with pytest.raises(
        optframe.UnavailableError, match=r"'numba': Numba is .*'optframe-bench\[numba\]'"
    ):
        optframe.minimize("rosenbrock", "sgd", steps=1, backend="numba")


def test_numba_is_never_chosen_by_itself():
    assert NumbaBackend.priority < 0
    assert resolve_backend(load_plugins(), "auto") != "numba"


@compiling
@pytest.mark.parametrize("trace", registered_rules())
def test_rules_of_all_optimizers_give_the_bits_of_numpy(trace, random):
    """In a precision and for coefficients that are drawn anew each time: compiling takes long."""
    dtype = random.choice([np.float32, np.float64])
    shape = [(SHARE + 5,), (3, 701), (501, 2)][random.integers(3)]
    coefficients = [float(c) for c in random.uniform(0.1, 0.9, len(trace.coefficients))]
    if len(shape) > 1 and coefficients and random.integers(2):
        coefficients[0] = random.uniform(0.1, 0.9, (shape[0], 1))
    print(dtype, shape, [np.shape(c) for c in coefficients])
    arrays = drawn(random, trace, shape, dtype)
    numbers = [c if np.ndim(c) == 0 else c.astype(dtype) for c in coefficients]
    expected = compile_for_numpy(trace)(*copies(arrays), *numbers)
    given = copies(arrays)
    with NumbaBackend().limit_threads(1):
        fused = Fused(trace)
        found = fused(*given, *numbers)
    assert len(fused._loops) == 1
    for ours, theirs in zip(
        (found,) if trace.single else found, (expected,) if trace.single else expected, strict=True
    ):
        assert_same_bits(ours, theirs)
    assert (found if trace.single else found[0]) is given[0]
    assert_same_bits(given[1], arrays[1])


@compiling
def test_special_values_are_numpys():
    def rule(theta, g, a, b, c, limit):
        chosen = where(g < 0, limit, 0.1)
        return maximum(theta, g), minimum(theta, g), sign(theta) + abs(g), sqrt(theta) / g + chosen

    values = np.array([1, -1, 0.5, np.nan, np.inf, -np.inf, 1e-45, 3e38, 0], np.float32)
    x, y = (array.ravel() for array in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        expected = (
            np.maximum(x, y),
            np.minimum(x, y),
            np.sign(x) + abs(y),
            np.sqrt(x) / y + np.where(y < 0, np.float32(0.3), np.float32(0.1)),
        )
    found = Fused(Trace(rule))(x.copy(), y, x.copy(), x.copy(), x.copy(), 0.3)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@compiling
def test_threads_share_one_loop_and_change_no_bit(random, monkeypatch):
    trace = Trace(momentum)
    arrays = drawn(random, trace, (3 * SHARE + 17,), np.float32)
    expected = compile_for_numpy(trace)(*copies(arrays), 0.1, 0.9)
    backend, fused = NumbaBackend(), Fused(trace)
    used = []
    monkeypatch.setattr(
        fused, "_compile", lambda key, compiled=fused._compile: used.append(key) or compiled(key)
    )
    for threads in (1, 2):
        with backend.limit_threads(threads):
            found = fused(*copies(arrays), 0.1, 0.9)
        for ours, theirs in zip(found, expected, strict=True):
            assert_same_bits(ours, theirs)
    several = importlib.import_module("numba").config.NUMBA_NUM_THREADS > 1
    assert [parallel for _, _, parallel in used] == [False, True][: 1 + several]


@compiling
def test_python_threads_take_turns(random):
    """Numba's own scheduler would end the process if two entered it at once."""
    trace = Trace(momentum)
    fused, found = Fused(trace), {}
    arrays = drawn(random, trace, (3 * SHARE,), np.float32)
    expected = compile_for_numpy(trace)(*copies(arrays), 0.1, 0.9)
    fused(*copies(arrays), 0.1, 0.9)
    workers = [
        threading.Thread(
            target=lambda i=i: [found.update({i: fused(*copies(arrays), 0.1, 0.9)}) for _ in "1234"]
        )
        for i in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for outputs in found.values():
        for ours, theirs in zip(outputs, expected, strict=True):
            assert_same_bits(ours, theirs)
    assert len(found) == 2


def test_a_limit_of_threads_ends_with_its_block(monkeypatch):
    numba = type(sys)("numba")
    numba.config = type("config", (), {"NUMBA_NUM_THREADS": 4})
    monkeypatch.setattr(plugin, "import_module", lambda name: numba)
    backend = NumbaBackend()
    assert plugin._most_threads() == 4
    with backend.limit_threads(3):
        assert plugin._most_threads() == 3
        with backend.limit_threads(8):
            assert plugin._most_threads() == 4
        assert plugin._most_threads() == 3
    assert plugin._most_threads() == 4


@compiling
@pytest.mark.parametrize("view", [lambda a: a, lambda a: a[::-1], lambda a: a[:]])
def test_a_gradient_that_is_theta_itself_survives(view, random):
    theta, v = random.random((2, 50))
    g = view(theta)
    answer = g.copy()
    new, v_new = Fused(Trace(momentum))(theta, g, v, 0.1, 0.9)
    np.testing.assert_array_equal(g, answer)
    np.testing.assert_array_equal(v_new, 0.9 * v - 0.1 * answer)
    np.testing.assert_array_equal(new, theta + (0.9 * v - 0.1 * answer))


@compiling
@pytest.mark.parametrize("which", [0, 2])
@pytest.mark.parametrize("reason", ["read-only", "strided", "not aligned", "byte order"])
def test_what_cannot_be_overwritten_is_left_alone(which, reason, random):
    arrays = list(random.random((3, 50)))
    expected = momentum(*arrays, 0.1, 0.9)
    array = arrays[which].copy()
    if reason == "strided":
        array = np.repeat(array, 2)[::2]
    elif reason == "not aligned":
        array = np.frombuffer(bytearray(b"1" + array.tobytes()), "f8", offset=1)
    elif reason == "byte order":
        array = array.astype(array.dtype.newbyteorder())
    array.flags.writeable = reason != "read-only"
    arrays[which] = array
    before = array.copy()
    found = Fused(Trace(momentum))(*arrays, 0.1, 0.9)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(array, before)


@compiling
@pytest.mark.parametrize("shape", [(1,), (6,), (2, 1, 1), (1, 3, 1), (1, 6), (1, 3, 6), (2, 3, 6)])
def test_arrays_of_coefficients_broadcast_as_numpys_do(shape, random):
    trace = Trace(momentum)
    arrays = drawn(random, trace, (2, 3, 6), np.float64)
    lr = random.random(shape)
    expected = momentum(*arrays, lr, 0.9)
    found = Fused(trace)(*copies(arrays), lr, 0.9)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", [(2, 1), (1, 6), (3, 2, 1)])
def test_coefficients_that_are_wider_than_theta_widen_the_result(shape, random):
    """Then the loop sees the mistake, as with NumPy."""
    theta, g, v = random.random((3, 6))
    lr = random.random(shape)
    new, _ = Fused(Trace(momentum))(theta, g, v, lr, 0.9)
    np.testing.assert_array_equal(new, momentum(theta, g, v, lr, 0.9)[0])
    assert new.ndim == len(shape)


@pytest.mark.parametrize("shape", [(4, 1), (5,), (2, 1, 3)])
def test_coefficients_that_do_not_broadcast_are_refused(shape, random):
    theta, g, v = random.random((3, 1, 3, 6))
    with pytest.raises(ValueError, match="broadcast"):
        Fused(Trace(momentum))(theta, g, v, random.random(shape), 0.9)


def test_coefficients_that_are_views_of_theta_are_not_written_over(random):
    theta, g, v = random.random((3, 4, 1))
    theta = np.repeat(theta, 3, axis=1)
    g, v = np.repeat(g, 3, axis=1), np.repeat(v, 3, axis=1)
    before = theta.copy()
    found = Fused(Trace(momentum))(theta, g, v, theta[:, :1], 0.9)
    np.testing.assert_array_equal(theta, before)
    np.testing.assert_array_equal(found[1], 0.9 * v - before[:, :1] * g)


def test_rules_of_few_operations_are_numpys_while_arrays_are_short(monkeypatch, random):
    def refuse(self, *arguments):
        raise AssertionError("compiled")

    def longer(theta, g, v, lr):
        for _ in range(FEW):
            v = lr * v + g
        return theta - v, v

    monkeypatch.setattr(Fused, "__call__", refuse)
    few, many = (NumbaBackend().elementwise(Trace(rule)) for rule in (momentum, longer))
    theta, g, v = random.random((3, SHORT))
    new, _ = few(theta, g, v, 0.1, 0.9)
    np.testing.assert_array_equal(new, momentum(theta, g, v, 0.1, 0.9)[0])
    with pytest.raises(AssertionError, match="compiled"):
        many(theta[:2], g[:2], v[:2], 0.1)
    with pytest.raises(AssertionError, match="compiled"):
        few(*random.random((3, SHORT + 1)), 0.1, 0.9)
    assert many(theta[:0], g[:0], v[:0], 0.1)[0].shape == (0,)


def loop_of(trace, dtype="float64"):
    """Load a serial loop as a first call in a process does."""
    kinds = ("number",) * len(trace.coefficients)
    fused = Fused(trace)
    return fused._compile((np.dtype(dtype).char, kinds, False))


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path))
    return tmp_path / "numba"


def forget(cache):
    for name in [n for n in sys.modules if n.startswith("optframe_numba_")]:
        file = sys.modules[name].__file__
        if file and file.startswith(str(cache)):
            del sys.modules[name]


def sgd_like(theta, g, lr):
    return theta - lr * g


@compiling
def test_compiled_loops_are_kept_beside_a_file_named_after_its_content(cache, monkeypatch):
    first = loop_of(Trace(sgd_like))
    assert loop_of(Trace(sgd_like)) is first
    (file,) = cache.glob("*.py")
    assert file.name.startswith("sgd_like_")
    assert len([*cache.glob("__pycache__/*.nbc")]) == 1
    forget(cache)
    again = loop_of(Trace(sgd_like))
    assert again is not first
    assert sum(again.stats.cache_hits.values()) == 1
    assert not again.stats.cache_misses

    written = file.stat().st_mtime_ns
    content = file.read_text()
    file.write_text(content.replace("t0 - ", "t0 + "))
    forget(cache)
    theta = np.ones(3)
    assert loop_of(Trace(sgd_like))(1, 3, theta, np.ones(3), 0.25)
    np.testing.assert_array_equal(theta, 0.75)
    assert file.read_text() == content
    assert file.stat().st_mtime_ns > written

    monkeypatch.setattr(importlib.import_module("numba"), "__version__", "0.0.0")
    loop_of(Trace(sgd_like))
    assert len([*cache.glob("*.py")]) == 2
    forget(cache)


@compiling
def test_a_cache_that_cannot_be_written_costs_only_time(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "file" / "cache"))

    def unique(theta, g, lr):
        return theta - lr * g / 3.0

    theta = np.ones(3)
    assert loop_of(Trace(unique))(1, 3, theta, np.ones(3), 0.75)
    np.testing.assert_array_equal(theta, 0.75)


@compiling
def test_a_run_has_numpys_bits_and_compiles_before_the_clock_starts(cache, monkeypatch, tmp_path):
    ours, theirs = (
        optframe.minimize("rosenbrock", "adam:lr=0.02", steps=50, backend=backend, iterates=True)
        for backend in ("numba", "numpy")
    )
    np.testing.assert_array_equal(ours.iterates, theirs.iterates)

    limits = []

    @contextlib.contextmanager
    def limit(self, threads):
        limits.append(threads)
        yield

    monkeypatch.setattr(NumbaBackend, "limit_threads", limit)
    monkeypatch.setattr(update.rule, "_kernels", {})
    monkeypatch.setattr(update.rule, "backend", None)
    for name in [name for name in sys.modules if name.startswith("optframe_numba_update_")]:
        monkeypatch.delitem(sys.modules, name)  # compiled by whoever came before
    loops, load = [], plugin._load_kept
    monkeypatch.setattr(plugin, "_load_kept", lambda *loop: loops.append(loop) or load(*loop))
    for timed in (Clock, Run):  # a second passes with each loop that is compiled
        monkeypatch.setattr(f"{timed.__module__}.perf_counter", lambda: len(loops))
    settings = RunSettings("numba", threads=3)
    study = Study("numba", {"steps": 3}, "adam", "rosenbrock", run=settings)
    row = optframe.run(study, tmp_path / "results").trials.iloc[0]
    assert row.status == "finished"
    assert [*cache.glob("update_*.py")]
    assert (row.compile_seconds, row.seconds) == (1, 0)
    assert limits == [3]
