"""Two versions of the same trials as contenders."""

import pytest

import optframe
from optframe.gate import compare, open_source
from optframe.gate.versions import of_versions


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = optframe.Study(
        name="versions",
        optimizers=[{"name": "momentum", "label": "momentum", "lr": 0.02}],
        problems=["quadratic", "booth"],
        start="random",
        budget={"steps": 400, "target": 1e-6},
        seeds=6,
    )
    return optframe.run(study, tmp_path_factory.mktemp("base") / "base")


def changed(store, factor):
    """The same trials, of which each took ``factor`` times the steps."""
    head = optframe.load(store.path)
    trials = store.trials.copy()
    for cost in ("steps", "gradients", "work"):
        trials[cost] = trials[cost] * factor
    vars(head)["trials"] = trials
    return head


def test_the_same_numbers_are_equal(store):
    found = of_versions(store, optframe.load(store.path))
    assert found.claim == "equal"
    assert found.headline[0].startswith("base and head are equal over these 2 problems.")


def test_cells_are_paired_so_that_a_small_change_of_all_is_found(store):
    found = of_versions(store, changed(store, 1.1))
    assert found.claim == "best"
    assert found.contenders == ("base", "head")
    assert found.ratio("base", "head", kind="cost").ratio == pytest.approx(1.1)
    assert found.p_best == 2 / 2**12
    assert list(found.problems["blocks"]) == [6, 6]


def test_a_comparison_of_stores_says_it_and_its_verdict_does_not_depend_on_it(store):
    source = open_source(store.path)
    told = compare(source, source)
    assert any(note.startswith("base and head are equal") for note in told.notes)
    assert told.exit_code == 0
