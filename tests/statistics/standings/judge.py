"""Judges a study by brute force: the twin of `optframe.statistics.standings`, written for tests.

It is loops over dictionaries, and it tries every relabelling. Nothing of the package's statistics
is used, so that a mistake there cannot hide here.
"""

import math
from dataclasses import dataclass, field
from itertools import combinations

from scipy.stats import beta

__all__ = ["Cell", "Pair", "Unit", "Verdict", "holm", "judge", "share_at_least"]

NAN, INF = math.nan, math.inf
CAP = math.log(10)
BROKEN = ("diverged", "failed", "timeout", "crashed")
UNRUN = ("planned", "skipped", "recording")
EPS = {"float64": 2.0**-52, "float32": 2.0**-23}
CURVE_NAME = {"steps": "step", "epochs": "epoch"}
MOST = 10_000
BLOCKS = 13


@dataclass
class Unit:
    """What the runs of a contender on a problem with a seed gave together."""

    paid: float = 0.0
    won: int = 0
    logs: float = 0.0
    number: int = 0
    results: list = field(default_factory=list)

    @property
    def judged(self):
        return (self.paid, self.won, self.logs, self.number)


@dataclass
class Cell:
    """A contender on a problem."""

    setting: str
    settings: int
    runs: list
    units: dict
    won: int
    lost: int
    performance: float
    b: float
    fixed: bool
    first: int = 0
    """The least unit of the problem: its least seed, or study."""
    studied: bool = False
    """Whether its units are studies of a tuning."""
    absent: int = 0
    """The number of its runs that broke down in place of those that a lost contender has not."""


@dataclass
class Pair:
    """The test of two contenders; ``p`` is None where not all relabellings can be tried."""

    statistic: float
    mode: str
    blocks: int
    p: float | None
    relabellings: int
    wins: int
    losses: int


@dataclass
class Verdict:
    """What is true of a study."""

    kind: str = ""
    cost: str = ""
    contenders: list = field(default_factory=list)
    ranked: list = field(default_factory=list)
    claim: str = "nothing"
    p_best: float | None = NAN
    p_beyond: float | None = NAN
    problems: dict = field(default_factory=dict)
    judged: list = field(default_factory=list)
    cells: dict = field(default_factory=dict)
    ranks: dict = field(default_factory=dict)
    ratios: dict = field(default_factory=dict)
    order: list = field(default_factory=list)
    score: dict = field(default_factory=dict)
    place: dict = field(default_factory=dict)
    pairs: dict = field(default_factory=dict)
    holm: dict = field(default_factory=dict)
    runs: list = field(default_factory=list)
    tuned: set = field(default_factory=set)
    """Problems on which somebody was tuned."""
    several: set = field(default_factory=set)
    """Problems with two studies or more."""

    @property
    def compares(self):
        """What tests compare: optimizers, or settings that tuning chose."""
        own = self.tuned & {*self.judged}
        return "" if not own else "optimizers" if own <= self.several else "settings"

    @property
    def exact(self):
        return all(pair.p is not None for pair in self.pairs.values())


def known(number):
    """Whether a value of a frame is a finite number."""
    return isinstance(number, int | float) and math.isfinite(number)


def text(value):
    return value if isinstance(value, str) and value else None


def log(value):
    return math.log(value) if value > 0 else -INF


def clip(d):
    return max(-CAP, min(CAP, d))


def clopper_pearson(won, runs):
    low = beta.ppf(0.025, won, runs - won + 1) if won else 0.0
    high = beta.ppf(0.975, won + 1, runs - won) if won < runs else 1.0
    return float(low), float(high)


def holm(ps):
    """Return Holm's corrected p-values of a dictionary."""
    ordered = sorted(ps, key=lambda pair: ps[pair])
    found, so_far = {}, 0.0
    for i, pair in enumerate(ordered):
        so_far = max(so_far, min(1.0, (len(ps) - i) * ps[pair]))
        found[pair] = so_far
    return found


# --- runs -----------------------------------------------------------------------------------------


def measure(row, metric, minimum=None):
    """Return a metric of a row of trials or curves; the gap is f − f*."""
    value = row.get(metric)
    if metric == "gap":
        least = row.get("minimum") if minimum is None else minimum
        value = row["loss"] - least if row.get("loss") is not None and least is not None else NAN
    return float(value) if isinstance(value, int | float) else NAN


