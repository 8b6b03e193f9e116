"""The gate: a base and a head, compared number by number, with a verdict that can be trusted.

::

    from optframe.gate import compare, open_source

    comparison = compare(open_source("base/"), open_source("head/"))
    comparison.exit_code, comparison.verdict, comparison.rows

Tier 1, `optframe.gate.counts`, judges counts, which have no noise. Every tier ends in a
`Comparison`, which `render` prints as text, Markdown, JSON, JUnit or GitHub's annotations.
"""

from optframe.gate.counts import compare
from optframe.gate.formats import FORMATS, render
from optframe.gate.limits import Limit, Limits
from optframe.gate.measured import Measured
from optframe.gate.sources import Source, of_results, open_source
from optframe.gate.verdicts import Comparison, Difference, Row, Subject, Verdict

__all__ = [
    "FORMATS",
    "Comparison",
    "Difference",
    "Limit",
    "Limits",
    "Measured",
    "Row",
    "Source",
    "Subject",
    "Verdict",
    "compare",
    "of_results",
    "open_source",
    "render",
]
