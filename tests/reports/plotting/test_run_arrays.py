"""That runs are cut out of the curves whole and in order, however the rows lie."""

import numpy as np

from optframe import Frames
from optframe_reports.plotting.run_arrays import runs_of


def test_every_trial_has_its_rows_in_ascending_order(study, random):
    for length in (4, 0, 1, 7):
        study.add(random.random(length), x=3 * np.arange(length))
    frames = study.frames()
    shuffled = frames.curves.sample(frac=1.0, random_state=int(random.integers(1000)))
    wanted = frames.trials.iloc[[3, 1, 0]]
    for curves in (frames.curves, shuffled):
        runs = runs_of(Frames(frames.trials, curves, {}), wanted, ("step", "loss"))
        assert [run.shape for run in runs] == [(2, 7), (2, 0), (2, 4)]
        for run, key in zip(runs, wanted["key"], strict=True):
            own = frames.curves[frames.curves["key"] == key]
            np.testing.assert_array_equal(run, own[["step", "loss"]].to_numpy().T)


def test_rows_of_one_place_keep_their_order(study):
    study.add([3.0, 1.0, 2.0], x=[0, 5, 5])
    frames = study.frames()
    (run,) = runs_of(frames, frames.trials, ("step", "loss"))
    assert run[1].tolist() == [3.0, 1.0, 2.0]
