"""Every format of a report has the table of pairs; the page draws the figure advantage."""

import re

import pytest

import optframe
from optframe_reports.tables.pairwise import pairwise_table

ONE = ["quadratic:size=3"]
TWO = [*ONE, "rosenbrock"]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The page, Markdown and LaTeX of a study of three optimizers on these problems."""
    made = {}

    def written(problems):
        if len(problems) not in made:
            optimizers = ["sgd:lr=1e-3", "adam", "bfgs"]
            study = optframe.Study(
                "x", {"steps": 20}, optimizers, problems, seeds=6, start="random"
            )
            folder = tmp_path_factory.mktemp("study")
            results = optframe.run(study, folder)
            report = folder / "report"
            for name in ("html", "md", "latex"):
                optframe.report(results, report, format=name)
            files = ("index.html", "report.md", "tables.tex")
            texts = [(report / file).read_text(encoding="utf-8") for file in files]
            made[len(problems)] = (pairwise_table(results.standings()), *texts)
        return made[len(problems)]

    return written


def test_all_formats_have_the_pairs_behind_the_answer(reports):
    table, page, markdown, latex = reports(TWO)
    assert len(table.rows) == 3
    assert page.index('class="answer"') < page.index("Each pair (3)") < page.index("<main>")
    assert "\n## Pairs\n" in markdown
    assert r"\label{tab:pairs}" in latex
    for row in table.rows:
        for text in (page, markdown, latex):
            assert row["p, corrected"].removeprefix("< ") in text
        names = f"| {row['optimizer']} | {row['against']} |"
        assert names in markdown.replace("\\", "")


def test_the_page_draws_the_advantage_of_one_problem_and_of_several(reports):
    for problems in (ONE, TWO):
        page = reports(problems)[1]
        drawn = re.findall(r'<figure aria-label="How far behind the leader"', page)
        assert len(drawn) == 1
