"""The plugins of the documentation work as they stand there."""

import re
import sys
from pathlib import Path

import pytest

import optframe

PAGE = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


@pytest.fixture
def registry(tmp_path):
    paths = []
    for number, text in enumerate(BLOCKS):
        path = tmp_path / f"documented_plugin_{number}.py"
        path.write_text(text, encoding="utf-8")
        paths.append(str(path))
    yield optframe.load_plugins(paths, strict=True)
    for path in paths:
        sys.modules.pop(Path(path).stem, None)


def test_documented_plugins_run_together(registry, tmp_path, capsys):
    study = optframe.Study(
        name="documented",
        budget={"steps": 500, "target": 1e-8},
        optimizers=["heavy-ball:lr=0.02", "sgd:lr=0.02+lookahead"],
        problems=["booth"],
    )
    results = optframe.run(study, tmp_path / "results", registry=registry)
    assert results.trials["status"].tolist() == ["converged", "converged"]
    assert "heavy-ball:lr=0.02 converged" in capsys.readouterr().out
    last = results.curves.groupby("optimizer").last()
    assert abs(last["theta_0"] - 1).max() < 1e-3
    assert abs(last["theta_1"] - 3).max() < 1e-3


def test_the_page_names_every_hook():
    from optframe import hookspecs

    for name in vars(hookspecs):
        if name.startswith("optframe_"):
            assert f"`{name}`" in PAGE, name


def test_documented_samplers_and_schedules_run(registry, tmp_path):
    study = optframe.Study(
        name="documented",
        budget={"epochs": 2},
        optimizers=["sgd:lr={schedule=sawtooth,value=0.5,steps=10}"],
        problems=["softmax"],
        samplers=["blocks:batch_size=200"],
    )
    results = optframe.run(study, tmp_path / "results", registry=registry)
    (trial,) = results.trials.to_dict("records")
    assert (trial["status"], trial["steps"], trial["samples"]) == ("finished", 14, 2 * 1258)
    assert trial["loss"] < 2.0
