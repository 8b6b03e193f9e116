"""Measures how much tuning flatters, and writes the tables of docs/tuning-flattery.md.

Run it from the repository; it takes about three minutes on one core, and resumes if it is killed::

    python docs/tuning_flattery.py results/flattery

Every setting of six contenders runs with every seed. A search is then a draw of settings and of
seeds from these runs, so that thousands of searches cost nothing. What a setting is worth is its
mean over the seeds that the search did not see.
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.integrate import quad
from scipy.stats import mannwhitneyu, norm

import optframe
from optframe import Space

PAGE = Path(__file__).with_name("tuning-flattery.md")
MARKS = "<!-- begin: written by docs/tuning_flattery.py -->\n", "<!-- end -->\n"

SETTINGS, SEEDS, SEARCHES = 120, 16, 1000
RATE = Space(1e-5, 1.0, "log")
CONTENDERS = {
    "sgd": ({"name": "sgd"}, {"lr": Space(1e-4, 10.0, "log")}),
    "momentum 0.9": ({"name": "momentum", "momentum": 0.9}, {"lr": Space(1e-5, 10.0, "log")}),
    "momentum, 2 fields": (
        {"name": "momentum"},
        {"lr": Space(1e-5, 10.0, "log"), "momentum": Space(0.0, 0.999, "one-minus-log")},
    ),
    "rmsprop": ({"name": "rmsprop"}, {"lr": RATE}),
    "adam": ({"name": "adam"}, {"lr": RATE}),
    "adam, 4 fields": (
        {"name": "adam"},
        {
            "lr": RATE,
            "beta1": Space(0.5, 0.999, "one-minus-log"),
            "beta2": Space(0.8, 0.9999, "one-minus-log"),
            "eps": Space(1e-10, 1.0, "log"),
        },
    ),
}
NETWORKS = {"mlp": "mlp:data=digits", "softmax": "softmax:data=digits"}
VALLEY = "rosenbrock"
METRICS = ("loss", "validation_accuracy", "test_accuracy")


def tables(label, random):
    """Return one table for each setting of a contender, and the settings' u, (settings, fields)."""
    base, space = CONTENDERS[label]
    u = random.random((SETTINGS, len(space)))
    made = []
    for row in u:
        values = {name: one.at(x) for (name, one), x in zip(space.items(), row, strict=True)}
        made.append({**base, **values})
    return made, u


def runs(problem, label, folder):
    """Run all settings of a contender with all seeds.

    Returns the settings' u, (settings, fields), and by metric what each run ended with, (settings,
    seeds), where less is better; infinite where the run broke down.
    """
    random = np.random.default_rng([*label.encode(), *problem.encode()])
    made, u = tables(label, random)
    network = problem in NETWORKS
    study = optframe.Study(
        f"{problem} {label}",
        {"epochs": 6} if network else {"steps": 1000},
        made,
        [NETWORKS.get(problem, problem)],
        samplers=["shuffled:batch_size=32"],
        seeds=SEEDS,
        start="standard" if network else "random",
        run=optframe.study.RunSettings(together=True, checkpoints=2),
    )
    trials = optframe.run(study, folder / f"{problem}-{label}".replace(" ", "-").replace(",", ""))
    trials = trials.trials
    shape = (SETTINGS, SEEDS)
    broken = (trials["status"] != "finished").to_numpy().reshape(shape)
    found = {}
    for metric in METRICS if network else METRICS[:1]:
        values = trials[metric].to_numpy().reshape(shape)
        values = 1 - values if metric.endswith("accuracy") else values
        found[metric] = np.where(broken | ~np.isfinite(values), np.inf, values)
    return u, found


def worth(values, settings, seen):
    """Return the mean of settings over the seeds that are not ``seen``."""
    fresh = np.delete(np.arange(values.shape[1]), seen)
    return values[np.asarray(settings)[:, None], fresh].mean(axis=1)


def searches(values, settings, seeds, random):
    """Yield (settings, seeds, scores) of searches: so many settings, each with the same seeds."""
    for _ in range(SEARCHES):
        tried = random.choice(values.shape[0], settings, replace=False)
        seen = random.choice(values.shape[1], seeds, replace=False)
        yield tried, seen, values[tried][:, seen].mean(axis=1)


def flattery(chosen_by, judged_by, settings, seeds, random):
    """Return by how much the winner's runs look better than fresh ones, in deviations over seeds.

    The winner is chosen by ``chosen_by``, and ``judged_by`` says how good its runs were.
    """
    excess = []
    for tried, seen, scores in searches(chosen_by, settings, seeds, random):
        winner = tried[scores.argmin()]
        fresh = np.delete(judged_by[winner], seen)
        deviation = fresh.std(ddof=1)
        if np.isfinite(fresh).all() and deviation > 0:
            excess.append((fresh.mean() - judged_by[winner, seen].mean()) / deviation)
    return float(np.mean(excess))


