"""Optimizers of PyTorch in whole runs: resumed, with targets, in other processes, on threads."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import optframe
from optframe import Study, load_plugins
from optframe.components.binder import Binder
from optframe.execution.trial_runner import TrialRunner
from optframe.study.settings import RunSettings
from optframe.testing import check_optimizer
from optframe.trial.resume import Saved
from optframe.trial.run import Run

torch = pytest.importorskip("torch", reason="torch is not installed: pip install torch")

REGISTRY = load_plugins()


class Killed(BaseException):
    pass


class Killing(Saved):
    """Saves at every look, and ends the process at the third."""

    def __init__(self, path):
        super().__init__(path, "0123456789abcdef", 0.0)
        self.looks = 0

    def piece(self, run):
        return 1 + run.k % 3

    def keep(self, run):
        super().keep(run)
        self.looks += 1
        if self.looks == 3:
            raise Killed


def setup_of(optimizer, **given):
    study = Study(
        "one",
        optimizers=[optimizer],
        problems=["mlp:data=digits,hidden=[4]"],
        samplers=["shuffled:batch_size=256"],
        budget={"steps": 12},
        run=RunSettings(checkpoints=5),
        **given,
    )
    (trial,) = study.trials(REGISTRY)
    assert trial.skip is None
    return TrialRunner(REGISTRY, Binder(REGISTRY)).setup(trial)


@pytest.mark.parametrize(
    "optimizer",
    [
        "torch.optim.AdamW",
        "torch.optim.LBFGS:max_iter=2",
        {
            "name": "torch.optim.SGD",
            "momentum": 0.9,
            "lr": {"schedule": "cosine", "start": 0.1, "steps": 12},
            "groups": [{"kind": "bias", "lr": 0.05}],
            "wrap": [{"name": "clip-norm", "max": 1.0}],
        },
    ],
)
def test_a_killed_run_goes_on_to_the_bit(optimizer, tmp_path):
    setup = setup_of(optimizer)
    whole = Run(setup)
    whole.execute()
    assert whole.status == "finished", whole.reason
    kills = 0
    while True:
        resumed = Run(dataclasses.replace(setup, saved=Killing(tmp_path / "run.npz")))
        try:
            resumed.execute()
            break
        except Killed:
            kills += 1
    assert kills >= 1
    assert resumed.status == "finished", resumed.reason
    assert_array_equal(resumed.theta, whole.theta)
    loss = resumed.columns.index("loss")
    assert_array_equal(resumed.curve[:, loss], whole.curve[:, loss])
    assert resumed.counts == whole.counts


def test_a_target_is_found_at_its_step_whatever_the_checkpoints():
    ends = set()
    for checkpoints in (3, 9):
        result = optframe.minimize(
            "mlp:data=digits,hidden=[4]",
            optframe.make("torch.optim.AdamW", lr=0.1),
            steps=60,
            target={"loss": 1.5},
            checkpoints=checkpoints,
        )
        assert result.status == "converged"
        ends.add(result.curve["step"].iloc[-1])
    assert len(ends) == 1


def test_results_of_two_processes_are_those_of_one(tmp_path):
    ends = []
    for jobs in (1, 2):
        study = Study(
            "two",
            optimizers=["torch.optim.AdamW", "torch.optim.SGD:lr=1e-4,momentum=0.9"],
            problems=["rosenbrock"],
            budget={"steps": 20},
            run=RunSettings(jobs=jobs),
        )
        trials = optframe.run(study, tmp_path / str(jobs)).trials
        ends.append(trials.sort_values("optimizer"))
    for trials in ends:
        assert set(trials["status"]) == {"finished"}
    assert_array_equal(ends[0]["loss"], ends[1]["loss"])


def test_torchs_threads_are_those_of_the_trial():
    before = torch.get_num_threads()
    runner = TrialRunner(REGISTRY, Binder(REGISTRY), threads=1)
    torch.set_num_threads(2)
    try:
        with runner.limited():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_schedule_free_methods_pass_the_kit(adapted):
    schedulefree = pytest.importorskip("schedulefree", reason="schedulefree is not installed")
    checks = check_optimizer(adapted(schedulefree.AdamWScheduleFree))
    assert [one for one in checks.run() if one.status == "failed"] == []


def test_an_optimizer_goes_around_another_one(adapted):
    packages = pytest.importorskip(
        "pytorch_optimizer", reason="pytorch_optimizer is not installed: pip install it"
    )
    inner = adapted(torch.optim.SGD, lr=0.05, momentum=0.9)
    sharp = adapted(packages.SAM, base_optimizer=inner, rho=0.1)
    around = adapted(packages.Lookahead, optimizer=inner, k=2)
    assert sharp.requires() == {"gradient", "loss"}
    for component in (sharp, around):
        result = optframe.minimize("booth", component, steps=200)
        assert result.loss < 0.1
        assert component.resumable
    with pytest.raises(ValueError, match="base_optimizer: expected an optimizer of PyTorch"):
        adapted(packages.SAM, base_optimizer=optframe.make("sgd"))
    assert np.isfinite(result.loss)
