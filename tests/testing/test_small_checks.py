"""The checks of samplers, schedules and backends are failed by what is broken in just that way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from optframe import Sampler, Schedule, UsageError
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


class TooFew(Shuffled):
    def epoch(self, epoch, records, seeds):
        return super().epoch(epoch, records, seeds)[:-1]


class Lazily(Shuffled):
    def epoch(self, epoch, records, seeds):
        return iter(super().epoch(epoch, records, seeds))


class OffByOne(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [batch + 1 for batch in super().epoch(epoch, records, seeds)]


class Masks(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [np.isin(np.arange(records), b) for b in super().epoch(epoch, records, seeds)]


class DrawsByItself(Shuffled):
    def epoch(self, epoch, records, seeds):
        order = np.random.permutation(records)
        return [order[i : i + self.size] for i in range(0, records, self.size)]


class SaysDeterministic(Shuffled):
    deterministic = True


class HidesThatItIsFixed(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [slice(i, min(i + self.size, records)) for i in range(0, records, self.size)]

    def variance(self, records):
        return None


class SaysWhole(Shuffled):
    whole = True


class Repeats(Shuffled):
    def epoch(self, epoch, records, seeds):
        batches = super().epoch(epoch, records, seeds)
        return [batches[0], *batches[:-1]]


class ForgetsTheFirst(Shuffled):
    def epoch(self, epoch, records, seeds):
        return [batch[:5] for batch in super().epoch(epoch, records, seeds)]


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
class Unpicklable(Shuffled):
    order: Callable[[int], int] = field(default_factory=lambda: lambda i: i)


BROKEN_SAMPLERS = {
    TooFew: "keeps-its-number-of-minibatches",
    Lazily: "keeps-its-number-of-minibatches",
    OffByOne: "indices-are-records",
    Masks: "indices-are-records",
    DrawsByItself: "depends-on-seed-and-epoch-alone",
    Unpicklable: "depends-on-seed-and-epoch-alone",
    SaysDeterministic: "says-whether-it-draws",
    HidesThatItIsFixed: "says-whether-it-draws",
    SaysWhole: "sees-everything-where-it-says-so",
    Repeats: "visits-each-record-once",
    ForgetsTheFirst: "visits-each-record-once",
    Prefers: "visits-all-records-alike",
    NeverTheFirst: "visits-all-records-alike",
    SaysIndependent: "minibatch-means-vary-as-declared",
}


@pytest.mark.parametrize("sampler", [Shuffled, Drawn, Shuffled(size=3)])
def test_a_healthy_sampler_fails_nothing(sampler, ends):
    assert set(ends(check_sampler(sampler, seed=None)).values()) <= {"passed", "not applicable"}


@pytest.mark.parametrize("broken", BROKEN_SAMPLERS, ids=lambda broken: broken.__name__)
def test_broken_samplers_are_found(broken, status):
    assert status(check_sampler(broken), BROKEN_SAMPLERS[broken]) == "failed"


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

    def __call__(self, k, epoch, progress):
        return self.start / (1 + k)


class GivesArrays(Falling):
    def __call__(self, k, epoch, progress):
        return np.full(2, self.start)


class RunsOut(Falling):
    def __call__(self, k, epoch, progress):
        return [self.start] * 2000 if k > 2000 else self.start


class DividesByEpochs(Falling):
    def __call__(self, k, epoch, progress):
        return self.start if k == 0 else self.start / epoch


class Explodes(Falling):
    def __call__(self, k, epoch, progress):
        return self.start * 1.01**k if k < 10**5 else float("inf")


class Counts(Falling):
    def __call__(self, k, epoch, progress):
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return self.start / count


@dataclass(frozen=True)
class HoldsAFunction(Falling):
    power: Any = field(default_factory=lambda: lambda x: x)


BROKEN_SCHEDULES = {
    GivesArrays: "gives-numbers",
    DividesByEpochs: "works-without-data",
    RunsOut: "goes-on-beyond-its-end",
    Explodes: "goes-on-beyond-its-end",
    Counts: "remembers-nothing",
    HoldsAFunction: "pickles",
}


def test_a_healthy_schedule_fails_nothing(ends):
    assert set(ends(check_schedule(Falling, seed=None)).values()) == {"passed"}


@pytest.mark.parametrize("broken", BROKEN_SCHEDULES, ids=lambda broken: broken.__name__)
def test_broken_schedules_are_found(broken, status):
    assert status(check_schedule(broken), BROKEN_SCHEDULES[broken]) == "failed"


class TwoLines(PlainBackend):
    def missing(self):
        return "not here\nnor there"


class Contradicts(PlainBackend):
    def is_available(self):
        return False


class Nameless(PlainBackend):
    device = ""


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


class MakesOnes(PlainBackend):
    def zeros(self, shape, dtype):
        return np.ones(shape, dtype)


class Namespace:
    def __getattr__(self, name):
        return (lambda x: np.sqrt(x) + 1) if name == "sqrt" else getattr(np, name)


class OtherFunctions(PlainBackend):
    xp = Namespace()


class Compiled(PlainBackend):
    """A backend whose kernels are changed by ``change(inputs, outputs)``."""

    def change(self, inputs, outputs):
        return outputs

    def elementwise(self, trace):
        kernel = super().elementwise(trace)

        def run(*arguments):
            outputs = kernel(*arguments)
            outputs = (outputs,) if trace.single else outputs
            outputs = self.change(arguments, outputs)
            return outputs[0] if trace.single else outputs

        return run


class SlightlyOff(Compiled):
    def change(self, inputs, outputs):
        return tuple(output * (1 + 1e-9) for output in outputs)


class OnlyLoneRuns(Compiled):
    def change(self, inputs, outputs):
        return tuple(o if o.ndim == 1 else o[..., ::-1] for o in outputs)


class Promotes(Compiled):
    def change(self, inputs, outputs):
        wide = any(np.ndim(value) == 2 and value.dtype == "float64" for value in inputs)
        return tuple(o.astype("float64") if wide else o for o in outputs)


class OverwritesGradients(Compiled):
    def change(self, inputs, outputs):
        inputs[1][...] = 0
        return outputs


class Chatty(PlainBackend):
    def synchronize(self):
        return "done"


@dataclass(frozen=True)
class HoldsALock(PlainBackend):
    lock: Any = field(default_factory=lambda: lambda: None)


BROKEN_BACKENDS = {
    TwoLines: "says-what-is-missing",
    Contradicts: "says-what-is-missing",
    Nameless: "names-its-device",
    RoundsValues: "brings-values-there-and-back",
    ForgetsShapes: "brings-values-there-and-back",
    ReadsMemoryOrder: "takes-any-order-of-memory",
    MakesOnes: "makes-zeros",
    OtherFunctions: "has-the-functions-that-steps-use",
    SlightlyOff: "compiles-update-rules",
    OnlyLoneRuns: "compiles-update-rules-for-many-runs",
    Promotes: "keeps-single-precision",
    OverwritesGradients: "leaves-the-gradient-as-it-is",
    Chatty: "synchronizes",
    HoldsALock: "pickles",
}


@pytest.mark.parametrize(
    "backend", [PlainBackend, ReadOnlyBackend, OverwritingBackend, StrictBackend]
)
def test_healthy_backends_fail_nothing(backend, ends):
    checks = check_backend(backend, seed=None)
    assert set(ends(checks).values()) == {"passed"}, [o for o in checks.run() if o.reason]


@pytest.mark.parametrize("broken", BROKEN_BACKENDS, ids=lambda broken: broken.__name__)
def test_broken_backends_are_found(broken, status):
    assert status(check_backend(broken), BROKEN_BACKENDS[broken]) == "failed"


def test_a_backend_that_is_not_there_has_not_been_checked():
    class Elsewhere(PlainBackend):
        def missing(self):
            return "there is no such device"

    outcomes = check_backend(Elsewhere).run()
    assert outcomes[-1].status == "failed"
    assert outcomes[-1].reason.endswith("the others: there is no such device")


@pytest.mark.parametrize(
    ("healthy", "broken", "check"),
    [
        (Shuffled, BROKEN_SAMPLERS, check_sampler),
        (Falling, BROKEN_SCHEDULES, check_schedule),
        (PlainBackend, BROKEN_BACKENDS, check_backend),
    ],
)
def test_every_check_can_fail(healthy, broken, check, ends):
    tested_elsewhere = {"imports-nothing-heavy", "enough-checks-apply"}
    assert set(ends(check(healthy))) == {*broken.values(), *tested_elsewhere}


@pytest.mark.parametrize("check", [check_sampler, check_schedule, check_backend])
def test_what_is_of_another_kind_is_refused(check):
    with pytest.raises(UsageError, match=f"{check.__name__}: "):
        check(dict)
