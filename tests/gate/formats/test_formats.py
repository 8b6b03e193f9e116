"""Each format says the same, in what can be parsed back."""

import json
import re
from xml.etree import ElementTree

import pytest

from optframe.gate import FORMATS, Comparison, Difference, Row, Subject, Verdict, render
from optframe.gate.formats.github import append_summary
from optframe.gate.formats.words import number, told

ADAM = Subject("a", "adam:lr=0.3", "rosenbrock")
ODD = Subject("b", 'od|d<&>"*_', "p%1,\r\n::error::x", "shuffled:batch_size=[1,2]", 3, "t\x00e")
GONE = Subject("c", "sgd", "booth")
TOLD = Subject("d", "lbfgs", "wood")
NEWER = Subject("e", "lion", "booth")


@pytest.fixture
def comparison():
    rows = [
        Row(ADAM, "status", Verdict.PASS, "converged", "converged"),
        Row(ADAM, "steps", Verdict.PASS, 400, 400, "0"),
        Row(ADAM, "seconds", Verdict.INFORMATIVE, 0.1, 0.2, "any"),
        Row(ODD, "status", Verdict.PASS, "finished", "finished"),
        Row(ODD, "gradients", Verdict.REGRESSION, 100, 110, "5%", "50 % more\nthan", ("numpy",)),
        Row(ODD, "loss", Verdict.IMPROVEMENT, 0.5, 0.25, "1%", "", ("numpy",)),
        Row(GONE, "status", Verdict.MISSING, "converged", None, reason="the head has no such"),
        Row(TOLD, "steps", Verdict.INCONCLUSIVE, 0, 40, "0", "nobody", ("blas kernel", "numpy")),
        Row(NEWER, "status", Verdict.NEW, None, "converged"),
    ]
    differences = (Difference("numpy", "2.3", "2.4", True), Difference("machine", "a", "b", False))
    return Comparison("counts", "old.json", "new", rows, differences, ["a note"])


def test_json_holds_every_row(comparison):
    given = json.loads(render(comparison, "json"))
    assert given["format"] == "optframe-comparison/1"
    assert (given["verdict"], given["exit_code"]) == ("regression", 1)
    assert (given["base"], given["head"], given["notes"]) == ("old.json", "new", ["a note"])
    once = ("regression", "missing", "inconclusive", "new", "pass")
    assert given["summary"] == dict.fromkeys(once, 1)
    numpy = {"name": "numpy", "base": "2.3", "head": "2.4", "decides": True}
    assert given["differences"][0] == numpy
    again = [
        Row(
            Subject(**{name: row.pop(name) for name in Subject.__dataclass_fields__}),
            elsewhere=tuple(row.pop("elsewhere")),
            verdict=Verdict(row.pop("verdict")),
            **{name: value for name, value in row.items() if name != "change"},
        )
        for row in json.loads(render(comparison, "json"))["rows"]
    ]
    assert again == list(comparison.rows)
    assert given["rows"][4]["change"] == pytest.approx(0.1)


def test_junit_is_a_suite_with_a_test_for_each_trial(comparison):
    root = ElementTree.fromstring(render(comparison, "junit"))
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "2", "errors": "0", "skipped": "1"}
    cases = suite.findall("testcase")
    names = [case.get("name") for case in cases]
    assert names[0] == "adam:lr=0.3 on rosenbrock"
    assert names[1].startswith('od|d<&>"*_ on p%1,')
    failed = [case for case in cases if case.find("failure") is not None]
    assert [case.find("failure").get("type") for case in failed] == ["regression", "missing"]
    assert "gradients 100 → 110 (+10 %, limit 5%)" in failed[0].find("failure").get("message")
    assert failed[0].find("failure").text == "environment: numpy"
    (skipped,) = [case for case in cases if case.find("skipped") is not None]
    assert skipped.get("name") == "lbfgs on wood"
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert (properties["base"], properties["head"]) == ("old.json", "new")
    assert "steps: 400 → 400, pass" in cases[0].find("system-out").text


def test_github_s_annotations_cannot_be_broken_out_of(comparison):
    lines = render(comparison, "github").splitlines()
    commands = [line for line in lines if line.startswith("::")]
    found = [re.fullmatch(r"::(\w+) title=([^:,]*)::(.*)", line).groups() for line in commands]
    assert [level for level, _, _ in found] == ["error", "error", "warning", "notice"]
    unescaped = found[0][1].replace("%3A", ":").replace("%2C", ",")
    unescaped = unescaped.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert unescaped == f"regression: {ODD}"
    assert "(+10 %25, limit 5%25): 50 %25 more%0Athan" in found[0][2]
    assert found[2][2].endswith("(environment: blas kernel, numpy)")
    assert lines[-1] == "regression: 1 regression, 1 missing, 1 inconclusive, 1 new, 1 pass"
    assert not any("::" in line for line in lines if line not in commands)


def test_the_job_s_summary_is_added_to(comparison, tmp_path, monkeypatch):
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    append_summary(comparison)
    assert path.read_text(encoding="utf-8") == f"before\n{render(comparison, 'md')}\n"
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    append_summary(comparison)
    assert path.read_text(encoding="utf-8").count("###") == 1


def test_a_markdown_row_has_four_cells_whatever_is_in_them(comparison):
    written = render(comparison, "md")
    rows = [line for line in written.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 5
    for row in rows:
        assert len(re.split(r"(?<!\\)\|", row.strip("|"))) == 4, row
    assert "<&>" not in written
    assert "<details><summary>1 pass</summary>" in written
    assert r"od\|d&lt;&amp;>" in written
    assert written.startswith("### 🔴 optframe, counts: regression: 1 regression, 1 missing")


def test_text_names_every_trial_and_what_differs(comparison):
    written = render(comparison, "text")
    assert "counts: old.json → new" in written
    assert "environment: numpy 2.3 → 2.4" in written
    assert "also different: machine a → b" in written
    assert "a note" in written
    line = next(line for line in written.splitlines() if "lbfgs on wood" in line)
    assert "inconclusive" in line
    assert "steps 0 → 40 (limit 0): nobody" in line
    assert "blas kernel, numpy" in line
    assert written.splitlines()[-1].startswith("regression: 1 regression")


def test_of_many_trials_those_that_pass_are_only_counted():
    subjects = [Subject(str(i), "adam", "p", seed=i) for i in range(99)]
    rows = [Row(subject, "steps", Verdict.PASS, 1, 1) for subject in subjects]
    rows.append(Row(GONE, "status", Verdict.MISSING, "converged"))
    written = render(Comparison("counts", "a", "b", rows), "text")
    assert "seed 3" not in written
    assert "sgd on booth" in written
    assert "regression: 1 missing, 99 pass" in written


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_can_be_told_as_well(format):
    assert render(Comparison("counts", "a", "b", []), format)


@pytest.mark.parametrize(
    ("base", "head", "said"),
    [
        (400, 440, "steps 400 → 440 (+10 %)"),
        (400, 400, "steps 400"),
        (0, 3, "steps 0 → 3"),
        (None, 3, "steps – → 3"),
        ("converged", "diverged", "steps converged → diverged"),
        (-1.0, -0.5, "steps -1 → -0.5 (+50 %)"),
    ],
)
def test_a_change_is_told(base, head, said):
    assert told(Row(ADAM, "steps", Verdict.REGRESSION, base, head)) == said


def test_counts_are_told_in_full():
    assert number(1234567.0) == "1234567"
    assert number(0.123456789) == "0.123457"
    assert number(1e300) == "1e+300"
