"""That the page is whole, self-contained, escaped and the same for the same store."""

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib import pyplot, rcParams

from optframe import Figure, hookimpl
from optframe_reports.page.page import Page

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Checker(HTMLParser):
    """Collects text, tags and ids, and checks that tags are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags, self.ids, self.links = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [v for name, v in attrs if name in ("href", "src", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)


def read(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    checker.words = " ".join(" ".join(checker.text).split())
    return checker


@pytest.fixture
def write(study, registry, tmp_path):
    def write(folder="report"):
        path = Page().write(study.results(tmp_path), tmp_path / folder, registry)
        return path.read_text(encoding="utf-8")

    return write


def tables(html):
    """Return each table as rows of the cells' text."""
    return [
        [
            [read(cell).words for cell in re.findall(r"<t[dh][ >].*?</t[dh]>", row, re.S)]
            for row in re.findall(r"<tr[ >].*?</tr>", table, re.S)
        ]
        for table in re.findall(r"<table[ >].*?</table>", html, re.S)
    ]


def rows(html):
    """Return the rows of the first problem's table."""
    return tables(html[html.index('id="problem-1"') :])[0]


def figures(html):
    return re.findall(r"<figcaption>(.*?)</figcaption>", html)


def test_the_page_has_what_was_run_the_table_and_the_figures(study, write):
    for seed in range(5):
        study.add([8.0, 4.0, 1.0 + seed], optimizer="adam")
        study.add([8.0, 5.0, 3.0 + seed], optimizer="sgd")
    html = write()
    page = read(html)
    assert "demo 2 optimizers × 1 problem × 5 seeds: 10 trials" in page.words
    assert "10 finished" in page.words
    assert "steps 100" in page.words
    assert "2026-01-02 03:00 UTC to 2026-01-02 03:04 UTC" in page.words
    assert "numpy 2.4" in page.words
    assert "cupy" not in page.words
    assert rows(html) == [
        ["optimizer", "runs", "mean loss", "to the best", "time per step", "status"],
        ["adam", "5", "2.605", "1 ×", "10.0 µs", "5 finished"],  # (1 · 2 · 3 · 4 · 5)^(1/5)
        ["sgd", "5", "4.789", "1.84 ×", "10.0 µs", "5 finished"],  # (3 · 4 · 5 · 6 · 7)^(1/5)
    ]
    assert {"Convergence against the cost", "Time per step", "Final results"} <= set(figures(html))
    assert html.count("<svg ") == len(figures(html))


def test_the_answer_stands_first(study, write):
    for seed in range(5):
        study.add([8.0, 4.0, 1.0 + seed], optimizer="adam")
        study.add([8.0, 5.0, 13.0 + seed], optimizer="sgd")
    words = read(write()).words
    told = words.index("adam is better than sgd on rosenbrock.")
    assert told < words.index("By how much: sgd, the next, ends with") < words.index("budget")
    assert "(p = 0.0079)" in words  # 2/252: the runs of five seeds are exchanged


def test_over_several_problems_there_is_a_table_of_places(study, write):
    for problem in ("one", "two"):
        study.add([8.0, 2.0], optimizer="sgd", problem=problem).add([8.0, 1.0], problem=problem)
    html = write()
    assert [row[:4] for row in tables(html)[0]] == [
        ["optimizer", "place", "ratio to the best", "first on"],
        ["adam", "1", "1", "2"],
        ["sgd", "2", "2", "0"],
    ]
    assert html.index("Over all problems") < html.index('id="problem-1"')


def test_each_figure_stands_with_its_numbers_and_the_command_that_draws_it(study, write):
    study.add([8.0, 4.0], problem="a b").add([8.0, 2.0], problem="a b")
    html = write()
    told = [read(part).words for part in re.findall(r"<figure.*?</figure>", html, re.S)]
    (timing,) = [words for words in told if words.startswith("Time per step")]
    assert "optframe draw timing" in timing
    assert "-p 'a b'" in timing
    assert "name,seed,seconds adam,0,1e-05 adam,1,1e-05" in timing


