import pytest

from optframe import UsageError
from optframe_problems.network_parts.layer_notation import LAYERS, read
from optframe_problems.network_parts.layers.convolution import Convolution
from optframe_problems.network_parts.layers.max_pool import MaxPool
from optframe_problems.network_parts.layers.relu import Relu
from optframe_problems.networks.network import Network


def test_layers_are_written_like_components():
    assert read("relu", "") == Relu()
    assert read("convolution:channels=64,size=5", "") == Convolution(64, 5)
    assert read("max-pool:size=3,stride=2,padding=same", "") == MaxPool(3, 2, "same")


def test_every_layer_can_be_written():
    needed = {"convolution": ":channels=2", "linear": ":units=2"}
    for name, layer in LAYERS.items():
        assert type(read(name + needed.get(name, ""), "")) is layer


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (["convolutoin:channels=2"], "unknown layer 'convolutoin'; did you mean 'convolution'?"),
        (["relu", "linear"], "layers, number 2 linear: units is missing; expected a whole number"),
        (["linear:units=0"], "units: expected a whole number ≥ 1, found 0"),
        (["dropout:rate=1"], "rate: expected a number ≥ 0 and < 1, found 1"),
        (["convolution:channels=2,kernel=3"], "unknown parameter 'kernel'"),
        (["max-pool:padding=full"], "padding: expected one of 'same', 'valid', found 'full'"),
        (["relu+tanh"], "a layer cannot have wrappers, found 'relu+tanh'"),
        (["linear:units=3,size"], "found 'size', expected parameter=value"),
    ],
)
def test_a_mistake_is_one_line(layers, said):
    with pytest.raises(UsageError) as raised:
        Network(layers=tuple(layers))
    (line,) = raised.value.mistakes
    assert said in line
