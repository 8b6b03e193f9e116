"""`optframe baseline`, as it is typed."""

import json

import pytest

from optframe.testing import KIT_VERSION
from optframe_plugins.optimizers.sgd import SGD

STUDY = """
study = { name = "small", budget = { steps = 500, target = 1e-6 } }
run = { backend = "numpy" }
optimizer = [{ name = "sgd", lr = 0.05 }, { name = "newton" }]
problem = [{ name = "booth" }]
"""


@pytest.fixture
def optframe(optframe, tmp_path):
    """The command line in a folder with a study."""
    (tmp_path / "small.toml").write_text(STUDY, encoding="utf-8")
    return optframe


@pytest.fixture
def place(optframe, tmp_path):
    """The baseline beside the study."""
    assert optframe("baseline", "update", "small.toml").code == 0
    return tmp_path / "small.baseline.json"


def test_the_first_baseline_is_written_and_what_it_lacks_is_said(optframe, tmp_path):
    finished = optframe("baseline", "update", "small.toml")
    assert finished.code == 0
    assert "no tolerance is known" in finished.out
    assert finished.out.splitlines()[-1] == "baseline: small.baseline.json (2 cells)"
    assert "small: 2 trials" in finished.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".json"] == [
        "small.baseline.json"
    ]


def test_an_unchanged_study_passes_and_leaves_the_baseline_as_it_is(optframe, place):
    before = place.read_bytes()
    finished = optframe("baseline", "check", "small.toml")
    assert finished.code == 0
    assert finished.out.splitlines()[0] == "counts: small.baseline.json → small"
    assert finished.out.splitlines()[-1] == "pass: 2 pass"
    assert optframe("baseline", "update", "small.toml").code == 0
    assert place.read_bytes() == before


@pytest.fixture
def slower(monkeypatch):
    """SGD takes smaller steps than it says."""
    step = SGD.step
    monkeypatch.setattr(
        SGD, "step", lambda self, *rest: step(SGD(lr=self.lr / 1.1), *rest), raising=True
    )


def test_a_slower_optimizer_is_red_until_the_baseline_is_renewed(optframe, place, slower):
    before = place.read_text(encoding="utf-8").splitlines()
    finished = optframe("baseline", "check", "small.toml")
    assert finished.code == 1
    assert "sgd:lr=0.05 on booth" in finished.out
    assert finished.out.splitlines()[-1] == "regression: 1 regression, 1 pass"
    renewed = optframe("baseline", "update", "small.toml")
    assert renewed.code == 0
    assert "regression: 1 regression, 1 pass" in renewed.out
    after = place.read_text(encoding="utf-8").splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1
    assert '"optimizer": "sgd:lr=0.05"' in changed[0]
    assert optframe("baseline", "check", "small.toml").code == 0


def test_a_format_goes_to_standard_output_alone(optframe, place):
    finished = optframe("baseline", "check", "small.toml", "--format", "json")
    assert json.loads(finished.out)["exit_code"] == 0
    assert "small: 2 trials" in finished.err


def test_results_may_be_kept_and_are_not_run_again(optframe, place, tmp_path):
    optframe("baseline", "check", "small.toml", "--results", "kept")
    assert (tmp_path / "kept" / "store.sqlite").exists()
    again = optframe("baseline", "check", "small.toml", "--results", "kept")
    assert "2 found in the store" in again.err
    assert "→ kept" in again.out


def change(place, **given):
    told = json.loads(place.read_text(encoding="utf-8"))
    place.write_text(json.dumps(told | given), encoding="utf-8")


def test_known_tolerances_stay_and_are_those_of_optimizers_that_are_left(optframe, place):
    one = {"counts": 0.1, "loss": 0.0, "stable": True}
    change(place, tolerances={"machines": ["old"], "optimizers": {"sgd": one, "lion": one}})
    finished = optframe("baseline", "update", "small.toml")
    assert "the tolerances are kept" in finished.out
    told = json.loads(place.read_text(encoding="utf-8"))
    assert told["tolerances"] == {"machines": ["old"], "optimizers": {"sgd": one}}


def of_another_dtype(place):
    told = json.loads(place.read_text(encoding="utf-8"))
    for cell in told["cells"]:
        cell["spec"]["dtype"] = "float32"
    place.write_text(json.dumps(told), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda p: p.unlink(), "small.baseline.json: no such file"),
        (lambda p: p.write_text(p.read_text()[:-9]), "expected JSON, found none, or damaged"),
        (lambda p: change(p, format="optframe-baseline/9"), "format 'optframe-baseline/9'"),
        (lambda p: change(p, kit=KIT_VERSION + 1), f"version {KIT_VERSION + 1} of the kit"),
        (lambda p: change(p, study={"name": "other", "seed": 0}), "name of the study is 'other'"),
        (lambda p: change(p, study={"name": "small", "seed": 1}), "seed of the study is 1"),
        (lambda p: change(p, cells=[]), "found no trials"),
        (of_another_dtype, "measured in float32, and small in float64"),
    ],
)
def test_a_baseline_that_cannot_be_used_is_refused_and_can_be_renewed(optframe, place, spoil, said):
    spoil(place)
    finished = optframe("baseline", "check", "small.toml")
    assert finished.code == 4
    assert said in finished.err.splitlines()[-1]
    assert optframe("baseline", "update", "small.toml").code == 0
    assert optframe("baseline", "check", "small.toml").code == 0


def test_another_s_file_is_left_alone(optframe, tmp_path):
    path = tmp_path / "package.json"
    path.write_text('{"name": "mine"}')
    for words in (("update",), ("check",)):
        finished = optframe("baseline", *words, "small.toml", "--baseline", path)
        assert finished.code == 4
        assert "package.json: found" in finished.err
    assert path.read_text() == '{"name": "mine"}'


def test_a_store_is_no_baseline(optframe, tmp_path):
    optframe("run", "small.toml", "--out", "kept", "--no-report")
    finished = optframe("baseline", "check", "small.toml", "--baseline", "kept/store.sqlite")
    assert (finished.code, "found 'store', expected a baseline" in finished.err) == (4, True)


def test_a_failing_trial_is_no_baseline_and_red_against_one(optframe, place, monkeypatch):
    before = place.read_bytes()

    def broken(self, theta, state, oracle):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(SGD, "step", broken)
    finished = optframe("baseline", "update", "small.toml")
    assert finished.code == 2
    assert "failed: ZeroDivisionError: planted; expected a trial that ran" in finished.err
    assert place.read_bytes() == before
    assert optframe("baseline", "check", "small.toml").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "nowhere.toml"], "nowhere.toml: No such file"),
        (["renew", "small.toml"], "'renew' is not one of"),
        (["check", "small.toml", "--measure-tolerance"], "use it with `optframe baseline update`"),
    ],
)
def test_wrong_words_are_said(optframe, words, said):
    finished = optframe("baseline", *words)
    assert finished.code == 2
    assert said in finished.err
