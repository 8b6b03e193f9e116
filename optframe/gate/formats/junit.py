"""JUnit's XML, which CI services show as tests: one test per trial."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from optframe.gate.formats.words import environment, line_of, number, place, summary
from optframe.gate.verdicts import Comparison, Subject, Verdict

__all__ = ["junit"]


def junit(comparison: Comparison) -> str:
    """Return a test suite: a regression is a failure, an inconclusive trial is skipped."""
    verdicts = [comparison.verdict_of(subject) for subject in comparison.subjects]
    suite = ElementTree.Element(
        "testsuite",
        name=f"optframe {comparison.title}",
        tests=str(len(verdicts)),
        failures=str(sum(verdict.fails for verdict in verdicts)),
        errors="0",
        skipped=str(verdicts.count(Verdict.INCONCLUSIVE)),
    )
    properties = ElementTree.SubElement(suite, "properties")
    values = [("base", comparison.base), ("head", comparison.head)]
    values += [("verdict", summary(comparison))]
    values += [("environment", line) for line in environment(comparison.differences)]
    for name, value in values:
        ElementTree.SubElement(properties, "property", name=name, value=_legal(value))
    for subject in comparison.subjects:
        _case(suite, comparison, subject)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, comparison: Comparison, subject: Subject) -> None:
    verdict = comparison.verdict_of(subject)
    name = _legal(str(subject))
    case = ElementTree.SubElement(suite, "testcase", classname=f"optframe.{comparison.title}")
    case.set("name", name)
    case.set("time", "0")
    message = _legal(f"{verdict}: {line_of(comparison, subject)}")
    if verdict.fails:
        failure = ElementTree.SubElement(case, "failure", type=verdict, message=message)
        failure.text = _legal(f"environment: {place(comparison, subject)}")
    elif verdict is Verdict.INCONCLUSIVE:
        ElementTree.SubElement(case, "skipped", message=message)
    lines = [
        f"{row.name}: {number(row.base)} → {number(row.head)}, {row.verdict}"
        for row in comparison.subjects[subject]
    ]
    output = ElementTree.SubElement(case, "system-out")
    output.text = _legal("\n".join([message, *lines]))


def _legal(text: str) -> str:
    """Replace the characters that XML 1.0 does not allow."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
