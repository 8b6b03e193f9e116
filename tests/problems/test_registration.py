import subprocess
import sys
from importlib import import_module

import pytest

import optframe_problems
from optframe import DatasetLoader, Problem, Transform
from optframe_problems.functions.sphere import Sphere

REGISTERED = [
    *((name, path, Problem) for name, path in optframe_problems.optframe_problems().items()),
    *((name, path, DatasetLoader) for name, path in optframe_problems.optframe_datasets().items()),
]


@pytest.mark.parametrize(("name", "path", "kind"), REGISTERED, ids=[r[0] for r in REGISTERED])
def test_every_name_leads_to_a_component_that_needs_no_arguments(name, path, kind):
    module, attribute = path.split(":")
    component = getattr(import_module(module), attribute)
    assert isinstance(component(), kind)
    assert component() == component()


def test_importing_the_plugin_imports_no_numerical_library():
    heavy = ("numpy", "scipy", "sklearn", "pandas")
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, optframe_problems; print([m for m in {heavy} if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", optframe_problems.optframe_transforms())
def test_every_transform_goes_around_a_problem_and_needs_no_other_argument(name):
    module, attribute = optframe_problems.optframe_transforms()[name].split(":")
    transform, sphere = getattr(import_module(module), attribute), Sphere()
    assert isinstance(transform(sphere), Transform)
    assert transform(sphere).problem is sphere
