"""The documentation's pages come from the registry, and the site builds without a warning."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import optframe
from optframe.components.kinds import KINDS
from optframe.components.notation import format_value
from optframe.components.parameters import parameters

for needed in ("sphinx", "myst_parser", "furo"):
    pytest.importorskip(needed, reason="the extra `docs` is not installed")

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
REGISTRY = optframe.load_plugins()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built from a copy: a warning is an error."""
    home = tmp_path_factory.mktemp("site")
    ignored = shutil.ignore_patterns("_build", "reference", "__pycache__")
    shutil.copytree(DOCS, home / "docs", ignore=ignored)
    for linked in re.findall(r"\]\((?!\w+:|#|docs/)([^)]+)\)", (ROOT / "README.md").read_text()):
        (home / linked).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / linked, home / linked)
    for name in ("README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, home / name)
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "built"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return home / "built"


def text_of(page):
    """What a reader sees: no tags, entities resolved, blanks as one."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


@pytest.mark.parametrize("name", REGISTRY.names("optimizers"))
def test_every_optimizer_has_its_page(site, name):
    page = (site / "reference" / "optimizers" / f"{name}.html").read_text(encoding="utf-8")
    headings = re.findall(r"<h2>([^<]+)<", page)
    owed = ["Equation", "Path", "Arguments", "Needs", "Source"]
    assert [heading for heading in headings if heading in owed] == owed
    sections = dict(zip(headings, re.split(r"<h2>", page)[1:], strict=True))
    component = REGISTRY.load("optimizers", name)
    assert component.__doc__.splitlines()[0].split(":")[0] in text_of(page)
    assert "<pre>" in sections["Equation"]
    for field in parameters(component).values():
        default = format_value(field.default)
        assert field.name in sections["Arguments"]
        assert field.expected in text_of(sections["Arguments"])
        assert default in text_of(sections["Arguments"])
    for word in REGISTRY.make("optimizers", name).requires():
        assert f">{word}<" in sections["Needs"]
    source = component.__doc__.partition("References\n")[2].strip("- \n").split()[0]
    assert source in text_of(sections["Source"])
    assert f'src="../../_images/{name}.svg"' in sections["Path"]
    picture = (site / "_images" / f"{name}.svg").read_text(encoding="utf-8")
    for word in (f">{name}", ">sgd, lr = ", ">start<", ">minimum<", ">θ₁<", ">θ₂<"):
        assert word in picture, word


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "optimizers"])
def test_every_other_component_has_its_section(site, kind):
    page = (site / "reference" / kind / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2>([^<]+)<", page) == REGISTRY.names(kind)


def test_every_schedule_has_its_picture(site):
    page = (site / "reference" / "schedules" / "index.html").read_text(encoding="utf-8")
    for name in REGISTRY.names("schedules"):
        assert f"_images/{name}.svg" in page, name


def test_every_public_name_is_on_its_page(site):
    page = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name in optframe.__all__:
        assert f'id="optframe.{name}"' in page or f">{name}<" in page, name


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "optframe_sphinx"]:
        monkeypatch.delitem(sys.modules, name)


PLUGIN = '''
from dataclasses import dataclass
from optframe import Optimizer, Positive, Schedule, hookimpl

optframe_api = 1

@dataclass(frozen=True)
class Picky(Optimizer):
    """Picky: asks for what a quadratic has not, |x| and all.

    Parameters
    ----------
    radius
        r.
    """

    radius: Positive = 2.5
    needs = frozenset({"prox"})

    def step(self, theta, state, oracle):
        return theta, state

@hookimpl
def optframe_optimizers():
    return {"picky": Picky}
'''


def test_only_the_asked_plugins_are_documented_and_a_missing_picture_is_explained(
    extension, tmp_path
):
    from optframe_sphinx.pages import Pages

    (tmp_path / "picky_plugin.py").write_text(PLUGIN, encoding="utf-8")
    registry = optframe.load_plugins([str(tmp_path / "picky_plugin.py")], strict=True)
    owner = registry.entry("optimizers", "picky").owner
    written = [*Pages(registry, tmp_path / "reference", (owner,)).write()]
    optimizers = tmp_path / "reference" / "optimizers"
    assert {path.stem for path in optimizers.glob("*.rst")} == {"index", "picky"}
    page = (optimizers / "picky.rst").read_text(encoding="utf-8")
    assert optimizers / "picky.rst" in written
    assert r"Picky: asks for what a quadratic has not, \|x\| and all." in page
    assert "``radius`` : a number > 0; default 2.5\n    r." in page
    reason = re.search(r"There is no picture of its path on ``quadratic\S+``: (.*)", page)
    assert "prox" in reason[1]
    sys.modules.pop("picky_plugin", None)


def test_a_learning_rate_is_the_best_of_the_grid_and_no_leap(extension):
    from optframe_sphinx.paths import GRADIENTS, RATES, Race

    race = Race(REGISTRY, ["newton", "coordinate-descent"])
    course = race.plain
    eigenvalues = (1, 50)
    # Of the rates that shrink both errors, the one whose slower factor is the smallest.
    best = min(RATES, key=lambda lr: max(abs(1 - lr * value) for value in eigenvalues))
    assert course.lr == best
    assert len(course.points) == GRADIENTS + 1
    losses = race.problem.loss(course.points)
    assert losses.max() == losses[0]
    assert race.course("newton").outcome == "at the minimum after 1 step (1 gradient, 1 Hessian)"
    assert race.course("coordinate-descent").lr is None


def test_bars_stay_bars_outside_of_literal_blocks(extension):
    from optframe_sphinx.docstring import without_substitutions

    text = "|x| and ``|y|``::\n\n    |z|\n\n    |w|\n\n|v|"
    expected = "\\|x\\| and ``|y|``::\n\n    |z|\n\n    |w|\n\n\\|v\\|"
    assert without_substitutions(text) == expected
