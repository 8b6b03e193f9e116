"""Tier 1: compares counts to the target, final loss and status, which have no noise.

Trials of both sides are matched by their cell, the hash of the trial's specification. Their
statuses are compared first. If both runs reached their target, every count is judged. If both spent
the same budget, the loss is judged, and those counts that the budget does not fix. If the two
environments agree in everything that can change the last bits, a change beyond the limit is a
regression or an improvement. If they do not, the change must also exceed the optimizer's measured
tolerance (see `judge`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from optframe.errors import StoreError
from optframe.gate.differences import differences
from optframe.gate.limits import Limit, Limits
from optframe.gate.measured import COUNTS, Measured
from optframe.gate.sources import Source
from optframe.gate.tolerance import Tolerance
from optframe.gate.verdicts import Comparison, Difference, Row, Verdict
from optframe.gate.versions import sentences_of_versions

__all__ = ["compare", "judge"]

PASS, INCONCLUSIVE = Verdict.PASS, Verdict.INCONCLUSIVE

_QUALITY = {"converged": 0, "finished": 1, "stopped": 1, "diverged": 2, "failed": 3, "crashed": 3}
"""The rank of each status; 0 is the best. ``timeout`` has none: it depends on the machine's speed.
"""


def compare(base: Source, head: Source, limits: Limits | None = None) -> Comparison:
    """Compare the measured trials of two sides; their studies and precisions must be the same."""
    _refuse(base, head)
    limits = limits or Limits()
    before = {one.cell: one for one in base.trials}
    after = {one.cell: one for one in head.trials}
    rows: list[Row] = []
    found: dict[Difference, None] = {}
    namesakes = {one.spec.labels: one for one in head.trials if one.cell not in before}
    for cell, one in before.items():
        other = after.get(cell)
        if other is None:
            rows.append(_gone(one, namesakes.get(one.spec.labels)))
            continue
        differs = differences(one.environment, other.environment)
        found.update(dict.fromkeys(differs))
        pair = _Pair(
            one,
            other,
            limits,
            tuple(difference.name for difference in differs if difference.decides),
            base.tolerances.optimizers.get(one.spec.optimizer_name),
        )
        rows += pair.rows()
    for cell, one in after.items():
        if cell not in before:
            rows.append(Row(one.subject, "status", Verdict.NEW, None, one.status))
    notes = [*base.notes, *head.notes]
    if base.results is not None and head.results is not None:
        notes += sentences_of_versions(base.results, head.results)
    return Comparison("counts", str(base), str(head), rows, tuple(found), notes)


def judge(
    base: float,
    head: float,
    limit: Limit,
    elsewhere: bool = False,
    tolerance: float | None = None,
) -> tuple[Verdict, str]:
    """Return the verdict on a change from ``base`` to ``head``, where less is better, and why.

    A change within the limit passes. On equal environments, any other increase is a regression and
    any other decrease an improvement. On different environments (``elsewhere``), the measured
    ``tolerance`` decides. A change within the tolerance passes. A change within twice the tolerance
    is inconclusive, since the next machine may exceed the largest change of the few that were
    measured. A larger one is a regression or an improvement. Without a tolerance, any change beyond
    the limit is inconclusive.
    """
    change = abs(head - base)
    if change <= limit.slack(base):
        return PASS, ""
    verdict = Verdict.REGRESSION if head > base else Verdict.IMPROVEMENT
    if not elsewhere:
        return verdict, ""
    if tolerance is None:
        return INCONCLUSIVE, "another environment, and no tolerance is known for this optimizer"
    known = f"other machines change it by up to {100 * tolerance:.3g} %"
    known = known if tolerance else "no other machine that was measured changes it"
    if change <= tolerance * abs(base):
        return PASS, known
    if change <= 2 * tolerance * abs(base):
        return INCONCLUSIVE, f"{known}, and this is less than twice that"
    return verdict, known


@dataclass(frozen=True)
class _Pair:
    """The two measurements of one cell, which `rows` compares."""

    base: Measured
    head: Measured
    limits: Limits
    elsewhere: tuple[str, ...]
    tolerance: Tolerance | None

    def rows(self) -> list[Row]:
        """Return a row for the status, then one for each number that is known."""
        ended, why = self._ended()
        rows = [self._row("status", ended, self.base.status, self.head.status, reason=why)]
        return [*rows, *(self._numbers() if ended is PASS else ()), *self._seconds()]

    def _ended(self) -> tuple[Verdict, str]:
        """Return the verdict on the two statuses, and why."""
        base, head = self.base.status, self.head.status
        why = self.head.reason or ""
        if "planned" in (base, head) or "skipped" in (base, head):
            return self._unrun()
        clocks = [s for s in (base, head) if s == "timeout"]
        clocks += ["seconds"] if self._budget("seconds") and {base, head} != {"converged"} else []
        if clocks:
            return INCONCLUSIVE, "the clock ended it, and the times of two runs are not comparable"
        worse = _QUALITY[head] - _QUALITY[base]
        if not worse:
            failed = _QUALITY[head] == _QUALITY["failed"]
            return (INCONCLUSIVE, f"it fails in both: {why}") if failed else (PASS, "")
        verdict = Verdict.REGRESSION if worse > 0 else Verdict.IMPROVEMENT
        if self.elsewhere and max(_QUALITY[base], _QUALITY[head]) < _QUALITY["failed"]:
            if self.tolerance is None:
                return INCONCLUSIVE, "another environment, and no tolerance is known"
            if not self.tolerance.stable:
                return INCONCLUSIVE, "this optimizer's status differs on other machines, too"
            if self._budget_is_close():
                return INCONCLUSIVE, "the budget ends within the tolerance of the steps to target"
        return verdict, why

    def _unrun(self) -> tuple[Verdict, str]:
        base, head = self.base.status, self.head.status
        if base == head:
            return PASS, self.head.reason or "it ran in neither"
        if head == "planned":
            return Verdict.MISSING, "it is planned and has not run; finish the run first"
        if head == "skipped" and base != "planned":
            return Verdict.MISSING, f"it is skipped now: {self.head.reason}"
        return Verdict.NEW, "it had not run before"

    def _budget_is_close(self) -> bool:
        """Whether the runs' steps differ by less than twice the tolerance of other machines."""
        steps = [one.counts.get("steps") or 0.0 for one in (self.base, self.head)]
        assert self.tolerance is not None
        return max(steps) <= (1 + 2 * self.tolerance.counts) * min(steps)

    def _numbers(self) -> Iterator[Row]:
        """Yield the rows of counts and loss, for runs of equally good statuses."""
        if self.base.status in ("diverged", "skipped", "planned"):
            return
        converged = self.base.status == "converged"
        equally_long = self.base.counts.get("steps") == self.head.counts.get("steps")
        comparable = not converged or equally_long
        why = "" if comparable else "both are below the target, after different numbers of steps"
        loss = self._number("loss", self.base.loss, self.head.loss, why)
        better = not converged and loss is not None and loss.verdict is Verdict.IMPROVEMENT
        for name in COUNTS:
            why = "the budget fixes it" if name in self._bounded() else ""
            row = self._number(name, self.base.counts.get(name), self.head.counts.get(name), why)
            if row is not None and better and row.verdict is Verdict.REGRESSION:
                why = "it costs more and the loss is better; set a target to decide"
                row = replace(row, verdict=INCONCLUSIVE, reason=why)
            if row is not None:
                yield row
        if loss is not None:
            yield loss

    def _number(self, name: str, base: float | None, head: float | None, why: str) -> Row | None:
        """Return the row of a number; with ``why``, the number is shown and not judged."""
        if base is None and head is None:
            return None
        limit = self.limits.of(self.base.subject)[name]
        if why or not limit.judges:
            return self._row(name, Verdict.INFORMATIVE, base, head, "any", why)
        if base is None or head is None:
            return self._row(name, INCONCLUSIVE, base, head, str(limit), "one side lacks it")
        tolerance: float | None = None
        if self.tolerance is not None and self.tolerance.stable:
            tolerance = self.tolerance.loss if name == "loss" else self.tolerance.counts
        verdict, reason = judge(base, head, limit, bool(self.elsewhere), tolerance)
        if verdict is not PASS and self._budget("seconds"):  # schedules may depend on the clock
            verdict, reason = INCONCLUSIVE, "its budget is in seconds, which differ in each run"
        return self._row(name, verdict, base, head, str(limit), reason)

    def _seconds(self) -> Iterator[Row]:
        """Yield the row of seconds, which are never judged: the runs were not side by side."""
        base, head = self.base.seconds, self.head.seconds
        if base is None or head is None:
            return
        limit = self.limits.of(self.base.subject)["seconds"]
        beyond = limit.judges and abs(head - base) > limit.slack(base)
        verdict = INCONCLUSIVE if beyond else Verdict.INFORMATIVE
        why = "seconds of two separate runs are not judged; use `optframe race` to compare times"
        yield self._row("seconds", verdict, base, head, str(limit), why if beyond else "")

    def _bounded(self) -> Sequence[str]:
        """Return the counts that the budget determines, if a run spent it."""
        if "finished" not in (self.base.status, self.head.status):
            return ()
        answers = self._budget("gradients") or self._budget("work")
        return COUNTS if answers else ("steps", "epochs", "samples")

    def _budget(self, name: str) -> bool:
        return re.search(rf"\b{name} ", self.base.spec.budget) is not None

    def _row(
        self,
        name: str,
        verdict: Verdict,
        base: float | str | None,
        head: float | str | None,
        limit: str = "",
        reason: str = "",
    ) -> Row:
        return Row(self.base.subject, name, verdict, base, head, limit, reason, self.elsewhere)