def luck(settings):
    """Return the expected maximum of independent standard normal numbers.

    It is the flattery of a search with one seed among settings that are equally good.
    """
    return quad(lambda x: x * settings * norm.pdf(x) * norm.cdf(x) ** (settings - 1), -9, 9)[0]


def regret(values, settings, seeds, random, confirm=0, more=3):
    """Return how much worse the winner of a search is than the best of all settings, on average.

    With ``confirm``, so many of the best run with ``more`` further seeds, and the mean over all
    their seeds decides. Searches whose winner breaks down on fresh seeds are left out.
    """
    found = []
    everything = np.arange(values.shape[0])
    for tried, seen, scores in searches(values, settings, seeds + more * (confirm > 0), random):
        first = seen[:seeds]
        scores = values[tried][:, first].mean(axis=1)
        if confirm:
            best = scores.argsort(kind="stable")[:confirm]
            scores = np.where(np.isin(np.arange(settings), best), 0.0, np.inf)
            scores[best] = values[tried[best]][:, seen].mean(axis=1)
        true = worth(values, everything, seen)
        found.append(true[tried[scores.argmin()]] - true.min())
    return float(np.mean([one for one in found if np.isfinite(one)]))


def near_best(values, settings, random, share=0.1):
    """Return the share of searches with one seed whose winner is within 10 % of the best loss."""
    everything, hits = np.arange(values.shape[0]), 0
    for tried, seen, scores in searches(values, settings, 1, random):
        true = worth(values, everything, seen)
        hits += true[tried[scores.argmin()]] <= (1 + share) * true.min()
    return hits / SEARCHES


def permutation_p(one, other):
    """Return the p-value of the exact permutation test of two samples' means, both sides."""
    pool = np.concatenate([one, other])
    total, size = pool.sum(), len(one)
    sums = np.array([pool[list(part)].sum() for part in combinations(range(len(pool)), size)])
    center = total * size / len(pool)
    observed = abs(pool[:size].sum() - center)
    return float(np.mean(np.abs(sums - center) >= observed * (1 - 1e-12)))


def copies(values, other, trials, random, count=400):
    """Return how often two contenders are declared different at 5 %, by two tests.

    By fresh seeds: each contender is tuned once, and its winner's runs on ten fresh seeds are
    compared (Mann-Whitney). By studies: each is tuned five times with a fifth of the trials, each
    winner runs on two fresh seeds of its own, and the five means are compared (permutations).
    ``other`` may be ``values``: two copies of one optimizer, whose settings are different draws.
    """
    by_seeds = by_studies = 0
    for _ in range(count):
        seeds = random.permutation(values.shape[1])
        order = random.permutation(values.shape[0])
        half = len(order) // 2
        sides = ((values, order[:half]), (other, order[half:]))
        ends, means = [], []
        for runs_of, pool in sides:
            tried = pool[:trials]
            ends.append(runs_of[tried[runs_of[tried, seeds[0]].argmin()], seeds[5:15]])
            means.append(np.empty(5))
            for study, part in enumerate(np.array_split(tried, 5)):
                winner = part[runs_of[part, seeds[study]].argmin()]
                fresh = seeds[5 + 2 * study : 7 + 2 * study]
                means[-1][study] = runs_of[winner, fresh].mean()
        finite = [np.nan_to_num(end, posinf=1e300) for end in ends]
        by_seeds += mannwhitneyu(*finite).pvalue <= 0.05
        by_studies += permutation_p(*(np.nan_to_num(mean, posinf=1e300) for mean in means)) <= 0.05
    return by_seeds / count, by_studies / count


def edge_warnings(values, u, settings, random, within=(0.0, 1.0)):
    """Return the shares of searches that warn of an edge: in the outer tenth; and with our rule.

    Our rule asks besides that no setting in the inner 80 % of that field be within two deviations
    over seeds of the winner. ``within`` cuts the space of the first field, in u.
    """
    low, high = within
    inside = np.flatnonzero((u[:, 0] >= low) & (u[:, 0] <= high))
    plain = ours = count = 0
    for tried, _, scores in searches(values[inside], min(settings, len(inside)), 1, random):
        winner = tried[scores.argmin()]
        deviation = values[inside[winner]].std(ddof=1)
        places = u[inside[tried]].copy()
        places[:, 0] = (places[:, 0] - low) / (high - low)
        at = places[scores.argmin()]
        outer = np.abs(at - 0.5) > 0.4
        good = scores <= scores.min() + 2 * deviation
        alone = [
            out and not (good & (np.abs(places[:, field] - 0.5) <= 0.4)).any()
            for field, out in enumerate(outer)
        ]
        count += 1
        plain += outer.any()
        ours += any(alone)
    return plain / count, ours / count


def valley(values, trials, random):
    """Return the median, over searches, of log10 of what the winner ends with on fresh starts.

    It is 300 where the winner of half of the searches breaks down on half of the starts.
    """
    ends = []
    for tried, seen, scores in searches(values, trials, 1, random):
        fresh = np.delete(values[tried[scores.argmin()]], seen)
        ends.append(np.median(np.log10(np.maximum(np.nan_to_num(fresh, posinf=1e300), 1e-300))))
    return float(np.median(ends))


