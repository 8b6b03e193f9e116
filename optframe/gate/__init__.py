"""The gate: compares the numbers of a base and a head, and gives a verdict for CI.

::

    from optframe.gate import compare, open_source

    comparison = compare(open_source("base/"), open_source("head/"))
    comparison.exit_code, comparison.verdict, comparison.rows

Tier 1, `optframe.gate.counts`, judges counts, which have no noise. Tiers 2 and 3, in
`optframe.gate.racing`, judge instructions and time. The result of each tier is a `Comparison`,
which `render` writes as text, Markdown, JSON, JUnit or GitHub's annotations.
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
