"""The checks of samplers, schedules and backends are failed by what is broken in just that way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from optframe import Sampler, Schedule, Space, UsageError
from optframe.testing import PlainBackend, check_backend, check_sampler, check_schedule
from optframe.testing.probe_backends import OverwritingBackend, ReadOnlyBackend, StrictBackend


@dataclass(frozen=True)
class Shuffled(Sampler):
    size: int = 10

    def steps_per_epoch(self, records):
        return -(-records // self.size)

    def epoch(self, epoch, records, seeds):
        order = seeds.generator(epoch).permutation(records)
        return [order[i : i + self.size] for i in range(0, records, self.size)]

    def variance(self, records):
        return (records - self.size) / ((records - 1) * self.size)


@dataclass(frozen=True)
class Drawn(Shuffled):
    replacement = True

    def epoch(self, epoch, records, seeds):
        random = seeds.generator(epoch)
        return list(random.integers(records, size=(self.steps_per_epoch(records), self.size)))

    def variance(self, records):
        return 1 / self.size


@dataclass(frozen=True)
class Changed(Shuffled):
    """Its minibatches are changed by ``change(batches)``."""

    change: Callable[[list[Any]], Any] = list

    def epoch(self, epoch, records, seeds):
        return self.change(super().epoch(epoch, records, seeds))


class Masks(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [np.isin(np.arange(records), b) for b in super().epoch(epoch, records, seeds)]


class DrawsByItself(Shuffled):
    def epoch(self, epoch, records, seeds):
        order = np.random.permutation(records)
        return [order[i : i + self.size] for i in range(0, records, self.size)]


class HidesThatItIsFixed(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [slice(i, min(i + self.size, records)) for i in range(0, records, self.size)]

    def variance(self, records):
        return None


class Prefers(Drawn):
    def epoch(self, epoch, records, seeds):
        batches = super().epoch(epoch, records, seeds)
        return [np.where(batch % 7 == 0, 0, batch) for batch in batches]


class NeverTheFirst(Drawn):
    def epoch(self, epoch, records, seeds):
        random = seeds.generator(epoch)
        size = (self.steps_per_epoch(records), self.size)
        return list(random.integers(1, records, size=size))


@dataclass(frozen=True)
class SaysIndependent(Shuffled):
    size: int = 40

    def variance(self, records):
        return 1 / self.size


@dataclass(frozen=True)
class WithoutWholeNumbers(Shuffled):
    spaces = {"size": Space(5, 50, source="here")}  # noqa: RUF012


SAMPLERS = {
    "spaces-fit-their-fields": {"no whole numbers": WithoutWholeNumbers},
    "keeps-its-number-of-minibatches": {
        "too few": Changed(change=lambda batches: batches[:-1]),
        "lazily": Changed(change=iter),
    },
    "indices-are-records": {
        "off by one": Changed(change=lambda batches: [batch + 1 for batch in batches]),
        "masks": Masks,
    },
    "depends-on-seed-and-epoch-alone": {
        "draws by itself": DrawsByItself,
        "unpicklable": Changed(change=lambda batches: batches),
    },
    "says-whether-it-draws": {
        "says deterministic": type("SaysDeterministic", (Shuffled,), {"deterministic": True}),
        "hides that it is fixed": HidesThatItIsFixed,
    },
    "sees-everything-where-it-says-so": {
        "says whole": type("SaysWhole", (Shuffled,), {"whole": True})
    },
    "visits-each-record-once": {
        "repeats": Changed(change=lambda batches: [batches[0], *batches[:-1]]),
        "forgets": Changed(change=lambda batches: [batch[:5] for batch in batches]),
    },
    "visits-all-records-alike": {"prefers": Prefers, "never the first": NeverTheFirst},
    "minibatch-means-vary-as-declared": {"says independent": SaysIndependent},
}


def test_a_sampler_that_refuses_everything_has_not_been_checked():
    class Picky(Shuffled):
        def mistake(self, records):
            return "never enough"

    outcomes = check_sampler(Picky).run()
    assert outcomes[-1].status == "failed"
    assert "it accepts none of the numbers of records, up to 100,009" in outcomes[-1].reason


@dataclass(frozen=True)
class Falling(Schedule):
    start: float = 1.0

    batched: ClassVar[frozenset[str]] = frozenset({"start"})

    def __call__(self, k, epoch, progress):
        return self.start / (1 + k)


@dataclass(frozen=True)
class Given(Schedule):
    """Its values are ``value(k, epoch)``."""

    value: Callable[[int, float], Any]

    def __call__(self, k, epoch, progress):
        return self.value(k, epoch)


class Counts(Falling):
    def __call__(self, k, epoch, progress):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return self.start / count


@dataclass(frozen=True)
class WithoutSource(Falling):
    spaces = {"start": Space(0.1, 10)}  # noqa: RUF012


class Rounds(Falling):
    def __call__(self, k, epoch, progress):
        return self.start ** (1 / (1 + k))


class Averages(Falling):
    def __call__(self, k, epoch, progress):
        return float(np.mean(self.start))


@dataclass(frozen=True)
class Worded(Schedule):
    word: str = "a"
    batched: ClassVar[frozenset[str]] = frozenset({"wrd"})

    def __call__(self, k, epoch, progress):
        return 1.0


SCHEDULES = {
    "spaces-fit-their-fields": {"without a source": WithoutSource},
    "gives-numbers": {"arrays": Given(lambda k, epoch: np.full(2, 1.0))},
    "works-without-data": {"divides": Given(lambda k, epoch: 1.0 if k == 0 else 1.0 / epoch)},
    "goes-on-beyond-its-end": {
        "runs out": Given(lambda k, epoch: [1.0] * 2000 if k > 2000 else 1.0),
        "explodes": Given(lambda k, epoch: 1.01**k if k < 10**5 else float("inf")),
    },
    "remembers-nothing": {"counts": Counts},
    "has-the-bits-of-lone-runs-in-a-batch": {
        "powers": Rounds,
        "averages": Averages,
        "names no field": Worded,
    },
    "pickles": {"holds a function": Given(lambda k, epoch: 1.0)},
}


def test_a_schedule_that_takes_no_arrays_need_not(ends):
    class Alone(Falling):
        batched = frozenset()

    assert ends(check_schedule(Alone))["has-the-bits-of-lone-runs-in-a-batch"] == "not applicable"


def but(**changes):
    """`PlainBackend`, but for these methods and constants."""
    return type("Broken", (PlainBackend,), changes)


class RoundsValues(PlainBackend):
    def asarray(self, values, dtype=None):
        return np.array(values, "float32").astype(dtype or "float32")


class ForgetsShapes(PlainBackend):
    def asarray(self, values, dtype=None):
        return np.atleast_1d(np.array(values, dtype))


class ReadsMemoryOrder(PlainBackend):
    def asarray(self, values, dtype=None):
        values = np.asarray(values, dtype)
        return values.ravel(order="K").reshape(values.shape)


class Namespace:
    def __getattr__(self, name):
        return (lambda x: np.sqrt(x) + 1) if name == "sqrt" else getattr(np, name)


@dataclass(frozen=True)
class Compiled(PlainBackend):
    """Its kernels are changed by ``change(inputs, outputs)``."""

    change: Callable[[tuple[Any, ...], tuple[Any, ...]], tuple[Any, ...]]

    def elementwise(self, trace):
        kernel = super().elementwise(trace)

        def run(*arguments):
            outputs = kernel(*arguments)
            outputs = (outputs,) if trace.single else outputs
            outputs = self.change(arguments, outputs)
            return outputs[0] if trace.single else outputs

        return run


def slightly_off(inputs, outputs):
    return tuple(output * (1 + 1e-9) for output in outputs)


def reverse_all_but_lone_runs(inputs, outputs):
    return tuple(o if o.ndim == 1 else o[..., ::-1] for o in outputs)


def promote(inputs, outputs):
    wide = any(np.ndim(value) == 2 and value.dtype == "float64" for value in inputs)
    return tuple(o.astype("float64") if wide else o for o in outputs)


def overwrite_the_gradient(inputs, outputs):
    inputs[1][...] = 0
    return outputs


BACKENDS = {
    "says-what-is-missing": {
        "two lines": but(missing=lambda self: "not here\nnor there"),
        "contradicts itself": but(is_available=lambda self: False),
    },
    "names-its-device": {"nameless": but(device="")},
    "brings-values-there-and-back": {"rounds": RoundsValues, "forgets shapes": ForgetsShapes},
    "takes-any-order-of-memory": {"reads memory's order": ReadsMemoryOrder},
    "makes-zeros": {"ones": but(zeros=lambda self, shape, dtype: np.ones(shape, dtype))},
    "has-the-functions-that-steps-use": {"others": but(xp=Namespace())},
    "compiles-update-rules": {"slightly off": Compiled(slightly_off)},
    "compiles-update-rules-for-many-runs": {"lone runs": Compiled(reverse_all_but_lone_runs)},
    "keeps-single-precision": {"promotes": Compiled(promote)},
    "leaves-the-gradient-as-it-is": {"overwrites it": Compiled(overwrite_the_gradient)},
    "synchronizes": {"chatty": but(synchronize=lambda self: "done")},
    "pickles": {"holds a function": Compiled(lambda inputs, outputs: outputs)},
}


def test_a_backend_that_is_not_there_has_not_been_checked():
    class Elsewhere(PlainBackend):
        def missing(self):
            return "there is no such device"

    outcomes = check_backend(Elsewhere).run()
    assert outcomes[-1].status == "failed"
    assert outcomes[-1].reason.endswith("the others: there is no such device")


ALL = [
    (check_sampler, [Shuffled, Drawn, Shuffled(size=3)], SAMPLERS),
    (check_schedule, [Falling], SCHEDULES),
    (check_backend, [PlainBackend, ReadOnlyBackend, OverwritingBackend, StrictBackend], BACKENDS),
]


@pytest.mark.parametrize(("kind", "one"), [(kind, one) for kind, ones, _ in ALL for one in ones])
def test_the_healthy_fail_nothing(kind, one, ends):
    spared = set() if kind is check_backend else {"not applicable"}
    checks = kind(one, seed=None)
    assert set(ends(checks).values()) <= {"passed"} | spared, checks.run()


@pytest.mark.parametrize(
    ("kind", "check", "broken"),
    [
        pytest.param(kind, check, broken, id=f"{check}-{name}")
        for kind, _, table in ALL
        for check, cases in table.items()
        for name, broken in cases.items()
    ],
)
def test_the_broken_are_found(kind, check, broken, status):
    assert status(kind(broken), check) == "failed"


@pytest.mark.parametrize(("kind", "healthy", "broken"), ALL)
def test_every_check_can_fail(kind, healthy, broken, ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    assert set(ends(kind(healthy[0]))) == {*broken, *tested_elsewhere}


@pytest.mark.parametrize("check", [check_sampler, check_schedule, check_backend])
def test_what_is_of_another_kind_is_refused(check):
    with pytest.raises(UsageError, match=f"{check.__name__}: "):
        check(dict)
