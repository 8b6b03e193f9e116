"""What can be compared becomes one structure; all else is refused with one line."""

import json
import sqlite3

import pytest

import optframe
from optframe.errors import StoreError
from optframe.gate import compare, open_source
from optframe.gate.baseline import write
from optframe.gate.measured import table
from optframe.gate.tolerance import Tolerance, Tolerances
from optframe.testing import KIT_VERSION


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A small store on disk."""
    folder = tmp_path_factory.mktemp("store")
    study = optframe.Study(
        name="small",
        budget={"steps": 3000, "target": 1e-6},
        optimizers=["adam:lr=0.3", "lbfgs"],
        problems=["rosenbrock"],
    )
    optframe.run(study, folder)
    return folder


@pytest.fixture
def baseline(tmp_path, source, measured):
    """A baseline on disk, as a table that can be broken."""
    path = tmp_path / "small.baseline.json"
    known = Tolerances({"adam": Tolerance(0.1, 1e-9)}, ("OpenBLAS Prescott",))
    write(source(measured(), measured("sgd", kit=3)), path, known)
    return path


@pytest.fixture
def benchmarks(tmp_path):
    """Return what writes a file as pytest-benchmark does: ``benchmarks(*measured, foreign=2)``."""

    def written(*measured, foreign=0, path="a.json", **others):
        entries = [
            {"fullname": f"test_{i}", "extra_info": {"optframe": table(one)}}
            for i, one in enumerate(measured)
        ]
        entries += [{"fullname": f"other_{i}", "extra_info": {}} for i in range(foreign)]
        given = {"machine_info": {}, "benchmarks": entries, "version": "5.1.0", **others}
        (tmp_path / path).write_text(json.dumps(given), encoding="utf-8")
        return tmp_path / path

    return written


def test_a_folder_and_the_file_in_it_are_one_store(store):
    one, other = open_source(store), open_source(store / "store.sqlite")
    assert one == other
    assert (one.kind, one.study["name"], len(one.trials)) == ("store", "small", 2)
    adam, lbfgs = one.trials
    results = optframe.load(store).trials
    assert [adam.counts["steps"], lbfgs.counts["steps"]] == results["steps"].tolist()
    assert [adam.loss, lbfgs.loss] == results["loss"].tolist()
    assert adam.spec.hyperparameters["eps"] == 1e-8
    assert adam.environment["numpy"]
    assert compare(one, other).exit_code == 0


def test_a_baseline_is_read_as_it_was_written(baseline, measured):
    read = open_source(baseline)
    assert read.kind == "baseline"
    assert read.study == {"name": "small", "seed": 0}
    assert read.tolerances.optimizers == {"adam": Tolerance(0.1, 1e-9)}
    assert read.tolerances.machines == ("OpenBLAS Prescott",)
    assert {one.kit for one in read.trials} == {KIT_VERSION}
    assert [one.counts for one in read.trials] == [measured().counts, measured("sgd").counts]


def test_a_file_of_benchmarks_is_read_and_foreign_ones_are_named(benchmarks, measured):
    read = open_source(benchmarks(measured(), measured("sgd"), foreign=3))
    assert [one.benchmark for one in read.trials] == ["test_0", "test_1"]
    (note,) = read.notes
    assert "3 benchmarks without counts are not compared" in note
    comparison = compare(read, read)
    assert comparison.exit_code == 0
    assert note in comparison.notes


def test_of_several_files_the_latest_holds(benchmarks, tmp_path, measured):
    folder = tmp_path / ".benchmarks" / "Linux-CPython-3.11-64bit"
    folder.mkdir(parents=True)
    for name, day, steps in (("0001_b.json", "2025-02-03", 5), ("0002_a.json", "2025-02-01", 7)):
        both, when = (measured(steps=steps), measured(name)), f"{day}T10:00:00"
        benchmarks(*both, path=folder / name, datetime=when)
    read = open_source(tmp_path)
    assert len(read.trials) == 3
    (adam,) = [one for one in read.trials if one.spec.optimizer_name == "adam"]
    assert adam.counts["steps"] == 5


def test_a_cell_twice_in_one_file_must_say_the_same(benchmarks, measured):
    assert len(open_source(benchmarks(measured(), measured())).trials) == 1
    path = benchmarks(measured(), measured(steps=401))
    with pytest.raises(StoreError, match=r"adam:lr=0\.3 on rosenbrock is there twice with diff"):
        open_source(path)


def test_benchmarks_without_counts_or_of_another_kit_are_refused(benchmarks, measured):
    path = benchmarks(foreign=2)
    with pytest.raises(StoreError, match=r"none of its 2 benchmarks has counts .*`optbench`"):
        open_source(path)
    path = benchmarks(measured(kit=KIT_VERSION + 1))
    with pytest.raises(StoreError, match=r"a.json: benchmark 1: found version \d+ of the kit"):
        open_source(path)


DAMAGED = "the baseline is damaged"
REFUSED = [
    (b"", "expected JSON, found none, or damaged"),
    (b"{", "expected JSON, found none, or damaged"),
    (b"\xff\xfe\x00", "expected a store or JSON, found neither"),
    (b"SQLite format 3\0 and then nothing", "found a damaged store or another file"),
    (b"[]", "found JSON of another program, .*`--optbench-json`"),
    (b"3", "found JSON of another program"),
    (b'{"format": 3}', "found JSON of another program"),
    (b'{"format": "optframe-baseline/2"}', "format 'optframe-baseline/2', expected"),
    (b'{"format": "optframe-baseline/1"}', f"kit: found None, expected type int; {DAMAGED}"),
    (b'{"benchmarks": 3}', "expected a pytest-benchmark file"),
    (b'{"benchmarks": [3]}', "benchmark 1: expected a table"),
    (b'{"benchmarks": [{"extra_info": {"optframe": 3}}]}', "benchmark 1: expected a table"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_anything_else_is_refused(tmp_path, content, said):
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=said) as raised:
        open_source(path)
    assert str(path) in str(raised.value)
    assert raised.value.exit_code == 4
    assert "\n" not in str(raised.value)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"nothing\.json: no such file; .*--optbench-json"):
        open_source(tmp_path / "nothing.json")
    with pytest.raises(StoreError, match=r"expected a store .*found neither"):
        open_source(tmp_path)


def test_another_program_s_database_is_refused(tmp_path):
    path = tmp_path / "store.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="another program's SQLite file"):
        open_source(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.update(kit=KIT_VERSION + 1), f"found version {KIT_VERSION + 1} of the kit"),
        (lambda t: t.update(kit=True), f"kit: found True, expected type int; {DAMAGED}"),
        (lambda t: t.update(cells=None), f"cells: found None, expected type list; {DAMAGED}"),
        (lambda t: t.update(study="small"), f"study: found 'small', expected type dict; {DAMAGED}"),
        (lambda t: t["cells"][1].pop("status"), "cell 2: status is missing"),
        (lambda t: t["cells"][0]["counts"].pop("steps"), "cell 1: counts: steps is missing"),
        (lambda t: t["cells"].append({**t["cells"][0], "loss": 1.0}), "is there twice"),
        (lambda t: t["tolerances"]["optimizers"]["adam"].update(x=1), "unknown parameter 'x'"),
        (lambda t: t["tolerances"].update(optimizers=3), f"tolerances: {DAMAGED}"),
        (lambda t: t["tolerances"].update(optimizers={"adam": 3}), "tolerances: the base"),
        (lambda t: t["tolerances"].update(machines=3), f"tolerances: {DAMAGED}"),
    ],
)
def test_a_damaged_baseline_is_refused_with_the_place(baseline, change, said):
    given = json.loads(baseline.read_text(encoding="utf-8"))
    change(given)
    baseline.write_text(json.dumps(given), encoding="utf-8")
    with pytest.raises(StoreError, match=said) as raised:
        open_source(baseline)
    assert str(raised.value).startswith(str(baseline))
