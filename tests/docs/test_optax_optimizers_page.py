"""The page of optax's optimizers: its table names every function, and says what is found again."""

import importlib.util
import re
from importlib.metadata import version
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="jax is not installed: pip install jax")
pytest.importorskip("optax", reason="optax is not installed: pip install optax")

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "optax-optimizers.md").read_text(encoding="utf-8")
ROWS = {
    path: (runs, resumes)
    for path, runs, resumes in re.findall(r"^\| `(\S+)` \| (\w+) \| (\w*) \|", PAGE, re.M)
}


@pytest.fixture(scope="module")
def script():
    if f"optax {version('optax')}, JAX {version('jax')}" not in PAGE:
        pytest.skip("the page was written with another version of optax or JAX")
    spec = importlib.util.spec_from_file_location("optax_page", DOCS / "optax_optimizers.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")  # of names that are deprecated
def test_the_table_names_every_function(script):
    assert ROWS.keys() == dict(script.functions()).keys()
    runs = [path for path, (runs, _) in ROWS.items() if runs == "yes"]
    resume = [path for path, (_, resumes) in ROWS.items() if resumes == "yes"]
    assert f"of {len(ROWS)} functions, {len(runs)} run and {len(resume)} resume." in PAGE


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", ["optax.sgd", "optax.contrib.sophia"])
def test_a_row_says_what_is_found_again(script, path):
    found = script.tried(path, dict(script.functions())[path])
    assert found[:2] == ROWS[path]