def met(row):
    """Whether a run's own record says that its target was reached."""
    if row["status"] != "converged":
        return False
    if known(row.get("window")):
        return True
    metric, goal = text(row.get("target_metric")), row.get("target")
    if metric is None or not known(goal):
        return False
    value = measure(row, metric)
    good = value >= goal if metric.endswith("accuracy") else value <= goal
    return math.isfinite(value) and good


def price(row, cost):
    value = row.get(cost)
    return float(value) if known(row.get("steps")) and known(value) else NAN


def budget_of(row):
    """Return the units of a budget's text with their numbers."""
    parts = [part.strip().split() for part in row["budget"].split(",")]
    units = ("steps", "epochs", "gradients", "work", "seconds")
    return {p[0]: float(p[1]) for p in parts if len(p) == 2 and p[0] in units}


def own_metric(rows):
    """Return by which metric a problem's runs are judged where none was asked for."""
    if any(not math.isnan(measure(row, "validation_loss")) for row in rows):
        return "validation_loss"
    ended = [r for r in rows if known(r.get("minimum")) or not math.isnan(measure(r, "loss"))]
    if ended and all(known(row.get("minimum")) for row in ended):
        return "gap"
    return "loss"


def whole_budget(row, mine, everybody, cost):
    """Return a run's whole budget in the unit of the cost."""
    budget = budget_of(row)
    if cost in budget:
        return budget[cost]
    finished = [price(r, cost) for r in mine if r["status"] == "finished"]
    finished = [p for p in finished if not math.isnan(p)]
    if finished:
        return max(finished)
    guesses = []
    for unit, number in budget.items():
        used, spent = price(row, unit), price(row, cost)
        if not math.isnan(spent) and used > 0:
            guesses.append(spent * number / used)
    if guesses:
        return min(guesses)
    anybody = [p for p in (price(r, cost) for r in everybody) if not math.isnan(p)]
    return max(anybody, default=NAN)


def paid(row, mine, everybody, cost):
    """Return what a run is charged; ``mine`` are its contender's runs of the problem."""
    spent = price(row, cost)
    if row["won"] or row["status"] == "finished":
        return spent
    restart = row["status"] not in BROKEN and any(r["won"] and r is not row for r in mine)
    if restart:
        return spent
    whole = whole_budget(row, mine, everybody, cost)
    return max([p for p in (spent, whole) if not math.isnan(p)], default=NAN)


def give_values(rows, starts, metric, cost):
    """Set ``value`` of each run of a problem, less is better."""
    rises = metric.endswith("accuracy")
    least = next((r["minimum"] for r in rows if known(r.get("minimum"))), None)
    raw, begun = {}, {}
    for row in rows:
        raw[row["key"]] = measure(row, metric)
        start = starts.get(row["key"])
        begun[row["key"]] = NAN if start is None else measure(start, metric, least)
    seen = [v for v in [*raw.values(), *begun.values()] if math.isfinite(v)]
    best = min(seen, default=NAN)
    shifted = not rises and metric != "gap" and any(v <= 0 for v in seen)
    first = [v for v in begun.values() if math.isfinite(v)]

    def less(value, row):
        if not math.isfinite(value):
            return NAN
        eps = EPS[row["dtype"]]
        if rises:
            records = [
                round(r["samples"] / r["epochs"])
                for r in rows
                if known(r.get("epochs")) and r["epochs"] > 0
            ]
            return max(1 - value, 0.5 / max(records) if records else eps)
        if metric == "gap":
            own = begun[row["key"]]
            away = [own] if math.isfinite(own) else first
            return max(value, eps * max([abs(least), *away]))
        if shifted:
            return max(value - best, 1e-3 * (max(first, default=best) - best), eps)
        return max(value, eps)

    values = {row["key"]: less(raw[row["key"]], row) for row in rows}
    # What a broken run ended at is no scale: it may be as large as the type allows.
    ends = [values[r["key"]] for r in rows if r["status"] not in BROKEN]
    everything = [v for v in ends if not math.isnan(v)]
    everything += [v for r in rows if not math.isnan(v := less(begun[r["key"]], r))]
    worst = max(everything, default=NAN)
    for row in rows:
        row["shifted"] = shifted
        row["raw"] = raw[row["key"]] if math.isfinite(raw[row["key"]]) else None
        row["spent"] = None if math.isnan(price(row, cost)) else price(row, cost)
        gone = row["status"] in BROKEN or math.isnan(values[row["key"]])
        row["value"] = worst if gone else values[row["key"]]


