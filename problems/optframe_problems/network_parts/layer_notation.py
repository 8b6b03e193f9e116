"""Read layers from the short notation."""

from optframe.components.notation import parse
from optframe.components.parameters import build
from optframe.errors import UsageError, nearest
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.dropout import Dropout
from optframe_problems.network_parts.layers.flatten import Flatten
from optframe_problems.network_parts.layers.layer import Layer
from optframe_problems.network_parts.layers.linear import Linear
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.network_parts.layers.sigmoid import Sigmoid
from optframe_problems.network_parts.layers.tanh import Tanh

__all__ = ["LAYERS", "read"]

LAYERS: dict[str, type[Layer]] = {
    "convolution": Convolution,
    "dropout": Dropout,
    "flatten": Flatten,
    "linear": Linear,
    "max-pool": MaxPool,
    "relu": Relu,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
}


def read(notation: str, where: str) -> Layer:
    """Make a layer from the short notation: ``"convolution:channels=64,size=5"``.

    Raises
    ------
    UsageError
        Where it cannot be read, the name is unknown, or a parameter is wrong; ``where`` is what
        the line begins with.
    """
    table = parse(notation)
    name = table.pop("name")
    if name not in LAYERS:
        raise UsageError(f"{where}: unknown layer {name!r}; {nearest(name, LAYERS)}")
    if "wrap" in table:
        raise UsageError(f"{where}: a layer cannot have wrappers, found {notation!r}")
    layer: Layer = build(LAYERS[name], table, f"{where} {name}")
    return layer
