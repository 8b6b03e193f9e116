"""`optframe compare`, as it is typed."""

import json
import re
from xml.etree import ElementTree

import pytest

WORDS = ["-p", "booth", "--steps", "500", "--target", "1e-6", "--no-report"]

STUDY = """
study = { name = "study", budget = { steps = 500, target = 1e-6 } }
run = { backend = "numpy" }
optimizer = [{ name = "sgd", lr = 0.05 }]
problem = [{ name = "booth" }]
"""


@pytest.fixture
def stores(optframe):
    """Two stores: the head has another optimizer beside, and is the same otherwise."""
    assert optframe("run", "-o", "newton", *WORDS, "--out", "base").code == 0
    assert optframe("run", "-o", "newton", "-o", "lbfgs", *WORDS, "--out", "head").code == 0


def test_a_new_trial_is_listed_and_passes(optframe, stores):
    finished = optframe("compare", "base", "head")
    assert (finished.code, finished.err) == (0, "")
    assert re.search(r"│ pass +│ newton on booth +│ steps 1 +│ same", finished.out)
    assert re.search(r"│ new +│ lbfgs on booth", finished.out)
    assert finished.out.splitlines()[-1] == "pass: 1 new, 1 pass"


def test_a_missing_trial_is_red(optframe, stores):
    finished = optframe("compare", "head", "base/store.sqlite")
    assert finished.code == 1
    assert "regression: 1 missing, 1 pass" in finished.out


def test_every_format_goes_to_a_file(optframe, stores, tmp_path):
    for format in ("text", "md", "json", "junit", "github"):
        path = tmp_path / f"told.{format}"
        finished = optframe("compare", "head", "base", "--format", format, "--out", path)
        assert finished.code == 1
        assert finished.out == f"regression: 1 missing, 1 pass\nwritten: {path}\n"
        assert "lbfgs" in path.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))["exit_code"] == 1
    root = ElementTree.parse(tmp_path / "told.junit").getroot()
    assert root.find("testsuite").get("failures") == "1"


def test_the_job_s_summary_is_written_beside_annotations(optframe, stores, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    finished = optframe("compare", "head", "base", "--format", "github")
    assert finished.out.startswith("::error title=missing%3A lbfgs on booth::")
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("### 🔴 optframe, counts")


def test_limits_come_from_the_command_line_over_the_project_s(optframe, stores, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    optframe("baseline", "update", "study.toml", "--results", "kept")
    place = tmp_path / "study.baseline.json"
    told = json.loads(place.read_text(encoding="utf-8"))
    (cell,) = told["cells"]
    assert cell["counts"]["steps"] > 20
    cell["counts"]["steps"] -= 1
    cell["counts"]["gradients"] -= 1
    place.write_text(json.dumps(told), encoding="utf-8")
    assert optframe("compare", place, "kept").code == 1
    assert optframe("compare", place, "kept", "--max-regression", "steps=1,gradients=1").code == 0
    twice = ["--max-regression", "steps=10%", "--max-regression", "gradients=any"]
    assert optframe("compare", place, "kept", *twice).code == 0
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.optframe.compare]\nmax_regression = 'steps=1,gradients=1'\n")
    assert optframe("compare", place, "kept").code == 0
    assert optframe("compare", place, "kept", "--max-regression", "steps=0").code == 1
    with project.open("a") as file:
        file.write("[[tool.optframe.compare.overrides]]\nproblem = 'booth'\n")
        file.write("max_regression = {steps = 1}\n")
    assert optframe("compare", place, "kept", "--max-regression", "steps=0").code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["base"], 2, "Missing argument 'HEAD'"),
        (["base", "head", "--max-regression", "step=0"], 2, "unknown 'step'; did you mean"),
        (["base", "head", "--format", "pdf"], 2, "Invalid value for '--format'"),
        (["base", "nowhere"], 4, "nowhere: no such file; expected a store"),
        (["base", "empty"], 4, "empty: expected a store"),
        (["base", "head", "--out", "no/such/folder"], 4, "No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(optframe, stores, tmp_path, words, code, said):
    (tmp_path / "empty").mkdir()
    finished = optframe("compare", *words)
    assert finished.code == code
    (line,) = finished.err.splitlines()
    assert said in line
