"""Optimizers that take their process along, each once, at the second step of one seed."""

import ctypes
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from optframe import Dataset, DatasetLoader, Function, Optimizer, Part, Positive, hookimpl
from optframe.rules.numpy_printer import compile_for_numpy
from optframe_plugins.host_backend import HostBackend

optframe_api = 1


class Unsendable(Exception):  # noqa: N818
    def __reduce__(self):
        raise TypeError("I cannot be pickled")


class Outside(BaseException):
    pass


def hang():
    while True:
        pass


def hang_with_the_lock():
    """No other thread of the process runs again."""
    ctypes.PyDLL(None).pause()


def devour():
    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    hoard = []
    while True:
        hoard.append(np.empty(2**27))


def exit_politely():
    sys.exit("I am off")


def raise_unsendable():
    raise Unsendable("a secret")


def raise_outside():
    raise Outside("beyond exceptions")


def die_later():
    """The result is there, and the process dies when it waits for the next item."""
    Connection.recv_bytes = lambda connection: os._exit(1)


def say():
    print("from a trial")
    os.write(1, b"and from C\n")


WAYS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
    "leave": lambda: os._exit(3),
    "leave_in_silence": lambda: os._exit(0),
    **{way.__name__: way for way in (hang, hang_with_the_lock, devour, die_later, say)},
    **{way.__name__: way for way in (exit_politely, raise_unsendable, raise_outside)},
}


def wait_until(condition):
    """Wait; after two minutes a test is to fail, and not to hang."""
    limit = time.monotonic() + 120
    while not condition() and time.monotonic() < limit:
        time.sleep(0.01)


def sign(folder):
    """Leave a file in the folder, with the number of this process as its name."""
    Path(folder, str(os.getpid())).touch()


@dataclass(frozen=True)
class Misbehaving(Optimizer):
    """Misbehaving: gradient descent that does what its ``way`` says, for one seed.

    Before it does it, it leaves the number of its process in the folder ``where``.
    """

    way: str
    on: int = 1
    only_once: str = ""
    where: str = ""
    lr: Positive = 0.001
    random = True

    def init(self, theta, oracle):
        return None

    def step(self, theta, state, oracle):
        seed = oracle.random.bit_generator.seed_seq.spawn_key[1]
        if oracle.step == 1 and seed == self.on and self._again():
            if self.where:
                sign(self.where)
            WAYS[self.way]()
        return theta - self.lr * oracle.gradient(theta), state

    def _again(self):
        """Whether it is to be done; with a file in ``only_once``, the first time alone."""
        if not self.only_once:
            return True
        try:
            os.close(os.open(self.only_once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


@dataclass(frozen=True)
class Endless(Optimizer):
    """Endless: it sleeps a little at each step, and says which process it is in.

    It waits until the folder ``where`` names so many processes, and until the file ``gate`` exists.
    """

    seconds: Positive = 0.01
    where: str = ""
    processes: int = 0
    gate: str = ""
    lock: bool = False
    random = True

    def step(self, theta, state, oracle):
        if self.where:
            sign(self.where)
            wait_until(lambda: len(os.listdir(self.where)) >= self.processes)
        if self.gate:
            wait_until(lambda: os.path.exists(self.gate))
        if self.lock:
            hang_with_the_lock()
        time.sleep(self.seconds)
        return theta - 0.001 * oracle.gradient(theta), state


@dataclass(frozen=True)
class Describing(Optimizer):
    """Describing: θ becomes what the environment of the process says, the device and threads.

    It waits until the folder ``where`` names so many ``devices``.
    """

    where: str = ""
    devices: int = 0
    random = True

    def step(self, theta, state, oracle):
        import threadpoolctl

        device = float(os.environ.get("SAMPLE_DEVICE", -1))
        names = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"} & os.environ.keys()
        threads = {int(os.environ[name]) for name in names}
        threads |= {library["num_threads"] for library in threadpoolctl.threadpool_info()}
        (threads,) = threads
        if self.where:
            Path(self.where, f"{device}").touch()
            wait_until(lambda: len(os.listdir(self.where)) >= self.devices)
        return oracle.xp.asarray([device, threads], dtype=theta.dtype), state


@dataclass(frozen=True)
class Lemming(Optimizer):
    """Lemming: all who advance with seed 2 go with it."""

    random = True

    def step(self, theta, state, oracle):
        runs = getattr(oracle.random, "_generators", [oracle.random])
        seeds = [run.bit_generator.seed_seq.spawn_key[1] for run in runs]
        if oracle.step == 1 and 2 in seeds:
            os._exit(9)
        return theta - 0.001 * oracle.gradient(theta), state


@dataclass(frozen=True)
class Diary(Optimizer):
    """Diary: it writes each step into a file, and dies at one of them, once."""

    log: str
    dies: int = -1

    def step(self, theta, state, oracle):
        if oracle.step == self.dies and f"{self.dies}\n" not in Path(self.log).read_text():
            self._write(oracle.step)
            os.kill(os.getpid(), signal.SIGKILL)
        self._write(oracle.step)
        time.sleep(0.01)
        return theta - 0.001 * oracle.gradient(theta), state

    def _write(self, step):
        with open(self.log, "a") as file:
            file.write(f"{step}\n")


@dataclass(frozen=True)
class Unregistered(Optimizer):
    """Unregistered: a class that people give in Python."""

    def step(self, theta, state, oracle):
        return theta - 0.001 * oracle.gradient(theta), state


@dataclass(frozen=True)
class DescribingSphere(Function):
    """Describing sphere: it measures which process it is in."""

    size = 3

    def start(self, random):
        return [1.0, 2.0, 3.0]

    def loss(self, theta):
        return self.xp.sum(theta * theta, axis=-1)

    def gradient(self, theta):
        return 2 * theta

    def metrics(self, theta):
        return {"loss": self.loss(theta), "process": os.getpid()}


@dataclass(frozen=True)
class Logged(DatasetLoader):
    """Logged: a few records, and a line in a file for each time that they are loaded."""

    log: str

    def load(self):
        with open(self.log, "a") as file:
            file.write("loaded\n")
        targets = np.arange(20) % 2
        inputs = np.random.default_rng(0).standard_normal((20, 2)) + targets[:, None]
        part = Part(csr_array(inputs), targets)
        return Dataset("logged", part, part, part, 2)


@dataclass(frozen=True)
class TwoDevices(HostBackend):
    """Two devices: NumPy, and what worker processes are told as if there were two devices."""

    def missing(self):
        return None

    def elementwise(self, trace):
        return compile_for_numpy(trace)

    def environments(self):
        return [{"SAMPLE_DEVICE": "5"}, {"SAMPLE_DEVICE": "7"}]


@hookimpl
def optframe_optimizers():
    return {
        "misbehaving": Misbehaving,
        "endless": Endless,
        "describing": Describing,
        "lemming": Lemming,
        "diary": Diary,
    }


@hookimpl
def optframe_datasets():
    return {"logged": Logged}


@hookimpl
def optframe_problems():
    return {"describing-sphere": DescribingSphere}


@hookimpl
def optframe_backends():
    return {"two-devices": TwoDevices}
