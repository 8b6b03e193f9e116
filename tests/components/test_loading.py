import importlib.metadata
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from optframe import PluginError, Study, UsageError, load_plugins, run
from optframe.components.kinds import KINDS

HERE = Path(__file__).parent.parent
BUILT_IN = ("optframe_plugins", "optframe_problems", "optframe_reports")

BROKEN = {
    "raises_on_import": "RuntimeError: the licence server is down",
    "exits_on_import": "SystemExit: this plugin needs a Mac",
    "takes_a_name": "optimizer 'adam' is registered by plugin 'optframe_plugins' and by plugin "
    "'takes_a_name'; rename one of them",
    "wrong_signature": "Argument(s) {'registry'} are declared in the hookimpl but can not be found",
    "misspelled_hook": "unknown hook 'optframe_optimisers'; did you mean 'optframe_optimizers'?",
    "unmarked_hook": "optframe_samplers is not marked as a hook; write @hookimpl above it",
    "no_api": "it declares no optframe_api; expected the line `optframe_api = 1` in the plugin",
    "other_api": "it is for API 99; expected the line `optframe_api = 1` in the plugin",
    "returns_a_list": "hook optframe_schedules returned a list; expected a mapping from name to "
    "class",
    "raises_in_a_hook": "LookupError: the schedules are lost",
    "bad_name": "hook optframe_schedules: found the name 'My Schedule', expected lower case with "
    "hyphens",
    "no_class": "hook optframe_schedules: 'three': found 3, expected a class or \"module:Class\"",
    "no_dataclass": "hook optframe_schedules: 'plain': Plain is not a dataclass",
    "no_contract": "hook optframe_schedules: 'stranger': Stranger is not a subclass of "
    "optframe.Schedule",
    "reserved_field": "hook optframe_schedules: 'named': Named has a field 'name', which no study "
    "could set, since the key 'name' of its table has another meaning; rename the field",
    "abstract": "hook optframe_problems: 'shapeless': Shapeless does not define metrics, size, "
    "start",
}


def broken(name):
    return str(HERE / "broken_plugins" / f"{name}.py")


def sample(name):
    return str(HERE / "sample_plugins" / f"{name}.py")