def test_all_trials_are_listed_with_their_status_and_reason(study, write):
    study.add([8.0, 4.0]).add([8.0, np.nan], status="diverged", reason="at step 1")
    html = write()
    assert tables(html)[-1] == [
        ["problem", "optimizer", "seed", "status", "loss", "steps", "time", "reason"],
        ["rosenbrock", "adam", "0", "finished", "4", "1", "10.0 µs", "–"],
        ["rosenbrock", "adam", "1", "diverged", "–", "1", "10.0 µs", "at step 1"],
    ]


def test_settings_stand_below_the_name(study, write):
    study.add([8.0, 1.0], trial={"hyperparameters": '{"beta1":0.9,"lr":0.05}'})
    assert ">adam<small>lr=0.05, beta1=0.9</small>" in write()


def test_inner_components_stand_below_the_name_in_the_short_notation(study, write):
    inner = {"name": "sgd", "lr": 0.1, "wrap": [{"name": "clip-norm", "max": 1.0}]}
    given = {"hidden": inner, "bias": None, "rest": {"name": "torch.optim.AdamW"}}
    study.add([8.0, 1.0], trial={"hyperparameters": json.dumps(given)})
    page = write()
    assert "<small>hidden=sgd:lr=0.1+clip-norm:max=1, rest=torch.optim.AdamW</small>" in page


def test_a_long_name_may_break_after_its_dots_and_not_within_a_number(study, write):
    study.add([8.0, 1.0], optimizer="torch.optim.<b>:lr=0.05,eps=1e-3")
    study.add([8.0, 2.0])
    page = write()
    name = "torch.<wbr>optim.&lt;b&gt;:<wbr>lr=0.05,<wbr>eps=1e-3"
    assert page.count(name) == 3  # in the table, among the pairs, and beside its box


def test_a_test_loss_has_a_column_where_there_is_no_accuracy(study, write):
    study.add([8.0, 2.0], test_loss=[9.0, 3.5])
    assert ", ".join(rows(write())[0]) == (
        "optimizer, runs, mean loss, to the best, median test loss, time per step, status"
    )


def test_the_same_store_gives_the_same_bytes(study, write):
    for name in ("adam", "sgd"):
        study.add([8.0, 4.0, 2.0], optimizer=name)
    before = dict(rcParams)
    first = write("one")
    with pyplot.rc_context({"font.size": 30, "svg.hashsalt": "other"}):  # a matplotlibrc
        assert write("two") == first
    assert dict(rcParams) == before
    assert pyplot.get_fignums() == []


def test_the_page_needs_nothing_else(study, write):
    for problem in ("one", "two"):
        study.add([8.0, 4.0, 2.0], problem=problem).add([8.0, 3.0, 1.0], problem=problem)
    html = write()
    page = read(html)
    inside = [link for link in page.links if link.startswith("#")]
    assert set(page.links) - set(inside) == {"https://github.com/leeoniya/uPlot"}  # for readers
    assert not {"link", "img", "iframe", "image"} & {tag for tag, _ in page.tags}
    assert all("src" not in attributes for tag, attributes in page.tags if tag == "script")
    assert "@import" not in html
    assert {url[0] for url in re.findall(r"url\((.)", html)} == {"#"}
    assert len(page.ids) == len(set(page.ids))  # inline drawings do not share ids
    assert {link[1:] for link in inside} <= set(page.ids)
    assert set(re.findall(r"url\(#(.*?)\)", html)) <= set(page.ids)
    assert all({"width", "height"}.isdisjoint(a) for tag, a in page.tags if tag == "svg")


def test_names_with_markup_are_escaped_everywhere(study, write):
    evil = {"optimizer": f"o{EVIL}", "problem": f"p{EVIL}", "sampler": f"s{EVIL}"}
    study.add([8.0, 4.0], **evil)
    study.add([8.0], **evil, status="failed", reason=f"ValueError: {EVIL} --> <b>")
    study.add([8.0, 4.0], **evil | {"sampler": "$\\frac$"})
    html = write()
    page = read(html)
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 3  # data, library, ours
    for kind in ("o", "p", "s"):
        assert f"{kind}{EVIL}" in page.words
    assert f"ValueError: {EVIL} --> <b>" in page.words
    assert "2 samplers" in page.words
    assert len(figures(html)) > 3


