"""Published studies have the seeds that their comparisons need."""

from pathlib import Path

import pytest

import optframe
from optframe.study.grids import Choices
from optframe.study.tunable import Tunables

FOLDER = Path(__file__).parent.parent.parent.parent / "reports" / "studies"
ENOUGH = 6
"""Five pairs of runs cannot reach p = 0.05: 2/2⁵ = 0.06."""


def compared(study):
    """Return how many settings a study compares, without loading its data."""
    registry = optframe.load_plugins()
    choices = Choices(registry, "", Tunables(registry, study.tuning, ""))
    counts = [len(choices.of(kind, getattr(study, kind))) for kind in ("optimizers", "samplers")]
    assert choices.mistakes == []
    return max(counts)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_a_study_that_compares_has_six_seeds_or_more(path):
    study = optframe.Study.from_file(path)
    assert study.seeds >= ENOUGH or compared(study) == 1


def test_most_published_studies_compare():
    paths = [path for path in FOLDER.glob("*.toml") if not path.stem.startswith("watch-")]
    studies = [optframe.Study.from_file(path) for path in paths]
    assert sum(compared(study) > 1 for study in studies) >= 6
