"""The plugins of the documentation work as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe.components import hookspecs
from optframe.study.settings import RunSettings
from optframe.testing import check_optimizer, check_problem, check_sampler, check_schedule
from optframe.testing.standard_problems import MIXED, Bowl
from optframe.testing.stepping import walk

PAGE = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
PLUGINS = [block for block in BLOCKS if "optframe_api" in block]
TESTS = [block for block in BLOCKS if "def test_" in block]


@pytest.fixture
def registry(tmp_path):
    paths = []
    for number, text in enumerate(PLUGINS):
        path = tmp_path / f"documented_plugin_{number}.py"
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    yield optframe.load_plugins(paths, strict=True)
    for path in paths:
        sys.modules.pop(Path(path).stem, None)


@pytest.fixture
def documented(registry, tmp_path):
    """Run a study of documented components."""

    def run(budget, optimizers, problems, **others):
        study = optframe.Study("documented", budget, optimizers, problems, **others)
        return optframe.run(study, tmp_path / "results", registry=registry)

    return run


def test_documented_plugins_run_together(documented, capsys):
    optimizers = ["heavy-ball:lr=0.02", "sgd:lr=0.02+lookahead"]
    results = documented({"steps": 500, "target": 1e-8}, optimizers, ["my-booth"])
    assert results.trials["status"].tolist() == ["converged", "converged"]
    assert "heavy-ball:lr=0.02 converged" in capsys.readouterr().out
    last = results.curves.groupby("optimizer").last()
    assert abs(last["theta_0"] - 1).max() < 1e-3
    assert abs(last["theta_1"] - 3).max() < 1e-3


def test_the_documented_solver_is_gradient_descent(documented):
    optimizers = ["own-loop:lr=0.02", "sgd:lr=0.02"]
    results = documented({"gradients": 30}, optimizers, ["my-booth"])
    assert results.trials["status"].tolist() == ["finished"] * 2
    assert results.trials["loss"].nunique() == 1


def test_the_documented_lars_steps_as_in_its_paper(registry):
    lars = registry.make("optimizers", "lars", {"lr": 2.0, "trust": 0.1, "decay": 0.05})
    random, size = np.random.default_rng(0), MIXED.size
    scales, center = random.uniform(0.5, 2, size), random.standard_normal(size)
    w, v = random.standard_normal(size), np.zeros(size)
    parts, end = {}, 0
    for block in MIXED:
        parts[block.name] = slice(end, end := end + block.size)
    w[parts["vector"]] = 0
    found = walk(lars, Bowl(np.diag(scales), center, blocks=MIXED), 5, w).iterates
    for theta in found[1:]:
        g = scales * (w - center)
        for name, part in parts.items():
            size_of_w, size_of_g = np.linalg.norm(w[part]), np.linalg.norm(g[part])
            rate = 0.1 * size_of_w / (size_of_g + 0.05 * size_of_w)
            if name in ("kernel bias", "kernel scale") or size_of_w == 0:
                rate = 0.1
            v[part] = 0.9 * v[part] + 2.0 * rate * (g[part] + 0.05 * w[part])
        w = w - v
        np.testing.assert_allclose(theta, w, rtol=1e-10)


def test_the_documented_lars_trains_a_network_in_a_batch_of_runs(documented):
    trials = documented(
        {"epochs": 3},
        ["lars:lr=[1,30]"],
        ["mlp:data=iris,hidden=[4]", "mlp:data=iris,hidden=[4]+rotate", "logistic"],
        samplers=["shuffled"],
        seeds=2,
        run=RunSettings(together=True),
    ).trials
    assert set(trials["status"]) == {"finished"}
    assert trials["together"].notna().any()


def test_documented_transforms_go_around_functions_and_learning_problems(documented):
    problems = ["booth+rounded:unit=0.5", "softmax+rounded:unit=0.5"]
    optimizers = ["sgd:lr=0.05", "newton"]
    trials = documented({"steps": 100}, optimizers, problems, samplers=["full"]).trials
    booth, _, softmax, _ = trials.to_dict("records")
    assert trials["status"].tolist() == ["finished", "skipped", "finished", "skipped"]
    assert "newton needs hessian, which booth+rounded does not support" in trials["reason"].tolist()
    assert 0 < booth["loss"] < 0.1  # a gradient below 0.25 is rounded to 0
    assert softmax["loss"] == pytest.approx(2.302585, abs=1e-6)


def test_documented_executors_run(documented):
    settings = RunSettings(executor="last-first")
    results = documented({"steps": 5}, ["sgd:lr=0.001", "adam"], ["rosenbrock"], run=settings)
    assert results.trials["status"].tolist() == ["finished", "finished"]
    assert results.trials["started"].is_monotonic_decreasing


def test_the_page_names_every_hook():
    for name in vars(hookspecs):
        if name.startswith("optframe_"):
            assert f"`{name}`" in PAGE, name


def test_documented_samplers_and_schedules_run(documented):
    optimizers = ["sgd:lr={schedule=sawtooth,value=0.5,steps=10}"]
    samplers = ["blocks:batch_size=200"]
    results = documented({"epochs": 2}, optimizers, ["softmax"], samplers=samplers)
    (trial,) = results.trials.to_dict("records")
    assert (trial["status"], trial["steps"], trial["samples"]) == ("finished", 14, 2 * 1258)
    assert trial["loss"] < 2.0


def test_the_documented_adapter_makes_optimizers_of_its_library(adapted, documented):
    optimizers = ["stepwise.optim.Descent:lr=[0.01,0.02],momentum=0.9", "momentum:lr=0.01"]
    results = documented({"steps": 50}, optimizers, ["my-booth"])
    assert results.trials["status"].tolist() == ["finished"] * 3
    adapted_loss, _, own_loss = results.trials["loss"]
    assert adapted_loss == pytest.approx(own_loss, rel=1e-12)


def test_the_documented_test_file_passes(tmp_path):
    (block,) = TESTS
    (tmp_path / "test_documented.py").write_text(block, encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert finished.returncode == 0, finished.stdout
    assert re.search(r"^10 passed, 1 skipped", finished.stdout, re.M)


def test_documented_plugins_pass_the_kit(registry):
    for kind, name, check in (
        ("optimizers", "heavy-ball", check_optimizer),
        ("optimizers", "lars", check_optimizer),
        ("optimizers", "signum", check_optimizer),
        ("problems", "my-booth", check_problem),
        ("samplers", "blocks", check_sampler),
    ):
        outcomes = check(registry.make(kind, name)).run()
        assert [outcome for outcome in outcomes if outcome.status == "failed"] == []
    sawtooth = registry.make("schedules", "sawtooth", {"value": 1.0, "steps": 10})
    statuses = [outcome.status for outcome in check_schedule(sawtooth).run()]
    assert {*statuses} == {"passed", "not applicable"}
    assert statuses.count("not applicable") == 1  # it does not take arrays of runs


def test_every_block_is_tested():
    assert len(PLUGINS) + len(TESTS) == len(BLOCKS)


def test_the_page_about_a_function_of_your_own_runs(capsys):
    page = (Path(__file__).parent.parent / "docs" / "my_function.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    exec("\n".join(blocks), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("converged")
    assert [line.split()[1] for line in lines[1:5]] == ["converged"] * 4
    *_, gradients, work = lines[5].split()
    assert float(work) > float(gradients)


def test_the_study_on_the_page_about_schedules_runs(tmp_path):
    page = (Path(__file__).parent.parent / "docs" / "schedules.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    (tmp_path / "schedules.toml").write_text(block, encoding="utf-8")
    results = optframe.run(str(tmp_path / "schedules.toml"), tmp_path / "results")
    assert results.trials["status"].tolist() == ["finished"] * 5
    assert results.trials["optimizer"].nunique() == 5
    assert (results.trials["loss"] < 0.9).all()


def test_adam_with_undone_bias_correction_is_momentum_as_the_page_about_schedules_says():
    adam = "adam:lr={schedule=undo-bias-correction,value=1e6},eps=1e8"
    first, second = (
        optframe.minimize("quadratic", given, steps=100).loss
        for given in (adam, "momentum:lr=0.01,form=average")
    )
    assert first == pytest.approx(second, rel=1e-5)
