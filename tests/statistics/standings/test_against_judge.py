"""Standings are what brute force finds, on generated studies.

A failure names its study: `random_study(number)`, or `random_tuned_study(number)`, makes it again.
"""

import math
import random

import pytest

from optframe.statistics import standings

from .judge import clopper_pearson, differing, judge, scanned
from .studies import Problem, Study, add, random_study
from .tuned_studies import random_tuned_study

STUDIES, TUNED, CHUNK = 500, 160, 20
DRAWS = 9_999
FEW = 100
"""Up to how many relabellings an interval is tried by brute force."""
SURE = 6
"""By how many standard errors a p of random draws may differ from the exact one."""


def disagreements(study):
    """Yield each place where the standings of a study differ from the judge's verdict."""
    verdict = study.verdict(judge)
    found = study.judged(standings)
    yield from _different("", _plain(found, verdict))
    if found.kind != verdict.kind or list(found.problems["problem"]) != list(verdict.problems):
        yield f"found {found.kind} {list(found.problems['problem'])}"
        return
    yield from _problems(found, verdict)
    yield from _cells(found, verdict)
    yield from _runs(found, verdict)
    yield from _table(found, verdict)
    yield from _pairs(found, verdict)


def _different(where, fields):
    for name, found, expected in fields:
        both = [isinstance(x, int | float) for x in (found, expected)]
        if differing(float(found), float(expected)) if all(both) else found != expected:
            yield f"{where} {name}: found {found!r}, expected {expected!r}"


def _plain(found, verdict):
    unranked = [name for name in verdict.contenders if name not in verdict.order]
    yield "kind", found.kind, verdict.kind
    yield "cost", found.cost, verdict.cost
    yield "contenders", list(found.contenders), verdict.order + unranked
    if verdict.claim is not None:
        yield "claim", found.claim, verdict.claim
    if verdict.exact and verdict.claim in ("best", "leads"):
        yield "p_best", found.p_best, verdict.p_best
    yield "p_beyond", found.p_beyond, verdict.p_beyond


def _problems(found, verdict):
    for row in found.problems.to_dict("records"):
        expected = verdict.problems[row["problem"]]
        fields = [(name, row[name], value) for name, value in expected.items()]
        if verdict.ranked:
            fields.append(("judged", row["judged"], row["problem"] in verdict.judged))
        yield from _different(row["problem"], fields)


def _cells(found, verdict):
    rows = {(row["contender"], row["problem"]): row for row in found.cells.to_dict("records")}
    if sorted(rows) != sorted(verdict.cells):
        yield f"cells: found {sorted(rows)}, expected {sorted(verdict.cells)}"
        return
    for key, cell in verdict.cells.items():
        low, high = clopper_pearson(cell.won, len(cell.runs))
        fields = {
            "setting": cell.setting,
            "settings": cell.settings,
            "runs": len(cell.runs),
            "won": cell.won,
            "success": cell.won / len(cell.runs) if cell.runs else math.nan,
            "success_low": low,
            "success_high": high,
            "lost": cell.lost,
            "lost_in_tuning": cell.absent,
            "performance": cell.performance,
            "ratio": verdict.ratios[key],
            "rank": verdict.ranks[key],
            "first": verdict.ratios[key] <= 1 + 1e-9,
            "fixed": cell.fixed,
        }
        yield from _different(str(key), ((n, rows[key][n], v) for n, v in fields.items()))


def _runs(found, verdict):
    rows = {row["key"]: row for row in found.runs.to_dict("records")}
    for (_, problem), cell in verdict.cells.items():
        by_cost = verdict.problems[problem]["kind"] == "cost"
        judged = "paid" if by_cost else "value"
        for run in cell.runs:
            row = rows.get(run["key"])
            if row is None:
                yield f"run {run['key']} is missing"
                continue
            fields = [(name, row[name], run[name]) for name in ("won", "seed", judged)]
            yield from _different(f"run {run['key']}", fields)


def _table(found, verdict):
    rows = {row["contender"]: row for row in found.table.to_dict("records")}
    targets = [p for p in verdict.judged if verdict.problems[p]["kind"] == "cost"]
    for name in verdict.order:
        ratios = [verdict.ratios[name, p] for p in verdict.judged]
        cells = [verdict.cells[name, p] for p in verdict.judged]
        fields = {
            "place": verdict.place[name],
            "score": verdict.score[name],
            "problems": len(verdict.judged),
            "first_on": sum(ratio <= 1 + 1e-9 for ratio in ratios),
            "within_2": sum(ratio <= 2 + 1e-9 for ratio in ratios),
            "solved": sum(verdict.cells[name, p].won > 0 for p in targets),
            "targets": len(targets),
            "won": sum(cell.won for cell in cells),
            "runs": sum(len(cell.runs) for cell in cells),
            "lost": sum(cell.lost for cell in cells),
            "settings": max(cell.settings for cell in cells),
        }
        yield from _different(f"table {name}", ((n, rows[name][n], v) for n, v in fields.items()))
        leader = verdict.order[0]
        if name != leader and verdict.exact:
            corrected = verdict.holm[leader, name]
            apart = corrected <= 0.05 or verdict.claim == "best"
            p = verdict.pairs[leader, name].p
            fields = {"p": p, "p_holm": corrected, "apart": apart}
            yield from _different(
                f"table {name}", ((n, rows[name][n], v) for n, v in fields.items())
            )