# --- cells ----------------------------------------------------------------------------------------


def units_of(runs, by_cost, part="unit"):
    """Return the units of a cell, by seed or study."""
    units = {}
    for row in runs:
        unit = units.setdefault(row[part], Unit())
        # A run without a record of what it did has no result that another could equal.
        end = row["spent"] if row["spent"] is not None else object()
        unit.results.append((row["status"], row["won"], end, row["raw"]))
        unit.paid += row["paid"]
        unit.won += row["won"]
        unit.logs += 0.0 if by_cost else log(row["value"])
        unit.number += 1
    return units


def merged(units):
    total = Unit()
    for unit in units:
        total.paid += unit.paid
        total.won += unit.won
        total.logs += unit.logs
        total.number += unit.number
    return total


def level(total, by_cost, half=False):
    """Return b of a cell: the logarithm of its performance."""
    if not by_cost:
        return total.logs / total.number
    if half:
        return log(total.paid / max(total.won, 0.5))
    return log(total.paid / total.won) if total.won else INF


def cell_of(runs, setting, settings, by_cost):
    units = units_of(runs, by_cost)
    several = [unit.results for unit in units_of(runs, by_cost, "seed").values()]
    fixed = len(several) >= 2 and all(results == several[0] for results in several)
    kept = {min(units): units[min(units)]} if fixed else units
    b = level(merged(kept.values()), by_cost)
    real = [row for row in runs if not row["absent"]]
    return Cell(
        setting=setting,
        settings=settings,
        runs=real,
        units=kept,
        won=sum(row["won"] for row in real),
        lost=sum(row["status"] in BROKEN for row in real),
        absent=len(runs) - len(real),
        studied=any(row["studied"] for row in runs),
        performance=math.exp(b),
        b=b,
        fixed=fixed,
    )


def judged_cell(runs, everybody, order, cost, by_cost):
    """Return the cell of a contender, of its settings the one with the least b."""
    labels = [label for label in order if any(row["optimizer"] == label for row in runs)]
    best = None
    if any(known(row.get("study")) for row in runs):
        # Winners of a tuning: there is nothing to choose from, and each pays as its own setting.
        for label in labels:
            own = [row for row in runs if row["optimizer"] == label]
            for row in own:
                row["paid"] = paid(row, own, everybody, cost)
        real = dict.fromkeys(row["optimizer"] for row in runs if not row["absent"])
        best = cell_of(runs, " / ".join(real), 1, by_cost)
        labels = []
    for label in labels:
        own = [row for row in runs if row["optimizer"] == label]
        for row in own:
            row["paid"] = paid(row, own, everybody, cost)
        cell = cell_of(own, label, len(labels), by_cost)
        if best is None or cell.b < best.b - 1e-9:
            best = cell
    best.first = min(row["unit"] for row in everybody)
    return best


# --- the test of a pair ---------------------------------------------------------------------------


def difference(x, y, by_cost):
    """Return d of two sums of runs."""
    if by_cost and not x.won and not y.won:
        return 0.0
    return level(x, by_cost, half=True) - level(y, by_cost, half=True)


def term(d, capped):
    return (clip(d) if capped else d) + 0.001 * d


def swapped(x, y):
    """Return all ways of swapping the units of equal seeds, the first as it is."""
    ways = [([], [])]
    for seed in x:
        ways = [
            ([*a, one], [*b, other])
            for one, other in ((x[seed], y[seed]), (y[seed], x[seed]))
            for a, b in ways
        ]
    return ways


def exchanged(x, y):
    """Return all ways of distributing the units anew, sizes kept, the first as it is."""
    units = [*x.values(), *y.values()]
    ways = []
    for chosen in combinations(range(len(units)), len(x)):
        taken = set(chosen)
        ways.append(
            ([units[i] for i in chosen], [u for i, u in enumerate(units) if i not in taken])
        )
    return ways


def share_at_least(terms):
    """Return T and the share of relabellings whose |T| is at least as large.

    ``terms`` has for each problem the terms of all its relabellings, the first as observed.
    """
    sums = [0.0]
    for own in terms:
        sums = [so_far + one for one in own for so_far in sums]
    observed = sum(own[0] for own in terms) / len(terms)
    reached = sum(abs(one / len(terms)) >= abs(observed) - 1e-9 for one in sums)
    return observed, reached / len(sums)


