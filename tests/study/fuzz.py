"""Random study files and random notations: each is planned and run, or refused in one line.

``python tests/study/fuzz.py studies 2000`` and ``... notations 5000`` print how many of them had
which end, and the input and traceback of each that had another. The same numbers give the same
inputs. The process limits its own memory, so that no input can take the machine's.
"""

from __future__ import annotations

import dataclasses
import json
import random
import resource
import shutil
import signal
import sys
import tempfile
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optframe
from optframe.api import _make
from optframe.components.binder import Binder
from optframe.components.kinds import KINDS
from optframe.components.matching import match
from optframe.components.notation import format_value, parse, write
from optframe.components.parameters import Parameter, parameters
from optframe.execution.runner import run_study
from optframe.study.study import Study, plan

PATIENCE = 10.0
"""Seconds for each input."""

MEMORY = 6 * 2**30
"""The most bytes of address space of the process."""

LARGEST = 1000
"""The most parameters of a problem that is run."""

WHOLE = (0, 1, -1, 2, 3, 7, 10, 64, 2**31, 2**53 + 1, 2**63, 2**64, 2**128, -(2**63), 10**400)
FLOATS = ("0.0", "-0.0", "0.1", "1.0", "1e-3", "1e-300", "1e308", "-1e308", "5e-324", "inf", "nan")
TEXTS = (
    *(
        "",
        " ",
        "a",
        "x" * 300,
        "数学",
        "é\u0301",
        "\u202e",
        "\x00",
        "\x1b[2J",
        "\n",
        "\t",
        "a\r\nb",
    ),
    *("~", "/", "..", "file:x", "libsvm:path=/dev/zero", "digits", "iris", "tiny", "sgd", "adam"),
    *("5min", "0s", "9" * 400 + "s", "true", "null", "full", "random", "standard", "float32"),
    *("=1+1", "{}", "[]", "a:b", "a:b=", "a+b", "'", '"', "\\", "${HOME}", "%s", "name", "0x10"),
)
DATES = ("1979-05-27", "07:32:00", "1979-05-27T07:32:00Z")
FIELDS = ("lr", "size", "data", "momentum", "batch_size", "eps", "beta1", "seed", "l2", "hidden")
KEYS = (
    *("name", "label", "budget", "start", "wrap", "optimizers", "problems", "schedule"),
    *("steps", "epochs", "gradients", "work", "seconds", "target", "patience", "target_every"),
    *("seeds", "dtype", "cost", "metric", "backend", "executor", "jobs", "timeout", "retries"),
    *("save_every", "threads", "checkpoints", "together", "memory", "measure", "profile", "count"),
    *("every_steps", "every_epochs", "gradient_norm", "scheduler", *FIELDS),
)
OWN = ("optimizers", "problems", "samplers", "wrappers", "transforms", "schedules", "searches")
HEAVY = ("mnist", "cifar", "news20", "a9a", "fashion", "mushrooms", "australian")
"""Problems that read large files."""