def _pairs(found, verdict):
    rows = {(row["contender"], row["rival"]): row for row in found.pairs.to_dict("records")}
    if list(rows) != list(verdict.pairs) and verdict.ranked:
        yield f"pairs: found {list(rows)}, expected {list(verdict.pairs)}"
        return
    for pair, expected in verdict.pairs.items():
        row = rows[pair]
        names = ("statistic", "mode", "blocks", "wins", "losses")
        fields = [(name, row[name], getattr(expected, name)) for name in names]
        if expected.p is not None:
            fields.append(("p", row["p"], expected.p))
        if verdict.exact:
            fields += [
                ("p_holm", row["p_holm"], verdict.holm[pair]),
                ("apart", row["apart"], verdict.holm[pair] <= 0.05),
            ]
        yield from _different(str(pair), fields)
        yield from _interval(str(pair), row, verdict, pair)


def _interval(where, row, verdict, pair):
    """Yield what is wrong with the ratio of a pair, and with its interval where p is exact."""
    one, other = pair
    for kind in ("cost", "value"):
        on = [p for p in verdict.judged if verdict.problems[p]["kind"] == kind]
        ratio, low, high = (row[f"{kind}_{end}"] for end in ("ratio", "low", "high"))
        if not on or math.isnan(ratio):
            continue
        if not low <= ratio * (1 + 1e-9) or not ratio <= high * (1 + 1e-9):
            yield f"{where}: the {kind} ratio {ratio} is outside of {low} to {high}"
        cells = [(verdict.cells[other, p], verdict.cells[one, p], kind == "cost") for p in on]
        mode = verdict.pairs[pair].mode
        if scanned(cells, mode, 1.0)[0] is None:
            continue
        above, below = (scanned(cells, mode, ratio * r)[0] for r in (0.999, 1.001))
        if not below < 0 < above:
            yield f"{where}: T does not vanish at the {kind} ratio {ratio}: {above}, {below}"
        if len(on) < len(verdict.judged):
            continue  # The test of the pair is over more problems than this interval.
        exact = verdict.pairs[pair].p
        outside = not low <= 1 <= high
        if outside != (exact <= 0.05) and min(abs(low - 1), abs(high - 1)) > 1e-6:
            yield f"{where}: p = {exact}, but the {kind} ratio is from {low} to {high}"
        if high / max(low, 1e-300) < 1.01 or verdict.pairs[pair].relabellings > FEW:
            continue
        inside = [low * 1.001 if low else 1e-9, high * 0.999 if math.isfinite(high) else 1e9]
        rejected = [low * 0.999, high * 1.001]
        for factor in inside:
            if scanned(cells, mode, factor)[1] <= 0.05:
                yield f"{where}: the {kind} ratio {factor} of {low} to {high} is rejected"
        for factor in rejected:
            if 0 < factor < math.inf and scanned(cells, mode, factor)[1] > 0.05:
                yield f"{where}: the {kind} ratio {factor} is not in {low} to {high}, nor rejected"


@pytest.mark.parametrize("begin", range(0, STUDIES, CHUNK))
def test_standings_are_what_brute_force_finds(begin):
    wrong = [
        f"random_study({number}): {text}"
        for number in range(begin, begin + CHUNK)
        for text in disagreements(random_study(number))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("begin", range(0, TUNED, CHUNK))
def test_tuned_standings_are_what_brute_force_finds(begin):
    wrong = [
        f"random_tuned_study({number}): {text}"
        for number in range(begin, begin + CHUNK)
        for text in disagreements(random_tuned_study(number))
    ]
    assert not wrong, "\n".join(wrong)


def _large(number, problems, seeds, lacking=0):
    """Return a study of two contenders that has more relabellings than are tried."""
    rng = random.Random(number)
    study = Study()
    for name in ["rosenbrock", "beale"][:problems]:
        problem = Problem(name, 0.0, 10.0, 1e-3, "gap")
        for seed in range(seeds):
            shared = rng.gauss(0, 0.3)
            for label, effect in (("adam", 0.0), ("momentum", 0.2)):
                if label == "adam" and seed < lacking:
                    continue
                status, loss = ("converged", 1e-3) if rng.random() < 0.8 else ("finished", 0.5)
                steps = round(60 * math.exp(effect + shared + rng.gauss(0, 0.3)))
                steps = steps if status == "converged" else 300
                add(study, problem, label, seed, status, steps, loss=loss, budget="steps 300")
    return study


@pytest.mark.parametrize("size", [(1, 14), (2, 7), (2, 5, 1)])
@pytest.mark.parametrize("number", range(4))
def test_p_of_random_draws_is_near_the_exact_one(size, number):
    study = _large(number, *size)
    verdict = judge(study.trials, study.curves)
    (pair,) = verdict.pairs
    assert verdict.pairs[pair].p is None
    one, other = pair
    cells = [(verdict.cells[other, p], verdict.cells[one, p], True) for p in verdict.judged]
    _, exact = scanned(cells, verdict.pairs[pair].mode, 1.0, 2**17)
    (row,) = study.judged(standings).pairs.to_dict("records")
    error = math.sqrt(exact * (1 - exact) / DRAWS)
    assert row["mode"] == verdict.pairs[pair].mode
    assert row["p"] == pytest.approx(exact, abs=SURE * error + 1 / DRAWS)
    assert row["p"] >= 1 / (DRAWS + 1)
    again = study.judged(standings).pairs["p"].tolist()
    assert again == [row["p"]]
