"""The published study of samplers asks what its comments say."""

from pathlib import Path

from optframe import Study, load_plugins

PATH = Path(__file__).parent.parent.parent.parent / "reports" / "studies" / "sampling.toml"


def test_each_question_has_its_trials():
    trials = Study.from_file(PATH).trials(load_plugins())
    assert all(trial.skip is None for trial in trials)
    asked = {(trial.problem.label, trial.sampler.label) for trial in trials}
    orders = ("sequential", "grouped", "shuffle-once", "shuffled", "with-replacement")
    sizes = (1, 4, 16, 64, 256)
    assert asked == {
        *(("blood samples", f"{order}:batch_size=5") for order in orders),
        ("stream", "stream:batch_size=10"),
        *((f"first records: {n}", "shuffled:batch_size=10") for n in (50, 200, 1000)),
        *(("independent records", f"shuffled:batch_size={size}") for size in sizes),
    }
    assert len(trials) == 6 * (3 * 5 + 1 + 3 + 2 * 5)