def run_optframe(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "optframe", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def all_names(registry):
    return {kind: registry.names(kind) for kind in KINDS}


def test_the_built_in_plugins_enter_by_the_door_that_is_open_to_all():
    points = {point.name: point for point in importlib.metadata.entry_points(group="optframe")}
    for name in BUILT_IN:
        assert points[name].load().optframe_api == 1
    registry = load_plugins()
    assert {plugin.name for plugin in registry.plugins} >= {*BUILT_IN}
    assert not registry.broken
    owners = {entry.owner for kind in KINDS for entry in registry.entries(kind)}
    assert owners == {plugin.name for plugin in registry.plugins}


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_plugin_can_be_left_out_by_name(name):
    everything, rest = load_plugins(), load_plugins(without=[name])
    gone = {
        (kind, entry.name)
        for kind in KINDS
        for entry in everything.entries(kind)
        if entry.owner == name
    }
    assert gone
    assert {plugin.name for plugin in rest.plugins} == (
        {plugin.name for plugin in everything.plugins} - {name}
    )
    for kind in KINDS:
        left = {n for n in everything.names(kind) if (kind, n) not in gone}
        assert set(rest.names(kind)) == left


def test_a_plugin_that_is_not_installed_cannot_be_left_out():
    hint = "no installed plugin has this name; did you mean 'optframe_plugins'"
    with pytest.raises(UsageError, match=hint):
        load_plugins(without=["optframe-plugins"])


def test_the_manager_comes_from_a_call_and_two_calls_share_nothing():
    first, second = load_plugins([sample("tiny")]), load_plugins()
    assert "tiny" in first.names("datasets")
    assert "tiny" not in second.names("datasets")


def test_a_plugin_comes_from_a_file():
    registry = load_plugins([sample("tiny")])
    plugin = registry.plugins[-1]
    assert (plugin.name, plugin.origin) == ("tiny", sample("tiny"))
    assert len(plugin.version) == 12  # of the file's hash
    assert registry.make("datasets", "tiny", {"records": 6}).load().train.inputs.shape == (6, 2)


def test_a_plugin_comes_from_a_module(tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").touch()
    shutil.copy(sample("tiny"), tmp_path / "my_package" / "from_a_module.py")
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_plugins(["my_package.from_a_module"])
    assert registry.entry("datasets", "tiny").owner == "my_package.from_a_module"


def test_a_plugin_that_is_named_twice_is_loaded_once():
    once = load_plugins([sample("watching")])
    registry = load_plugins([sample("watching"), sample("watching"), "optframe_plugins"])
    assert registry.broken == once.broken
    assert registry.plugins == once.plugins
    assert registry.manager.has_plugin("optframe_plugins")


@pytest.mark.parametrize("path", ["nowhere.py", "no_such_module", "..", "", ".relative"])
def test_a_plugin_that_is_not_there_is_a_mistake(path):
    with pytest.raises(UsageError, match=f"^-P {path}: no such file"):
        load_plugins([path])


@pytest.mark.parametrize("name", ["sys", "numpy", "turtle"])
def test_a_file_may_not_hide_a_module(tmp_path, name):
    file = tmp_path / f"{name}.py"
    shutil.copy(sample("tiny"), file)
    (left_out,) = load_plugins([str(file)]).broken
    assert left_out.reason.startswith(f"a module named '{name}' exists already")
    assert getattr(sys.modules.get(name), "__file__", None) != str(file)


@pytest.mark.parametrize(("name", "reason"), BROKEN.items())
def test_a_broken_plugin_is_left_out_whole_with_its_reason(name, reason):
    registry = load_plugins([broken(name), sample("tiny")])
    (left_out,) = registry.broken
    assert left_out.name == name
    assert reason in left_out.reason
    assert "\n" not in left_out.reason
    assert left_out.traceback.startswith("Traceback")
    assert all_names(registry) == all_names(load_plugins([sample("tiny")]))
    assert not registry.manager.has_plugin(name)
    assert name not in {plugin.name for plugin in registry.plugins}
    with pytest.raises(PluginError, match=f"plugin '{name}'") as caught:
        load_plugins([broken(name)], strict=True)
    assert caught.value.exit_code == 4


def test_ctrl_c_is_not_taken_for_a_broken_plugin(tmp_path):
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_plugins([str(tmp_path / "interrupted.py")])


@pytest.fixture(scope="module")
def doctor():
    named = [word for name in (*BROKEN, "unimportable") for word in ("-P", broken(name))]
    return run_optframe("doctor", "-P", sample("tiny"), *named)


@pytest.mark.parametrize(("name", "reason"), BROKEN.items())
def test_the_doctor_names_a_broken_plugin_with_its_traceback(doctor, name, reason):
    _, _, section = doctor.stdout.partition(f"  {name} ({broken(name)}): LEFT OUT: ")
    assert reason in section.partition("\n")[0]
    assert section.partition("\n")[2].startswith("    Traceback (most recent call last):\n")


def test_the_doctor_names_the_line_that_broke(doctor):
    assert f'File "{broken("raises_on_import")}", line ' in doctor.stdout
    assert 'raise RuntimeError("the licence server is down")' in doctor.stdout


def test_the_doctor_imports_every_component(doctor):
    owner = "plugin 'unimportable': optimizer"
    for line in (
        f"{owner} 'lost' (no_such_package.lost:Lost) could not be imported: "
        "ModuleNotFoundError: No module named 'no_such_package'",
        f"{owner} 'classless' (optframe_plugins.optimizers.sgd:NoSuchClass) could not be imported: "
        "AttributeError",
        f"{owner} 'misplaced': Linear is not a subclass of optframe.Optimizer or optframe.Solver",
    ):
        assert line in doctor.stdout
    assert "optimizer 'fine'" not in doctor.stdout


def test_the_doctor_goes_on_with_the_rest(doctor):
    assert doctor.returncode == 0
    assert doctor.stderr == ""
    assert "  numpy: available on cpu" in doctor.stdout
    for name in BUILT_IN:
        assert f"  {name} (optframe-bench " in doctor.stdout
    assert "1 components, ok" in doctor.stdout  # tiny


@pytest.mark.parametrize(
    ("name", "said"), [("exits_on_import", "needs a Mac"), ("unimportable", "'lost'")]
)
def test_a_strict_doctor_fails(name, said):
    finished = run_optframe("doctor", "--strict", "-P", broken(name))
    assert finished.returncode == 4
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_component_that_cannot_be_imported_is_named_when_it_is_used():
    registry = load_plugins([broken("unimportable")])
    with pytest.raises(PluginError, match=r"'lost'.*No module named 'no_such_package'"):
        registry.make("optimizers", "lost")
    assert registry.make("optimizers", "fine").lr == 0.01


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder as pip leaves it: a working distribution, and a broken one."""
    folder = tmp_path_factory.mktemp("site")
    project = HERE / "packaged_plugin"
    shutil.copytree(project / "optframe_signum", folder / "optframe_signum")
    described = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    install(folder, described["name"], described["version"], described["entry-points"]["optframe"])
    shutil.copy(broken("raises_on_import"), folder / "broken_on_import.py")
    shutil.copy(broken("exits_on_import"), folder / "exiting_on_import.py")
    points = {"broken": "broken_on_import", "exiting": "exiting_on_import"}
    install(folder, "optframe-broken", "0.0.1", points)
    return folder


def install(folder, name, version, points):
    information = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    lines = [f"{point} = {value}\n" for point, value in points.items()]
    (information / "entry_points.txt").write_text("".join(["[optframe]\n", *lines]))


def test_an_installed_plugin_is_found_by_its_entry_point(site):
    listed = run_optframe("list", "optimizers", PYTHONPATH=str(site))
    assert listed.returncode == 0
    (line,) = [line for line in listed.stdout.splitlines() if "signum" in line]
    assert line.split()[:3] == ["signum", "Signum:", "every"]
    assert line.endswith("  [signum]")


def test_installed_plugins_that_are_broken_are_named_beside_the_result(site):
    listed = run_optframe("plugins", PYTHONPATH=str(site))
    assert listed.returncode == 0
    assert "signum  (optframe-signum 2.3.4)\n  optimizers: signum\n" in listed.stdout
    assert listed.stderr == (
        "optframe: plugin 'broken' is left out: RuntimeError: the licence server is down "
        "(`optframe doctor` shows where)\n"
        "optframe: plugin 'exiting' is left out: SystemExit: this plugin needs a Mac "
        "(`optframe doctor` shows where)\n"
    )


def test_an_installed_plugin_runs(site, tmp_path):
    finished = run_optframe(
        *("run", "-o", "signum:lr=0.5", "-p", "quadratic", "--steps", "4"),
        *("--without", "broken", "--without", "exiting"),
        *("--no-report", "--out", str(tmp_path)),
        PYTHONPATH=str(site),
    )
    assert finished.stderr == ""
    assert finished.returncode == 0
    assert "signum:lr=0.5" in finished.stdout
    assert "1 finished" in finished.stdout


@pytest.mark.parametrize("name", ["signum", "optframe_signum"])
def test_a_file_that_is_named_wins_over_an_installed_plugin_of_its_name(site, tmp_path, name):
    file = tmp_path / f"{name}.py"
    text = Path(sample("tiny")).read_text()
    file.write_text(text)
    without = ("--without", "broken", "--without", "exiting", "-P", str(file))
    listed = run_optframe("plugins", *without, PYTHONPATH=str(site))
    assert (listed.returncode, listed.stderr) == (0, "")
    assert f"\n{name}  ({file} " in listed.stdout
    assert "optframe-signum" not in listed.stdout
    assert "datasets: tiny" in listed.stdout


def test_a_file_that_cannot_be_used_does_not_leave_the_installed_one_in_its_place(site, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text((site / "optframe_signum" / "__init__.py").read_text())
    finished = run_optframe(
        *("run", "-o", "signum", "-p", "quadratic", "--steps", "4", "-P", str(file)),
        *("--without", "broken", "--without", "exiting", "--out", str(tmp_path / "out")),
        PYTHONPATH=str(site),
    )
    assert (finished.returncode, finished.stdout) == (4, "")
    assert finished.stderr == (
        f"optframe: -P {file}: plugin 'mine': optimizer 'signum' is registered by plugin 'signum' "
        "and by plugin 'mine'; rename one of them\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_study_does_not_run_without_a_plugin_that_was_named(tmp_path):
    registry = load_plugins([broken("raises_on_import")])
    study = Study("x", {"steps": 1}, ["sgd"], ["sphere"])
    with pytest.raises(PluginError, match=r"^-P .*: the licence server is down$"):
        run(study, tmp_path, registry=registry)


def test_a_link_to_nothing_beside_a_plugin_is_passed_over(tmp_path, monkeypatch):
    package = tmp_path / "package_with_a_link"
    package.mkdir()
    shutil.copy(sample("tiny"), package / "__init__.py")
    (package / ".#lock.py").symlink_to("someone@machine")
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_plugins(["package_with_a_link"])
    assert registry.code("datasets", "tiny")


def test_a_file_that_changes_within_a_second_is_read_again(tmp_path, monkeypatch):
    """Python would take its compiled code for that of the new text, which is as long."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "quickly_changed.py"
    for value in (1, 2):
        file.write_text(f"optframe_api = 1\nVALUE = {value}\n")
        os.utime(file, (0, 0))
        load_plugins([str(file)])
        assert value == sys.modules.pop("quickly_changed").VALUE
    assert [path.name for path in tmp_path.iterdir()] == ["quickly_changed.py"]
