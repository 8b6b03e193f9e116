from types import SimpleNamespace

import numpy as np
import pytest

import optframe
from optframe import Backend
from optframe.rules import Trace
from optframe_plugins.backends import cupy as plugin
from optframe_plugins.backends.cupy import CupyBackend
from optframe_plugins.backends.numpy import NumpyBackend


def test_every_backend_keeps_the_type_that_it_is_not_told(backend):
    assert backend.to_numpy(backend.asarray(np.float32([1, 2]))).dtype == np.float32
    assert backend.to_numpy(backend.asarray(np.array([1, 2]), "int64")).dtype == np.int64


def test_numpys_arrays_are_c_ordered_and_its_own_are_not_copied():
    backend = NumpyBackend()
    transposed = np.arange(6.0).reshape(2, 3).T
    assert backend.asarray(transposed).flags.c_contiguous
    array = np.ones(3)
    assert backend.asarray(array) is array
    assert backend.to_numpy(array) is array


def test_numpy_is_always_there():
    assert NumpyBackend().missing() is None
    assert NumpyBackend().is_available()
    assert NumpyBackend().device == "cpu"
    assert NumpyBackend().xp is np


def test_the_gpu_comes_first_where_there_is_one():
    assert CupyBackend.priority > NumpyBackend.priority >= 0 > Backend.priority


def test_backends_of_one_kind_are_one_backend():
    """Rules keep a kernel for each backend, so equal ones must hash alike."""
    assert NumpyBackend() == NumpyBackend()
    assert hash(CupyBackend()) == hash(CupyBackend())


def test_cupy_that_cannot_be_imported_says_what_to_install(monkeypatch):
    def refuse(name):
        assert name == "cupy"
        raise ImportError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(plugin, "import_module", refuse)
    assert not CupyBackend().is_available()
    assert CupyBackend().missing() == (
        "CuPy is not installed (libcuda.so.1: cannot open shared object file); pip install "
        "'optframe-bench[cuda12]' or 'optframe-bench[cuda13]', whichever your driver supports, or "
        "use --backend numpy"
    )


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (True, None),
        (
            False,
            "CuPy 14.0.1 is installed but finds no CUDA device; check the driver with nvidia-smi, "
            "or use --backend numpy",
        ),
    ],
)
def test_cupy_needs_a_device(found, missing, monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: found)
    module = SimpleNamespace(__version__="14.0.1", cuda=cuda)
    monkeypatch.setattr(plugin, "import_module", lambda name: module)
    assert CupyBackend().missing() == missing
    assert CupyBackend().is_available() == found
    assert CupyBackend().xp is module


def test_a_run_on_a_missing_backend_says_what_is_missing(monkeypatch):
    module = SimpleNamespace(__version__="14", cuda=SimpleNamespace(is_available=lambda: False))
    monkeypatch.setattr(plugin, "import_module", lambda name: module)
    with pytest.raises(optframe.UnavailableError, match="'cupy': CuPy 14 is installed but finds"):
        optframe.minimize("rosenbrock", "sgd", steps=1, backend="cupy")
    assert optframe.minimize("rosenbrock", "sgd", steps=1, backend="auto").status == "finished"