def _refuse(base: Source, head: Source) -> None:
    """Raise if the two sides cannot be compared."""
    if not base.trials:
        raise StoreError(f"{base.path}: found no trials, expected some to compare with")
    if base.study and head.study and "baseline" in (base.kind, head.kind):
        for name in ("name", "seed"):
            if base.study.get(name) != head.study.get(name):
                raise StoreError(
                    f"{base.path}: {name} of the study is {base.study.get(name)!r}, and "
                    f"{head.study.get(name)!r} in {head.path}; compare a study with its own "
                    "baseline (`optframe baseline update` makes one)"
                )
    after = {one.cell: one for one in head.trials}
    known: set[object] = {*after, *(one.spec.labels for one in head.trials)}
    if not any(one.cell in known or one.spec.labels in known for one in base.trials):
        raise StoreError(
            f"{base.path} and {head.path} have no trial in common; compare two runs of one study "
            "(with `optframe report`, two studies stand side by side)"
        )
    for one in base.trials:
        other = after.get(one.cell)
        if other is not None and other.spec.dtype != one.spec.dtype:
            raise StoreError(
                f"{base.path}: measured in {one.spec.dtype}, and {head.path} in "
                f"{other.spec.dtype} ({one.subject}); expected one dtype; measure both in it"
            )


def _gone(one: Measured, namesake: Measured | None) -> Row:
    """Return the row of a trial that the head lacks; the head may have another of its name."""
    if one.status in ("planned", "skipped"):
        return Row(one.subject, "status", PASS, one.status, reason="it ran in neither")
    reason = "the head has no such trial"
    if namesake is not None:
        changed = "; ".join(_changed_settings(one, namesake))
        reason = f"the head's trial of this name has other settings: {changed}"
    return Row(one.subject, "status", Verdict.MISSING, one.status, reason=reason)


def _changed_settings(one: Measured, other: Measured) -> list[str]:
    before, after = one.spec.hyperparameters, other.spec.hyperparameters
    changed = [
        f"{name} {before.get(name, 'absent')!r} → {after.get(name, 'absent')!r}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    for name in ("budget", "start", "study_seed", "optimizer_name"):
        old, new = getattr(one.spec, name), getattr(other.spec, name)
        changed += [f"{name.replace('_', ' ')} {old} → {new}"] if old != new else []
    return changed or ["parameters of its problem or sampler, or its checkpoints, changed"]
