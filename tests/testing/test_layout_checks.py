"""Optimizers that ask for shapes run all checks, on blocks of every kind."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from optframe import Layout, Optimizer, Positive, Solver, UsageError
from optframe.contracts.layout import KINDS
from optframe.testing import check_optimizer
from optframe.testing.optimizers.subject import Subject
from optframe.testing.standard_problems import MATRICES, MIXED

NEVER_HERE = {
    "is-invariant-as-declared",
    "moves-by-its-formula-on-a-constant-gradient",
    "spaces-fit-their-fields",
    "takes-the-same-steps-on-a-scaled-loss",
}
"""Checks of what these optimizers do not declare."""


@dataclass(frozen=True)
class Normed(Optimizer):
    """θ ← θ − ε d, with d = g / ‖g‖ in each block: by rows of a matrix, as a whole elsewhere."""

    lr: Positive = 0.01

    def step(self, theta, state, oracle):
        xp, layout = oracle.xp, oracle.layout
        views = layout.views(oracle.gradient(theta))
        steps = {block.name: self.direction(views[block.name], block, xp) for block in layout}
        return theta - self.lr * layout.flat(steps), state

    def direction(self, g, block, xp):
        axes = (-1,) if len(block.shape) == 2 else tuple(range(-len(block.shape), 0))
        norm = xp.sqrt(xp.sum(g * g, axis=axes, keepdims=True))
        return g / xp.where(norm == 0, 1, norm)


class PromotesMatrices(Normed):
    """A constant in float64 makes the matrices float64; other blocks keep float32."""

    def direction(self, g, block, xp):
        d = super().direction(g, block, xp)
        factor = xp.asarray(math.sqrt(max(block.shape)), dtype=xp.float64, device=g.device)
        return d * xp.reshape(factor, (1,)) if len(block.shape) == 2 else d


class PromotesKernels(Normed):
    def direction(self, g, block, xp):
        d = super().direction(g, block, xp)
        return d * xp.ones(1, dtype=xp.float64, device=g.device) if len(block.shape) == 4 else d


class PromotesScales(Normed):
    def direction(self, g, block, xp):
        d = super().direction(g, block, xp)
        return d * xp.ones(1, dtype=xp.float64, device=g.device) if block.kind == "scale" else d


class MixesRuns(Normed):
    """The norm of a kernel is that of all runs together."""

    def direction(self, g, block, xp):
        if len(block.shape) != 4:
            return super().direction(g, block, xp)
        norm = xp.sqrt(xp.sum(g * g))
        return g / xp.where(norm == 0, 1, norm)


class WritesToTheGradient(Normed):
    def direction(self, g, block, xp):
        g *= 0.5
        return g


class LeavesTheStandard(Normed):
    def direction(self, g, block, xp):
        norm = np.linalg.norm(g, axis=tuple(range(-len(block.shape), 0)), keepdims=True)
        return g / np.where(norm == 0, 1, norm)


class HidesNaN(Normed):
    def direction(self, g, block, xp):
        d = super().direction(g, block, xp)
        return xp.where(xp.isnan(d), xp.zeros_like(d), d)


@dataclass(frozen=True)
class MatricesAlone(Normed):
    """Says so in `needs`: a trial on anything else is skipped."""

    needs = frozenset({"gradient", "matrices"})

    def direction(self, g, block, xp):
        assert g.mT.shape[-2:] == block.shape[::-1]
        return super().direction(g, block, xp)


class PromotesInMatricesAlone(MatricesAlone):
    def direction(self, g, block, xp):
        return super().direction(g, block, xp) * xp.ones(1, dtype=xp.float64, device=g.device)


class RefusesVectors(Normed):
    """Says so when it begins, as an optimizer of another library does."""

    def init(self, theta, oracle):
        for block in oracle.layout:
            if len(block.shape) != 2:
                raise UsageError(f"RefusesVectors: {block.name} is no matrix")


class RefusesAll(Normed):
    def init(self, theta, oracle):
        raise UsageError("RefusesAll: found a parameter, expected none")


@dataclass(frozen=True)
class NormedSolver(Solver):
    lr: Positive = 0.01

    def minimize(self, theta, oracle, report):
        method = Normed(self.lr)
        while report(theta):
            theta, _ = method.step(theta, None, oracle)
        return theta


class PromotingSolver(NormedSolver):
    def minimize(self, theta, oracle, report):
        method = PromotesMatrices(self.lr)
        report(method.step(theta, None, oracle)[0])
        return theta


@dataclass(frozen=True)
class Plain(Optimizer):
    lr: Positive = 0.05

    def step(self, theta, state, oracle):
        return theta - self.lr * oracle.gradient(theta), state


def layouts_of(optimizer, size=4):
    return Subject(optimizer, np.random.default_rng(0)).layouts(size)


def test_the_standard_layouts_have_what_optimizers_tell_apart():
    assert sorted(block.kind for block in MIXED) == sorted(KINDS)
    assert {len(block.shape) for block in MIXED} == {1, 2, 4}
    assert {len(block.shape) for block in MATRICES} == {2}


def test_who_asks_for_shapes_gets_several_blocks_and_who_does_not_gets_one():
    assert layouts_of(Plain()) == [Layout.single(4)]
    assert layouts_of(Normed()) == [MIXED, MATRICES, Layout.single(4)]
    for optimizer in (MatricesAlone(), RefusesVectors()):
        assert layouts_of(optimizer) == [MATRICES]
        ((block,),) = layouts_of(optimizer, size=1)
        assert block.shape == (1, 1)


@pytest.mark.parametrize("optimizer", [Normed, MatricesAlone, RefusesVectors])
def test_all_checks_apply(optimizer, ends):
    found = ends(check_optimizer(optimizer))
    assert {name for name, end in found.items() if end == "not applicable"} == NEVER_HERE
    assert {end for name, end in found.items() if name not in NEVER_HERE} == {"passed"}


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (PromotesMatrices, "keeps-shape-and-precision"),
        (PromotesKernels, "keeps-shape-and-precision"),
        (PromotesScales, "keeps-shape-and-precision"),
        (PromotesInMatricesAlone, "keeps-shape-and-precision"),
        (PromotingSolver, "keeps-shape-and-precision"),
        (MixesRuns, "runs-together-are-runs-alone"),
        (WritesToTheGradient, "leaves-what-it-is-given"),
        (LeavesTheStandard, "computes-with-the-array-standard"),
        (HidesNaN, "does-not-hide-a-gradient-that-is-no-number"),
    ],
)
def test_a_fault_in_one_kind_of_block_is_found(broken, check, status):
    healthy = NormedSolver if issubclass(broken, Solver) else broken.__base__
    assert status(check_optimizer(healthy), check) == "passed"
    assert status(check_optimizer(broken), check) == "failed"


def test_the_reason_of_a_planted_fault_names_the_precision():
    checks = {check.__name__: check for check in check_optimizer(PromotesMatrices)}
    found = checks["keeps-shape-and-precision"].outcome
    assert "float64" in found.reason
    assert "float32" in found.reason


def test_who_refuses_every_layout_has_not_been_checked():
    last = check_optimizer(RefusesAll).run()[-1]
    assert (last.check, last.status) == ("enough-checks-apply", "failed")
    assert "RefusesAll: found a parameter, expected none" in last.reason


def test_solvers_are_checked_on_blocks_too(ends):
    found = ends(check_optimizer(NormedSolver))
    assert {name for name, end in found.items() if end != "passed"} == {"spaces-fit-their-fields"}