class Fuzz:
    """Makes random values, tables and texts."""

    def __init__(self, seed: int, registry: optframe.Registry) -> None:
        self.random = random.Random(seed)
        self.tame = self.likely(0.6)
        """Whether most values are such as a person means."""
        self.registry = registry
        self.names = {
            kind: [n for n in registry.names(kind) if not n.startswith(HEAVY) and ":" not in n]
            for kind in OWN
        }

    def one(self, values: Any) -> Any:
        return self.random.choice(values)

    def likely(self, share: float) -> bool:
        return self.random.random() < share

    def value(self, depth: int = 0) -> str:
        """Return a random value in TOML."""
        draws: list[Callable[[], str]] = [
            lambda: str(self.one(WHOLE)),
            lambda: self.one(FLOATS),
            lambda: text(self.one(TEXTS)),
            lambda: self.one(("true", "false", *DATES)),
            lambda: text(self.one(self.names[self.one(OWN)])),
        ]
        if depth < 4:
            draws += [
                lambda: f"[{', '.join(self.value(depth + 1) for _ in range(self.one((0, 1, 3))))}]",
                lambda: self.table(self.one((0, 1, 2)), depth + 1),
                lambda: self.component(self.one(OWN), depth + 1),
            ]
        return self.one(draws)()

    def table(self, length: int, depth: int = 0) -> str:
        """Return a random inline table."""
        keys = self.random.sample(KEYS, length)
        return "{" + ", ".join(f"{key} = {self.value(depth)}" for key in keys) + "}"

    def component(self, kind: str, depth: int = 0) -> str:
        """Return a component with a few parameters, mostly its own and of the right type."""
        name = self.one(self.names[kind])
        key = "schedule" if kind == "schedules" else "name"
        pairs = {key: text(name)}
        odd = 0.02 if self.tame else self.one((0.1, 0.2, 0.5))
        for field in parameters(self.registry.load(kind, name)).values():
            inner = field.name in ("optimizer", "problem") and self.likely(0.98)
            if not inner and (field.required or self.likely(0.3)):
                pairs[field.name] = self.of_field(field) if not self.likely(odd) else self.value(1)
        if self.likely(odd / 4):
            pairs[self.one(KEYS)] = self.value(depth + 1)
        if depth == 0 and kind in ("optimizers", "problems") and self.likely(0.3):
            around = {"optimizers": "wrappers", "problems": "transforms"}[kind]
            inside = [
                self.component(around, 1)
                for _ in range(self.one((1, 1, 2, 3 if self.tame else 60)))
            ]
            pairs["wrap"] = f"[{', '.join(inside)}]"
        return "{" + ", ".join(f"{name} = {value}" for name, value in pairs.items()) + "}"

    def of_field(self, field: Parameter) -> str:
        """Return a value that a field is likely to accept."""
        if field.name == "data":
            return self.one(('"iris"', '"digits"', '"wine"', '"diabetes"'))
        if field.number and self.likely(0.2):
            return self.component("schedules", 1)
        for _ in range(20):
            usual = ("0.1", "1", "2", "0.5", "0", "10", "1e-3", "true", "[2, 3]", "1e300", "5e-324")
            given = "inf" if field.required else format_value(field.default)
            value = self.one((given, *usual)) if self.likely(0.8) else str(self.one(WHOLE))
            if parsed_accepts(field, value):
                return value
        return self.value(1)

    def study(self) -> bytes:
        """Return a random study file."""
        budget = self.one(("{ steps = 3 }", "{ steps = 5, target = 0.1 }", "{ work = 1e-300 }"))
        pairs = {"name": '"x"', "budget": budget}
        usual = {"seeds": "2", "dtype": '"float32"', "seed": "18446744073709551616", "name": '"数"'}
        for key in self.random.sample([*usual], self.one((0, 1, 2))):
            pairs[key] = usual[key] if self.tame or self.likely(0.5) else self.value()
        if self.likely(0.02 if self.tame else 0.2):
            pairs[self.one(KEYS)] = self.value()
        lines = [f"study.{key} = {value}" for key, value in pairs.items()]
        usual = {"checkpoints": "3", "measure": '["gradient_norm"]', "profile": "true"}
        usual |= {"together": "true", "save_every": '"1s"', "memory": "1e-300", "threads": "4096"}
        for key in self.random.sample([*usual], self.one((0, 0, 1, 2))):
            lines.append(
                f"run.{key} = {usual[key] if self.tame or self.likely(0.5) else self.value()}"
            )
        if self.likely(0.02 if self.tame else 0.2):
            lines.append(f"run.{self.one(KEYS)} = {self.value()}")
        for kind in ("optimizers", "problems", "samplers"):
            many = self.one((1, 1, 2)) if kind != "samplers" else self.one((0, 0, 1))
            items = [self.component(kind) for _ in range(many)]
            if self.likely(0 if self.tame else 0.1):
                items.append(self.value())
            if items:
                lines.append(f"{kind.removesuffix('s')} = [{', '.join(items)}]")
        content = "\n".join(lines).encode("utf-8", "surrogatepass")
        return self.damaged(content) if self.likely(0.02 if self.tame else 0.3) else content

    def damaged(self, content: bytes) -> bytes:
        """Return the content with a few bytes changed, or with much of one thing in it."""
        changed = bytearray(content)
        for _ in range(self.one((1, 1, 3, 10))):
            place = self.random.randrange(len(changed) + 1)
            odd = (b"", b"\xff", b"\x00", b"[", b"{" * 500, b"[" * 3000, b"9" * 5000, b'"', b"\n")
            length = self.one((0, 1, 5))
            changed[place : place + length] = self.one((*odd, self.random.randbytes(3)))
        return bytes(changed)

    def notation(self) -> str:
        """Return a random text in the short notation, or nearly so."""
        parts = []
        for _ in range(self.one((1, 1, 1, 2, 3, 100))):
            kind = self.one(("optimizers", "problems", "wrappers", "transforms", "schedules"))
            pairs = [f"{self.one(KEYS)}={self.value()}" for _ in range(self.one((0, 1, 1, 2)))]
            parts.append(":".join([self.one(self.names[kind]), *([",".join(pairs)] * bool(pairs))]))
        written = "+".join(parts)
        if self.likely(0.5):
            return written
        return self.damaged(written.encode()).decode("utf-8", "surrogateescape")


