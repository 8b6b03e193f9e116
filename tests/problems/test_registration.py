from importlib import import_module

import pytest

import optframe_problems
from optframe import DatasetLoader, Problem

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
