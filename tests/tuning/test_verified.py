"""The runs of both stages are repeated to the bit from the store alone."""

from optframe.gate.verification import Agreement, drawn, verify


def test_all_trials_of_both_stages_are_repeated_to_the_bit(run, registry):
    tune = {"protocol": "halves", "trials": 3, "seeds": 2, "confirm": 1, "studies": 2}
    given = {"problems": ["rosenbrock", "quadratic+rotate", "softmax:data=iris"]}
    path = run(tune, optimizers=["sgd:lr=1e-4..1e-2+clip-norm:max=0.1..1"], **given).path
    trials, count = drawn(path, None)
    assert {trial.stage for trial in trials} == {"tune", "final"}
    verified = [*verify(path, trials, registry)]
    assert len(verified) == count
    assert {one.agreement for one in verified} == {Agreement.BIT}