class DeviceArray(np.ndarray):
    """An array with what the wrapper asks of CuPy's."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)

    def get(self):
        return np.array(self)


class Kernel:
    """Keeps what it is made of, and computes θ ← θ − lr·g, v ← g on arrays given to it."""

    made: list["Kernel"] = []  # noqa: RUF012

    def __init__(self, inputs, outputs, body, name, options=()):
        self.inputs, self.outputs, self.body = inputs, outputs, body
        self.name, self.options = name, options
        self.calls = []
        Kernel.made.append(self)

    def __call__(self, *arguments):
        self.calls.append(arguments)


@pytest.fixture
def fake():
    """A CuPy backend without CuPy; ``fake.kernels`` are the kernels that it has made."""
    Kernel.made = []
    backend = CupyBackend()
    vars(backend)["xp"] = SimpleNamespace(
        ElementwiseKernel=Kernel,
        ndarray=DeviceArray,
        asarray=lambda values, dtype=None: np.asarray(values, dtype).view(DeviceArray),
        ascontiguousarray=np.ascontiguousarray,
        empty_like=np.empty_like,
    )
    return SimpleNamespace(backend=backend, kernels=Kernel.made)


def momentum(theta, g, v, lr, momentum):
    v = momentum * v - lr * g
    return theta + v, v


def sgd(theta, g, lr):
    return theta - lr * g


def device_arrays(count, dtype=np.float32, shape=(4,)):
    return [np.full(shape, number, dtype).view(DeviceArray) for number in range(count)]


def test_a_rule_becomes_one_kernel_without_fused_multiply_adds(fake):
    fake.backend.elementwise(Trace(momentum))
    [kernel] = fake.kernels
    assert kernel.inputs == "T in_theta, T in_g, T in_v, T in_lr, T in_momentum"
    assert kernel.outputs == "T out_theta, T out_v"
    assert "out_v = " in kernel.body
    assert kernel.name == "optframe_momentum"
    assert kernel.options == ("--fmad=false",)


def test_the_kernel_gets_arguments_then_outputs_which_are_theta_and_the_state(fake):
    run = fake.backend.elementwise(Trace(momentum))
    theta, g, v = device_arrays(3)
    found = run(theta, g, v, 0.1, 0.9)
    [arguments] = fake.kernels[0].calls
    assert len(arguments) == 7
    assert [a is b for a, b in zip(arguments[:3], (theta, g, v), strict=True)] == [True] * 3
    assert arguments[3:5] == (np.float32(0.1), np.float32(0.9))
    assert arguments[5] is theta
    assert arguments[6] is v
    assert isinstance(found, tuple)
    assert found[0] is theta
    assert found[1] is v


def test_a_rule_that_returns_one_value_returns_no_tuple(fake):
    run = fake.backend.elementwise(Trace(sgd))
    theta, g = device_arrays(2)
    assert run(theta, g, 0.1) is theta


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, np.float64(0.1), np.float32(0.1), 1, np.array(0.1)])
def test_a_number_enters_the_kernel_in_thetas_type(fake, dtype, value):
    """CuPy infers T from all of them, and refuses two types."""
    run = fake.backend.elementwise(Trace(sgd))
    run(*device_arrays(2, dtype), value)
    coefficient = fake.kernels[0].calls[0][2]
    assert type(coefficient) is dtype
    assert coefficient == dtype(value)


def test_an_array_of_rates_enters_in_thetas_type_from_device_or_host(fake):
    run = fake.backend.elementwise(Trace(sgd))
    rates = np.array([[0.1], [0.2], [0.3]])
    for given in (rates, rates.view(DeviceArray)):
        run(*device_arrays(2, shape=(3, 4)), given)
        coefficient = fake.kernels[0].calls[-1][2]
        assert isinstance(coefficient, DeviceArray)
        assert coefficient.dtype == np.float32
        np.testing.assert_array_equal(coefficient, rates.astype(np.float32))


def test_a_gradient_or_state_that_is_theta_itself_is_not_written_over(fake):
    run = fake.backend.elementwise(Trace(momentum))
    theta, g, v = device_arrays(3)
    for arguments in ((theta, theta, v), (theta, g, theta), (theta, v, v), (theta, theta[:], v)):
        found = run(*arguments, 0.1, 0.9)
        outputs = fake.kernels[0].calls[-1][5:]
        assert outputs[0] is found[0]
        assert outputs[1] is found[1]
        for output in outputs:
            assert output.shape == theta.shape
            assert not any(np.shares_memory(output, array) for array in (theta, g, v))


def test_cupys_arrays_are_fetched_and_the_hosts_are_kept(fake):
    [array] = device_arrays(1)
    assert type(fake.backend.to_numpy(array)) is np.ndarray
    host = np.ones(2)
    assert fake.backend.to_numpy(host) is host
    assert fake.backend.to_numpy(1.5) == 1.5
    assert fake.backend.to_numpy(np.float32(1.5)).dtype == np.float32


def test_the_device_and_its_driver_are_named_as_the_runtime_names_them():
    backend = CupyBackend()
    runtime = SimpleNamespace(
        getDeviceProperties=lambda number: {"name": f"GPU {number}".encode()},
        driverGetVersion=lambda: 12080,
    )
    cuda = SimpleNamespace(runtime=runtime, Device=lambda: SimpleNamespace(id=3))
    vars(backend)["xp"] = SimpleNamespace(cuda=cuda)
    assert backend.device == "GPU 3, CUDA 12.8"


def test_synchronizing_waits_for_the_current_stream():
    waited = []
    stream = SimpleNamespace(synchronize=lambda: waited.append(True))
    backend = CupyBackend()
    vars(backend)["xp"] = SimpleNamespace(cuda=SimpleNamespace(get_current_stream=lambda: stream))
    backend.synchronize()
    assert waited == [True]