def mode_of(cells):
    """Return how the two contenders' runs are relabelled, and the number of blocks."""
    pairs = [aligned(x, y) for x, y in cells]
    same = all({*x} == {*y} for x, y in pairs)
    blocks = sum(len({*x} & {*y}) for x, y in pairs)
    studied = any(cell.studied for pair in cells for cell in pair)
    return ("swap" if same and blocks >= 6 and not studied else "exchange"), blocks


def scaled(units, factor, by_cost):
    """Return units whose costs or values are multiplied."""
    return {
        seed: Unit(u.paid * factor, u.won, u.logs + u.number * math.log(factor), u.number)
        if by_cost
        else Unit(u.paid, u.won, u.logs + u.number * math.log(factor), u.number)
        for seed, u in units.items()
    }


def aligned(x, y):
    """Return the units of two cells; a fixed one has its run under the problem's first seed."""
    return tuple(
        {cell.first: next(iter(cell.units.values()))} if cell.fixed else cell.units
        for cell in (x, y)
    )


def relabelled(cells, mode, factor=1.0, most=None):
    """Return the terms of all relabellings of each problem; None where they are too many.

    ``cells`` has a pair of cells and whether it is of kind cost for each problem. The second cell's
    costs or values are multiplied.
    """
    number = 1
    for x, y, _ in cells:
        one, other = aligned(x, y)
        ways = 2 ** len(one) if mode == "swap" else math.comb(len(one) + len(other), len(one))
        number *= ways
    if number > (most or (2**BLOCKS if mode == "swap" else MOST)):
        return None, number
    terms = []
    for x, y, by_cost in cells:
        one, other = aligned(x, y)
        other = scaled(other, factor, by_cost)
        ways = swapped(one, other) if mode == "swap" else exchanged(one, other)
        ds = [difference(merged(a), merged(b), by_cost) for a, b in ways]
        terms.append([term(d, len(cells) > 1) for d in ds])
    return terms, number


def tested(cells):
    """Return the test of two contenders on the problems where both are judged."""
    mode, blocks = mode_of([(x, y) for x, y, _ in cells])
    terms, number = relabelled(cells, mode)
    ds = [difference(merged(x.units.values()), merged(y.units.values()), c) for x, y, c in cells]
    statistic = sum(term(d, len(cells) > 1) for d in ds) / len(ds)
    p = None
    if terms is not None:
        again, p = share_at_least(terms)
        assert abs(again - statistic) < 1e-9
    wins = sum(y.b < x.b - 1e-9 for x, y, _ in cells)
    losses = sum(x.b < y.b - 1e-9 for x, y, _ in cells)
    return Pair(statistic, mode, blocks, p, number, wins, losses)


def scanned(cells, mode, factor, most=None):
    """Return T and p where the second contender's costs or values are multiplied; None if many."""
    terms, _ = relabelled(cells, mode, factor, most)
    return (None, None) if terms is None else share_at_least(terms)


def over_problems(cells):
    """Return p of the swap test over problems."""
    ds = [difference(merged(x.units.values()), merged(y.units.values()), c) for x, y, c in cells]
    return share_at_least([[term(d, True), -term(d, True)] for d in ds])[1]


# --- the study ------------------------------------------------------------------------------------


def ranks_of(bs):
    """Return the rank of each contender; equal ones share the mean."""
    found = {}
    for name, b in bs.items():
        before = sum(other < b - 1e-9 for other in bs.values())
        equal = sum(other == b or abs(other - b) <= 1e-9 for other in bs.values())
        found[name] = before + (equal + 1) / 2
    return found


def used_cost(rows, cost):
    """Return the cost, or gradients if a run that was counted lacks it."""
    counted = [r for r in rows if known(r.get("steps"))]
    if cost in ("work", "records") and any(not known(r.get(cost)) for r in counted):
        return "gradients"
    return cost


def contenders_of(rows):
    """Return the kind of the contenders, and each run's contender."""
    names = [text(r.get("contender")) or r["optimizer"] for r in rows]
    if len({*names}) > 1:
        return "optimizers", names
    # A problem without data has the sampler "none", which is compared with nothing.
    on = {r["problem"]: {s["sampler"] for s in rows if s["problem"] == r["problem"]} for r in rows}
    if any(len(samplers) > 1 for samplers in on.values()):
        return "samplers", [r["sampler"] for r in rows]
    labels = [text(r.get("contender")) if known(r.get("study")) else r["optimizer"] for r in rows]
    if len({*labels}) > 1:
        return "settings", labels
    return "", names


