"""An optimizer that harms its process in a step, in a way that its parameter names."""

import contextlib
import gc
import locale
import os
import signal
import struct
import sys
import warnings
from dataclasses import dataclass

import numpy as np

from optframe import Optimizer, hookimpl

optframe_api = 1


class MuteError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Own(BaseException):
    pass


def throw(error):
    raise error


def write_to_pipes():
    for descriptor in range(3, 40):
        with contextlib.suppress(OSError):
            os.write(descriptor, struct.pack("!i", 5) + b"hello")


def take_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


HARM = {
    "alarm": lambda: signal.setitimer(signal.ITIMER_REAL, 0.05),
    "chdir": lambda: os.chdir("/"),
    "close": lambda: sys.stdout.close(),
    "collect": gc.disable,
    "environ": os.environ.clear,
    "exit": lambda: sys.exit(3),
    "exit-now": lambda: os._exit(7),
    "fork": os.fork,
    "keyboard": lambda: throw(KeyboardInterrupt("mine")),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C"),
    "long": lambda: throw(ValueError("\x1b" + "x" * 3_000_000 + "end")),
    "mute": lambda: throw(MuteError()),
    "none": lambda: setattr(sys, "stdout", None),
    "own": lambda: throw(Own("own")),
    "pipe": write_to_pipes,
    "recursion": lambda: sys.setrecursionlimit(400),
    "seterr": lambda: np.seterr(all="raise"),
    "signals": take_signals,
    "surrogate": lambda: throw(ValueError("a\ud800b")),
    "trace": lambda: sys.setprofile(lambda *given: None),
    "umask": lambda: os.umask(0o777),
    "warnings": lambda: warnings.simplefilter("error"),
}


@dataclass(frozen=True)
class Harm(Optimizer):
    """Harm: gradient descent that harms its process in its third step."""

    how: str = "fork"

    def init(self, theta, oracle):
        return 0

    def step(self, theta, k, oracle):
        if k == 3:
            HARM[self.how]()
        return theta - 1e-4 * oracle.gradient(theta), k + 1


@hookimpl
def optframe_optimizers():
    return {"harm": Harm}
