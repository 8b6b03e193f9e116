"""Components as plain data: all parameters, but fields that were added only if they are given."""

import pytest

from optframe import Study, load_plugins
from optframe.components.description import resolved
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.wrappers.weight_decay import WeightDecay

REGISTRY = load_plugins()
BEFORE = {
    "adam": "871477ef6831d7492e08baddcd897ad3",
    "adamw": "dcd821218d721bd0bc74d03d3349a496",
    "amsgrad": "8ae5a5bc191fb17a3b286643087eac4f",
    "adagrad": "dd836b69f82624d510957a5346ac8d18",
    "rmsprop": "a89bcfbc2b95cde9b50ca08adc786190",
    "adam+weight-decay:decay=0.01": "e89209e75af8113109804d9856e72270",
}
"""Cells of trials of 30 steps on rosenbrock, from before fields were added to these classes."""


def component(optimizer):
    return Study("x", {"steps": 30}, [optimizer], ["rosenbrock"]).trials(REGISTRY)[0]


@pytest.mark.parametrize("notation", BEFORE)
def test_an_added_field_leaves_cells_as_they_were(notation):
    assert component(notation).cell == BEFORE[notation]


def test_an_added_field_is_there_if_it_is_given():
    plain, given = component("adam"), component("adam:eps_hat=true")
    assert "eps_hat" not in plain.optimizer.values
    assert given.optimizer.values == {**plain.optimizer.values, "eps_hat": True}
    assert plain.cell != given.cell
    assert component(Adam(eps_hat=True)).cell == given.cell
    assert component(Adam()).cell == plain.cell
    values = component("adam+weight-decay:form=after").optimizer.values["wrap"][0]
    assert values == {"name": "weight-decay", "decay": 1e-4, "form": "after"}
    assert (
        component(WeightDecay(Adam(), form="after")).cell
        == component("adam+weight-decay:form=after").cell
    )


def test_points_of_a_grid_have_the_added_field_also_at_its_default():
    """A figure of the field has each of them, and they run together."""
    study = Study("x", {"steps": 3}, ["adagrad:initial=[0.0,0.1]"], ["rosenbrock"])
    found = [trial.optimizer.values["initial"] for trial in study.trials(REGISTRY)]
    assert found == [0.0, 0.1]


def test_what_is_stored_makes_the_same_component_again():
    for notation in ("adam", "adam:eps_hat=true", "rmsprop:momentum=0.5,form=torch"):
        values = component(notation).optimizer.values
        name = notation.partition(":")[0]
        again = REGISTRY.make("optimizers", name, values, notation)
        assert resolved(REGISTRY, again, values) == values