def lost_rows(every, searches):
    """Return runs that broke down, one for each that a contender lost in tuning has not."""
    made = []
    for search in searches:
        if known(search["number"]) or not search["reason"]:
            continue
        here = [row for row in every if row["problem"] == search["problem"]]
        tuned = [row for row in here if known(row.get("study"))]
        same = [row for row in tuned if row["study"] == search["study"]]
        if not tuned and not search["study"]:
            same = here
        seeds = sorted({row["seed"] for row in same}) or [search["study"]]
        like = (here or every)[0]
        kept = ["minimum", "target", "target_metric", "dtype", "budget", "problem_name", "stage"]
        for seed in seeds:
            row = {name: like[name] if name in kept else NAN for name in like}
            row |= {name: search[name] for name in ("contender", "problem", "sampler", "study")}
            row |= {"optimizer": search["contender"], "seed": seed, "status": "diverged"}
            made.append(row | {"absent": True, "key": f"lost {len(made)}", "window": None})
    return made


def give_units(every):
    """Set the unit of each run: its study where the problem has two or more, else its seed."""
    for problem in {row["problem"] for row in every}:
        here = [row for row in every if row["problem"] == problem]
        tuned = [row for row in here if known(row.get("study"))]
        studied = len({row["study"] for row in tuned}) > 1
        for row in here:
            row["studied"], row["unit"] = studied, row["seed"]
            if not studied:
                continue
            if known(row.get("study")):
                row["unit"] = int(row["study"])
                continue
            with_seed = [r["study"] for r in tuned if r["seed"] == row["seed"]]
            beyond = max(r["study"] for r in tuned) + 1 + row["seed"]
            row["unit"] = int(with_seed[-1] if with_seed else beyond)


def judge(trials, curves, cost="work", metric=None, level=0.05, searches=()):
    """Return the verdict on frames of trials and curves; "best" is claimed at this level.

    ``searches`` are the rows of the tuning, as dictionaries.
    """
    every = [row for row in trials.to_dict("records") if row.get("stage") in ("final", "", None)]
    verdict = Verdict(cost=used_cost(every, cost))
    cost = verdict.cost
    every = [row | {"absent": False} for row in every]
    every += lost_rows(every, searches) if every else []
    give_units(every)
    verdict.kind, names = contenders_of(every)
    for row, name in zip(every, names, strict=True):
        row["of"], row["won"] = name, met(row)
    verdict.contenders = list(dict.fromkeys(names))
    order = list(dict.fromkeys(row["optimizer"] for row in every))
    ran = [row for row in every if row["status"] not in UNRUN]
    starts = {
        point["key"]: point for point in reversed(curves.to_dict("records")) if point["step"] == 0
    }
    verdict.several = {row["problem"] for row in every if row["studied"]}
    verdict.tuned = {row["problem"] for row in every if known(row.get("study"))}
    for problem in dict.fromkeys(row["problem"] for row in every):
        all_rows = [row for row in ran if row["problem"] == problem]
        met_at_start = {r["seed"] for r in all_rows if r["won"] and r["steps"] == 0}
        rows = [row for row in all_rows if row["seed"] not in met_at_start]
        by_cost = any(row["won"] for row in rows)
        reason = ""
        if not all_rows:
            reason = "no run"
        elif not rows:
            reason = "every run was at the target when it started"
        elif all(row["status"] in BROKEN for row in rows):
            reason = "every run broke down"
        chosen = metric or (own_metric(all_rows) if all_rows else "")
        verdict.problems[problem] = {
            "kind": "" if reason else "cost" if by_cost else "value",
            "metric": chosen,
            "target": any(known(r.get("target")) for r in every if r["problem"] == problem),
            "reason": reason,
            "blocks": 0 if reason else len({row["unit"] for row in rows}),
        }
        if reason:
            continue
        give_values(rows, starts, chosen, cost)
        for name in verdict.contenders:
            own = [row for row in rows if row["of"] == name]
            if own:
                verdict.cells[name, problem] = judged_cell(own, rows, order, cost, by_cost)
    _order(verdict)
    _claim(verdict, ran, level)
    return verdict