@dataclass(frozen=True)
class Fine(Figure):
    words: str = "Another plugin's"
    reason: str | None = None

    def title(self):
        return self.words

    def missing(self, frames):
        return self.reason

    def data(self, frames):
        return frames.trials

    def draw(self, axes, frames):
        assert self.reason is None
        axes.plot([0, 1])


@dataclass(frozen=True)
class Broken(Fine):
    words: str = "A <broken> figure"

    def draw(self, axes, frames):
        raise RuntimeError(f"two\nlines {EVIL}")


@dataclass(frozen=True)
class Absent(Fine):
    words: str = "Paths"
    reason: str = "only for two parameters"


class Strangers:
    optframe_api = 1

    @hookimpl
    def optframe_figures(self):
        return {"broken": Broken, "fine": Fine, "absent": Absent, "gone": "no_such_module:Gone"}


def test_a_figure_that_raises_is_named_and_the_rest_is_there(study, write, registry):
    registry.admit(Strangers(), "strangers", "tests", "0")
    study.add([8.0, 4.0])
    html = write()
    errors = [read(line).words for line in re.findall(r'<p class="error">.*?</p>', html)]
    assert errors == [
        f"A <broken> figure: figure 'broken' raised RuntimeError: two lines {EVIL}",
        errors[1],
    ]
    assert errors[1].startswith("gone: figure 'gone' raised PluginError: plugin 'strangers'")
    assert "Paths: only for two parameters." in read(html).words
    assert "Another plugin&#39;s" in figures(html)
    assert "Convergence against the cost" in figures(html)


def test_a_figure_that_is_switched_off_is_not_missed(study, registry, tmp_path):
    study.add([8.0, 4.0])
    without = type(registry).__new__(type(registry))
    without.__dict__.update(registry.__dict__)
    without.names = lambda kind: [n for n in registry.names(kind) if n != "convergence"]
    html = Page().write(study.results(tmp_path), tmp_path, without).read_text(encoding="utf-8")
    assert "Time per step" in figures(html)
    assert "Convergence against the cost" not in figures(html)
    assert 'class="error"' not in html


def test_an_empty_store_says_so(write):
    assert "No trial has run yet." in read(write()).words


def test_a_study_that_is_still_running_says_so(study, write):
    study.add([8.0, 4.0]).add([], status="planned")
    study.add([], status="planned", problem="later")
    words = read(write()).words
    assert "2 of 3 trials have not run yet" in words
    assert "No run to show." in words
    assert "Convergence against the cost: no run has a curve yet." in words


def test_one_seed_has_no_interval_and_the_page_says_so(study, write):
    study.add([8.0, 4.0])
    html = write()
    assert "One run per optimizer: there is no interval and no band." in read(html).words
    assert rows(html)[1][2] == "4"
    study.add([8.0, 3.0])
    assert "One run per optimizer" not in write()


def test_all_diverged_says_so(study, write):
    for _ in range(3):
        study.add([8.0, 9.0, np.nan], status="diverged", reason="at step 2")
    html = write()
    assert "All runs diverged." in read(html).words
    assert "Convergence against the cost" in figures(html)


def test_what_did_not_run_is_listed_once_per_reason(study, write):
    study.add([8.0, 4.0])
    for seed in range(20):
        study.add([], status="skipped", optimizer="newton", reason="needs hessian")
        study.add([8.0, 4.0], status="stopped", optimizer="lbfgs", reason=f"search {seed % 2}")
    html = write()
    lost = tables(html[html.index("What did not run to its end") :])[0]
    assert lost == [
        ["optimizer", "seeds", "status", "reason"],
        ["newton", "0–19", "skipped", "needs hessian"],
        ["lbfgs", lost[2][1], "stopped", "search 0"],
        ["lbfgs", lost[3][1], "stopped", "search 1"],
    ]
    assert lost[2][1].startswith("0, 2, 4")


def test_it_reads_in_light_and_dark_and_prints(write):
    html = write()
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media print" in html