def parsed_accepts(field: Parameter, value: str) -> bool:
    """Whether a field's type accepts a value in TOML."""
    try:
        given = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return False
    return match(field.validator, given)[0]


def text(value: str) -> str:
    """Write a text as in TOML."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def try_study(fuzz: Fuzz, content: bytes, folder: Path) -> str:
    """Plan and run a study file as ``optframe run`` does, with a small budget."""
    path = folder / "study.toml"
    path.write_bytes(content)
    study = Study.from_file(path)
    binder = Binder(fuzz.registry)
    trials = plan(study, fuzz.registry, binder)
    if len(trials) > 20 or any(size_of(binder, trial) > LARGEST for trial in trials):
        return "planned"
    run = dataclasses.replace(study.run, executor="serial", jobs=None, timeout=None, retries=None)
    small = dataclasses.replace(study, budget={"steps": 2}, seeds=1, run=run)
    items: dict[str, Any] = {}
    for kind in ("optimizers", "problems"):  # whose own budgets could be hours
        given = [one if isinstance(one, str) else {**one} for one in getattr(study, kind)]
        items[kind] = [one for one in given if isinstance(one, str) or not one.pop("budget", None)]
    small = dataclasses.replace(small, **items)
    outcome = run_study(small, folder / "out", fuzz.registry)
    outcome.results.standings()
    return "ran"


def size_of(binder: Binder, trial: Any) -> int:
    """Return the number of parameters of a trial's problem."""
    seeds = optframe.contracts.seeds.Seeds(trial.study_seed, 0)
    return binder.problem(trial.problem, trial.backend, trial.dtype, seeds).size


def try_notation(fuzz: Fuzz, written: str, _: Path) -> str:
    """Read a notation, compare it with what it is written as, and make the component."""
    table = parse(written)
    if "nan" not in written:
        assert parse(write(table)) == table
    _make(fuzz.registry, written, {})
    return "made"


class TooSlow(BaseException):
    """An input took longer than `PATIENCE`; no handler of exceptions may catch this."""


def run(what: str, number: int, first: int = 0) -> Iterator[tuple[int, str, str]]:
    """Yield number, end, and the input with its traceback, of each input."""

    def too_slow(*_: object) -> None:
        raise TooSlow

    signal.signal(signal.SIGALRM, too_slow)
    registry = optframe.load_plugins()
    attempt = {"studies": try_study, "notations": try_notation}[what]
    for seed in range(first, first + number):
        fuzz = Fuzz(seed, registry)
        given: Any = fuzz.study() if what == "studies" else fuzz.notation()
        folder = Path(tempfile.mkdtemp())
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            end = attempt(fuzz, given, folder)
            found = ""
        except optframe.OptframeError as error:
            lines = error.mistakes if isinstance(error, optframe.UsageError) else (str(error),)
            long = [line for line in lines if "\n" in line or not line]
            end, found = ("several lines", repr(lines)) if long else ("refused", "")
        except BaseException as error:
            end = "too slow" if isinstance(error, TooSlow) else "traceback"
            found = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            shutil.rmtree(folder, ignore_errors=True)
        yield seed, end, f"{given!r}\n{found}" if found else ""


def main(what: str, number: str, first: str = "0") -> int:
    """Print each input without a proper end, and how many had which end."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    ends: Counter[str] = Counter()
    for seed, end, found in run(what, int(number), int(first)):
        ends[end] += 1
        if found:
            print(f"--- {what} {seed}: {end}: {found}", flush=True)
    print(", ".join(f"{count} {end}" for end, count in sorted(ends.items())))
    return int(bool(ends.keys() - {"planned", "ran", "made", "refused"}))


assert set(OWN) <= set(KINDS)

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