def span(numbers):
    """Write the range of numbers: one number if both ends read the same."""
    low, high = f"{min(numbers):.2g}", f"{max(numbers):.2g}"
    return low if low == high else f"{low}–{high}"


def row(*cells):
    """Return a row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*names):
    """Return the head of a table."""
    return [row(*names), row(*("---" for _ in names))]


def report(found, random):
    """Return the page's tables, from what `runs` found by (problem, contender)."""
    networks = {key: one for key, one in found.items() if key[0] in NETWORKS}
    lines = ["### Judged on the runs that chose", ""]
    counts = (9, 20, 50, SETTINGS)
    lines += head("too good by, in deviations over seeds", *(f"{n} settings" for n in counts))
    kinds = (
        ("loss, 1 seed", "loss", "loss", 1),
        ("validation error, 1 seed", "validation_accuracy", "validation_accuracy", 1),
        ("validation error, 3 seeds", "validation_accuracy", "validation_accuracy", 3),
        ("test error of the runs that validation chose", "validation_accuracy", "test_accuracy", 1),
    )
    for name, chosen, judged, seeds in kinds:
        cells = [
            span([flattery(v[chosen], v[judged], n, seeds, random) for _, v in networks.values()])
            for n in counts
        ]
        lines.append(row(name, *cells))
    lines.append(row("limit, all settings equal, 1 seed", *(f"{luck(n):.1f}" for n in counts)))
    lines += ["", "### Seeds or settings, with 60 runs", ""]
    splits = ((60, 1), (30, 2), (20, 3), (12, 5))
    names = [f"{n} × {k}" for n, k in splits]
    lines += head("loss above the best setting's", *names, "48 × 1, then the best 4 × 3 more")
    for (problem, label), (_, values) in networks.items():
        losses = values["loss"]
        cells = [regret(losses, n, k, random) for n, k in splits]
        cells.append(regret(losses, 48, 1, random, confirm=4))
        lines.append(row(f"{label} on {problem}", *(f"{cell:.3g}" for cell in cells)))
    lines += ["", "### Searches that come within 10 % of the best loss", ""]
    tries = (10, 20, 60, SETTINGS)
    lines += head("one seed", *(f"{n} settings" for n in tries))
    for (problem, label), (_, values) in networks.items():
        cells = [near_best(values["loss"], n, random) for n in tries]
        lines.append(row(f"{label} on {problem}", *(f"{cell:.2f}" for cell in cells)))
    lines += ["", "### Declared different at 5 %", ""]
    lines += head("", "trials", "one study, ten fresh seeds", "five studies, two fresh seeds each")
    for problem in NETWORKS:
        pairs = (("adam", "adam"), ("adam, 4 fields", "adam, 4 fields"), ("sgd", "adam"))
        for one, other in pairs:
            name = f"{one} and itself" if one == other else f"{one} and {other}"
            for trials in (10, 20, 50):
                two = (networks[problem, label][1]["loss"] for label in (one, other))
                shares = copies(*two, trials, random)
                cells = (f"{share:.2f}" for share in shares)
                lines.append(row(f"{name} on {problem}", trials, *cells))
    lines += ["", "### Warnings of an edge, 20 settings", ""]
    lines += head(
        "", "outer tenth", "and nothing as good inside", "our rule, space cut at the best"
    )
    for (problem, label), (u, values) in networks.items():
        losses = values["loss"]
        best = u[losses.mean(axis=1).argmin(), 0]
        within = (0.0, best - 0.1) if best > 0.5 else (best + 0.1, 1.0)
        plain, ours = edge_warnings(losses, u, 20, random)
        _, cut = edge_warnings(losses, u, 20, random, within)
        cells = (f"{share:.2f}" for share in (plain, ours, cut))
        lines.append(row(f"{label} on {problem}", *cells))
    lines += ["", "### More trials, worse winners", ""]
    tries = (8, 20, 50, 100)
    lines += head("log₁₀ of the loss on fresh starts", *(f"{n} trials" for n in tries))
    label = "momentum 0.9"
    ends = [valley(found[VALLEY, label][1]["loss"], n, random) for n in tries]
    cells = ("diverges" if end >= 300 else f"{end:.1f}" for end in ends)
    lines.append(row(f"{label} on {VALLEY}", *cells))
    return "\n".join(lines)


def main():
    """Run what is missing, and write the tables between the page's marks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the runs are kept")
    folder = parser.parse_args().folder
    pairs = [(problem, label) for problem in NETWORKS for label in CONTENDERS]
    found = {pair: runs(*pair, folder) for pair in [*pairs, (VALLEY, "momentum 0.9")]}
    text = report(found, np.random.default_rng(0))
    begin, end = MARKS
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    PAGE.write_text(f"{before}{begin}\n{text}\n\n{end}{after}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