def _order(verdict):
    possible = [p for p, about in verdict.problems.items() if not about["reason"]]
    where = {
        name: [p for p in possible if (name, p) in verdict.cells] for name in verdict.contenders
    }
    everywhere = [name for name in verdict.contenders if possible and where[name] == possible]
    if len(everywhere) >= 2:
        verdict.ranked, verdict.judged = everywhere, possible
    else:
        anywhere = [name for name in verdict.contenders if where[name]]
        shared = [p for p in possible if all(p in where[name] for name in anywhere)]
        if len(anywhere) >= 2 and shared:
            verdict.ranked, verdict.judged = anywhere, shared
    several = sum(bool(own) for own in where.values()) > 1
    for problem in possible:
        if several and problem not in verdict.judged:
            verdict.problems[problem]["reason"] = "not all ran there"
        bs = {n: verdict.cells[n, problem].b for n in verdict.contenders if problem in where[n]}
        for name, rank in ranks_of(bs).items():
            verdict.ranks[name, problem] = rank
            best = min(bs.values())
            same = bs[name] == best
            verdict.ratios[name, problem] = 1.0 if same else math.exp(min(bs[name] - best, 700))
            if math.isinf(bs[name]) and not same:
                verdict.ratios[name, problem] = INF
    keys = {}
    for name in verdict.ranked:
        gaps = []
        for problem in verdict.judged:
            best = min(cell.b for (_, where), cell in verdict.cells.items() if where == problem)
            b = verdict.cells[name, problem].b
            gaps.append(0.0 if b == best else b - best)
        capped = gaps if len(gaps) == 1 else [min(gap, CAP) for gap in gaps]
        unsolved = sum(math.isinf(verdict.cells[name, p].b) for p in verdict.judged)
        keys[name] = (sum(capped) / len(capped), unsolved, sum(gaps) / len(gaps))
        verdict.score[name] = math.exp(keys[name][0])

    def less(one, other):
        for a, b in zip(keys[one], keys[other], strict=True):
            if a != b and abs(a - b) > 1e-9:
                return a < b
        return False

    for name in verdict.ranked:
        verdict.place[name] = 1 + sum(less(other, name) for other in verdict.ranked)
    verdict.order = sorted(verdict.ranked, key=lambda name: verdict.place[name])
    cells = verdict.cells
    for one, other in combinations(verdict.order, 2):
        verdict.pairs[one, other] = tested(
            [
                (cells[other, p], cells[one, p], verdict.problems[p]["kind"] == "cost")
                for p in verdict.judged
            ]
        )
    if verdict.exact:
        verdict.holm = holm({pair: test.p for pair, test in verdict.pairs.items()})


def _claim(verdict, ran, level):
    if len({row["of"] for row in ran}) < 2 and ran:
        verdict.claim = "alone"
        return
    if len(verdict.ranked) < 2:
        return
    first = verdict.order[0]
    cells = {(n, p): verdict.cells[n, p] for n in verdict.ranked for p in verdict.judged}
    against = [verdict.pairs[first, other] for other in verdict.order[1:]]
    ps = [pair.p if pair.statistic > 0 else 1.0 for pair in against]
    verdict.p_best = None if None in ps else max(ps)
    if len(verdict.judged) >= 6:
        runner = verdict.order[1]
        verdict.p_beyond = over_problems(
            [
                (cells[first, p], cells[runner, p], verdict.problems[p]["kind"] == "cost")
                for p in verdict.judged
            ]
        )
    chosen = any(cells[first, p].settings > 1 for p in verdict.judged)
    if sum(place == 1 for place in verdict.place.values()) > 1:
        verdict.claim = "equal"
    elif all(cell.fixed for cell in cells.values()):
        verdict.claim = "fixed"
    elif verdict.p_best is None:
        verdict.claim = None
    elif verdict.p_best <= level and all(t.statistic > 0 for t in against) and not chosen:
        verdict.claim = "best"
    else:
        verdict.claim = "leads"


def differing(one, other):
    """Return whether two numbers differ by more than rounding; NaN and ∞ equal themselves."""
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) != math.isnan(other)
        if math.isinf(one) or math.isinf(other):
            return one != other
    return abs(one - other) > 1e-9 * max(1.0, abs(one), abs(other))
