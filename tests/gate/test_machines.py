"""Other machines are played by the variables that OpenBLAS, NumPy and glibc listen to."""

import platform

import pytest

import optframe
from optframe.errors import UnavailableError
from optframe.gate import machines
from optframe.gate.machines import Machine, measure
from optframe.gate.sources import of_results

STUDY = """
[study]
name = "small"
budget = { steps = 300, target = 1e-6 }
[run]
backend = "numpy"
[[optimizer]]
name = "adam"
lr = 0.001
[[optimizer]]
name = "bfgs"
[[problem]]
name = "quadratic"
size = 20
condition = 1e6
rotate = true
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def here(study, tmp_path_factory):
    return of_results(optframe.run(study, tmp_path_factory.mktemp("here")))


def test_the_kernel_in_use_is_no_other_machine():
    if platform.machine() != "x86_64":
        pytest.skip("the names are those of x86_64")
    found = machines.machines({"blas": "scipy-openblas 0.3", "blas_kernel": "Haswell"})
    kernels = [one.variables.get("OPENBLAS_CORETYPE") for one in found]
    assert [*filter(None, kernels)] == ["Prescott", "Nehalem", "Sandybridge", "SkylakeX"]


def test_where_nothing_can_be_played_it_is_said(monkeypatch):
    monkeypatch.setattr(machines, "_dispatched", list)
    with pytest.raises(UnavailableError, match="no older machine can be emulated here"):
        machines.machines({"blas": "mkl 2024", "blas_kernel": None})


def test_the_instruction_sets_are_taken_away_all_or_the_widest(monkeypatch):
    monkeypatch.setattr(machines, "_dispatched", lambda: ["AVX2", "AVX512F", "AVX512_SKX"])
    every, wide = machines.machines({"blas": "mkl", "blas_kernel": None})
    assert every.variables["NPY_DISABLE_CPU_FEATURES"] == "AVX2 AVX512F AVX512_SKX"
    assert wide.variables == {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX"}


def test_a_study_is_run_again_on_another_machine(here, study, monkeypatch):
    own = here.trials[0].environment
    if "openblas" not in own["blas"] or own.get("blas_kernel") in (None, "Katmai"):
        pytest.skip("the oldest kernel of OpenBLAS cannot be chosen here")
    oldest = Machine("OpenBLAS oldest", {"OPENBLAS_CORETYPE": "Prescott"})
    same = Machine("the same", {"OPENBLAS_CORETYPE": str(own["blas_kernel"])})
    crashing = Machine("crashing", {"PYTHONHOME": "/nowhere"})
    monkeypatch.setattr(machines, "machines", lambda environment: [oldest, same, crashing])
    told = []
    known = measure(here, str(study), (), told.append)
    assert known.machines == ("OpenBLAS oldest",)
    assert set(known.optimizers) == {"adam", "bfgs"}
    assert known.optimizers["bfgs"].stable
    # A matrix product summed in another order: other last bits of a loss of about 10⁵.
    assert 0 < known.optimizers["adam"].loss < 1e-9
    assert known.optimizers["adam"].counts == 0
    assert told[1] == "the same: left out, since it changes no choice of BLAS or NumPy here"
    assert told[2].startswith("crashing: left out, ")


def test_where_no_machine_could_be_played_nothing_was_measured(here, study, monkeypatch):
    nowhere = Machine("nowhere", {"PYTHONHOME": "/nowhere"})
    monkeypatch.setattr(machines, "machines", lambda environment: [nowhere])
    with pytest.raises(UnavailableError, match="no tolerance was measured"):
        measure(here, str(study), (), lambda line: None)


def test_each_machine_names_who_changes_and_where_most(source, measured, monkeypatch):
    def runs(kernel, **steps):
        where = {"blas": "openblas", "blas_kernel": kernel}
        return [
            measured("lbfgs", "wood", steps=steps.get("wood", 100), environment=where),
            measured("lbfgs", "booth", steps=steps.get("booth", 100), environment=where),
            measured("bfgs", "wood", status=steps.get("bfgs", "converged"), environment=where),
            measured("adam", "wood", environment=where),
        ]

    played = {
        "a": runs("A", wood=102, booth=105),
        "b": runs("B", wood=92, bfgs="stopped"),
        "c": runs("C"),
    }
    here = source(*runs("own"))
    monkeypatch.setattr(machines, "machines", lambda environment: [Machine(n, {}) for n in played])
    monkeypatch.setattr(machines, "_run", lambda machine, *rest: (played[machine.name], ""))
    told = []
    known = measure(here, "study", (), told.append)
    assert told == [
        "a: lbfgs 5 % on booth",
        "b: bfgs another status on wood; lbfgs 8 % on wood",
        "c: no count changed",
    ]
    assert known.machines == ("a", "b", "c")
    found = {name: (one.counts, one.stable) for name, one in known.optimizers.items()}
    assert found == {"adam": (0.0, True), "bfgs": (0.0, False), "lbfgs": (0.08, True)}
