"""Sides: what BASE and HEAD may be, and the environments that are built for them."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import optframe
from optframe.gate.racing.sides import Side, open_side
from optframe.gate.racing.workers import worker

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTFRAME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "race"


def opened(text, *plugins, told=None):
    return open_side("base", text, plugins, (told if told is not None else []).append)


def test_a_python_is_taken_as_it_is():
    assert opened(sys.executable, "a.py") == Side(
        "base", sys.executable, Path(sys.executable), ("a.py",)
    )


def test_a_revision_without_a_package_is_its_plugins_files(repository, plugin):
    first = repository.commit({"optimizers/dull.py": plugin(0)})
    repository.commit({"optimizers/dull.py": plugin(7)})
    told = []
    side = opened("HEAD~1", "optimizers/dull.py", "json", told=told)
    assert (side.name, side.python, told) == (f"HEAD~1 ({first[:8]})", Path(sys.executable), [])
    taken, module = side.plugins
    assert Path(taken).read_text(encoding="utf-8") == plugin(0)
    assert Path(taken).name == "dull.py"
    assert module == "json"


def test_a_checkout_may_have_a_name_that_is_no_utf_8(tmp_path, monkeypatch, plugin):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 alone")
    monkeypatch.chdir(folder)
    for words in (["init", "-q"], ["add", "dull.py"], [*AUTHOR, "commit", "-qm", "one"]):
        Path("dull.py").write_text(plugin(0), encoding="utf-8")
        subprocess.run(["git", *words], check=True)
    (taken,) = opened("HEAD", "dull.py").plugins
    assert Path(taken).read_text(encoding="utf-8") == plugin(0)


def test_a_plugin_of_another_place_is_no_revision_s(repository, plugin, tmp_path):
    repository.commit({"dull.py": plugin(0)})
    elsewhere = tmp_path / "dull.py"
    elsewhere.write_text(plugin(3), encoding="utf-8")
    assert opened("main", str(elsewhere)).plugins == (str(elsewhere),)


def test_a_file_that_a_revision_lacks_is_named(repository, plugin):
    repository.commit({"other.py": ""})
    repository.commit({"dull.py": plugin(0)})
    with pytest.raises(optframe.UsageError, match=r"base HEAD~1 \(.{8}\): -P dull.py: there is no"):
        opened("HEAD~1", "dull.py")


@pytest.mark.parametrize("text", ["no-such-branch", "--help", "no/such/python"])
def test_what_is_neither_is_refused_in_one_line(repository, text):
    with pytest.raises(optframe.UsageError, match="expected a git revision") as refused:
        opened(text)
    assert len(refused.value.mistakes) == 1


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """A place with two versions of a library, from which pip installs."""
    for version in ("1.0", "2.0"):
        info = f"a_library-{version}.dist-info"
        with zipfile.ZipFile(tmp_path / f"a_library-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr("a_library.py", f"version = {version!r}\n")
            named = f"Metadata-Version: 2.1\nName: a-library\nVersion: {version}\n"
            wheel.writestr(f"{info}/METADATA", named)
            tag = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            wheel.writestr(f"{info}/WHEEL", tag)
            wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def test_versions_of_a_library_are_installed_once_beside_this_optframe(libraries, study):
    told = []
    older, newer = (opened(f"a-library=={v}", "p.py", told=told) for v in ("1.0", "2.0"))
    assert (older.name, older.plugins) == ("a-library==1.0", ("p.py",))
    assert older.python != newer.python
    assert opened("a-library==1.0", "p.py", told=told) == older
    assert len(told) == 2
    for side, version in ((older, "1.0"), (newer, "2.0")):
        program = "import a_library, numpy, optframe; print(a_library.version, numpy.__version__)"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [side.python, "-c", program],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        assert done.stdout.split() == [version, np.__version__]
    assert importlib.util.find_spec("a_library") is None


@pytest.mark.parametrize("text", ["a-library==", "a-library==1.0 numpy", "a-library==1.*"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(optframe.UsageError, match="expected NAME==VERSION"):
        opened(text)


def test_a_version_that_there_is_not_is_said_in_one_line(libraries, cache):
    said = r"base a-library==3.0: installing it: ERROR: .*a-library==3.0"
    with pytest.raises(optframe.UnavailableError, match=said) as refused:
        opened("a-library==3.0")
    assert "\n" not in str(refused.value)
    assert [*cache.iterdir()] == []


def test_a_wheel_that_is_not_there_is_refused():
    with pytest.raises(optframe.UsageError, match=r"base no\.whl: no such file"):
        opened("no.whl")


def test_a_damaged_wheel_is_said_in_one_line(tmp_path, cache):
    wheel = tmp_path / "dull-1.0-py3-none-any.whl"
    wheel.write_bytes(b"damaged")
    said = r"installing its wheel: ERROR: .*dull"
    with pytest.raises(optframe.UnavailableError, match=said) as refused:
        opened(str(wheel))
    assert "\n" not in str(refused.value)
    assert [*cache.iterdir()] == []


def test_a_build_that_fails_is_said_in_one_line_and_leaves_nothing(repository, package, cache):
    repository.commit(package(0) | {"in_tree.py": "raise RuntimeError('planted')"})
    with pytest.raises(optframe.UnavailableError, match=r"base main \(.*\): pip wheel: ") as failed:
        opened("main")
    assert "\n" not in str(failed.value)
    assert [*cache.iterdir()] == []
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_revisions_are_built_once_and_share_what_is_installed(repository, package, study):
    for more in (0, 7):
        repository.commit(package(more))
    told = []
    base, head = opened("main~1", told=told), opened("main", told=told)
    assert base.python != head.python
    assert len(told) == 2
    assert opened("main", told=told) == head
    assert len(told) == 2
    for side, more in ((base, 0), (head, 7)):
        with worker(side, patience=60) as one:
            planned = one.ask("open", study=str(study), plugins=[], core=None)
            (trial,) = planned["trials"]
            assert trial["labels"] == ["dull", "booth", "none", 0]
            described = one.ask("describe")
        assert "dull-optimizer 1.0" in described["plugins"]["dull"]
        assert described["versions"]["numpy"] == np.__version__
        (own,) = side.python.parent.parent.rglob("dull_optimizer.py")
        assert f"oracle, {more})" in own.read_text(encoding="utf-8")
    assert importlib.util.find_spec("dull_optimizer") is None
    assert len(repository.git("worktree", "list").splitlines()) == 1
