import pytest

from optframe import UsageError
from optframe.cli import main
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
        (["linear:units=3,size"], "found 'size' where parameter=value was expected"),
    ],
)
def test_a_mistake_is_one_line(layers, said):
    with pytest.raises(UsageError) as raised:
        Network(layers=tuple(layers))
    (line,) = raised.value.mistakes
    assert said in line


@pytest.mark.parametrize(
    ("problem", "sampler", "said"),
    [
        ('network:layers=["conv:channels=2"]', "full", "unknown layer 'conv'; did you mean"),
        (
            'network:data=iris,layers=["convolution:channels=2"]',
            "full",
            "Network on data = 'iris': layer 1, convolution:channels=2: expected images of shape "
            "(height, width, channels), found (4,)",
        ),
        ("network", "shuffled:batch_size=5000", "batch_size 5000 is more; expected at most"),
        ("mlp:loss=hinge", "full", "loss: expected one of 'softmax', 'squared', found 'hinge'"),
        ("mlp:dropout_input=1", "full", "dropout_input: expected a number ≥ 0 and < 1, found 1"),
    ],
)
def test_a_command_ends_with_one_line(problem, sampler, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["run", "-o", "sgd", "-p", problem, "--sampler", sampler, "--steps", "3", "--no-report"]
    monkeypatch.setattr("sys.argv", ["optframe", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2, printed
    (line,) = printed.err.splitlines()
    assert said in line
