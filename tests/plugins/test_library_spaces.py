"""The spaces of optimizers of other libraries."""

from importlib.util import find_spec

import pytest

import optframe
from optframe.components.spaces import declared, undeclared
from optframe.components.tuned import declared_in, spaces_in
from optframe_plugins.optimizers.adam import Adam
from optframe_plugins.optimizers.adamw import AdamW
from optframe_plugins.optimizers.rmsprop import RMSProp
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.usual_spaces import MOMENTUM

ADAM = Adam.spaces
EXPECTED = {
    "torch.optim.SGD": {"lr": SGD.spaces["lr"], "momentum": MOMENTUM},
    "torch.optim.Adam": {"lr": ADAM["lr"], "eps": ADAM["eps"]},
    "torch.optim.AdamW": {
        "lr": ADAM["lr"],
        "weight_decay": AdamW.spaces["weight_decay"],
        "eps": ADAM["eps"],
    },
    "torch.optim.LBFGS": {},
    "optax.sgd": {"learning_rate": SGD.spaces["lr"], "momentum": MOMENTUM},
    "optax.adam": {
        "learning_rate": ADAM["lr"],
        "b1": ADAM["beta1"],
        "b2": ADAM["beta2"],
        "eps": ADAM["eps"],
    },
    "optax.contrib.dog": {},
    "keras.optimizers.RMSprop": {
        "learning_rate": ADAM["lr"],
        "rho": RMSProp.spaces["rho"],
        "momentum": RMSProp.spaces["momentum"],
        "epsilon": ADAM["eps"],
    },
    "scipy.optimize.minimize": {},
}


@pytest.mark.parametrize("path", EXPECTED)
def test_well_known_optimizers_have_the_spaces_of_their_method(path):
    if find_spec(path.partition(".")[0]) is None:
        pytest.skip(f"{path.partition('.')[0]} is not installed")
    registry = optframe.load_plugins()
    spaces = declared(registry, "optimizers", path)
    assert spaces == EXPECTED[path]
    assert [*spaces] == [*EXPECTED[path]]
    assert spaces_in(registry, "optimizers", {"name": path, **spaces}, path) == spaces
    assert declared_in(registry, "optimizers", {"name": path}, path) == spaces


def test_an_unknown_optimizer_of_torch_needs_a_space_which_is_said(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    (tmp_path / "mine_of_torch.py").write_text(
        "import torch\n\n\nclass Adam(torch.optim.Adam):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry = optframe.load_plugins()
    assert declared(registry, "optimizers", "mine_of_torch.Adam") == {}
    line = undeclared("mine_of_torch.Adam", "lr")
    assert line == (
        "mine_of_torch.Adam: lr has no declared space; expected one in the study, such as "
        'lr = { low = 1e-4, high = 1e-1, scale = "log" }, or lr=1e-4..1e-1 in the short notation'
    )


def test_a_range_in_a_study_has_the_scale_of_the_library_s_space():
    pytest.importorskip("optax")
    registry = optframe.load_plugins()
    table = {"name": "optax.adam", "learning_rate": 0.1, "b1": {"low": 0.5, "high": 0.9}}
    assert spaces_in(registry, "optimizers", table, "it")["b1"].scale == "one-minus-log"
