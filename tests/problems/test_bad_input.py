"""Data that a problem cannot learn from ends a command with exit code 2 and one line."""

import pytest

from optframe.cli import main

FILES = {
    "one": "1 1:1\n1 2:1\n",
    "malformed": "1 1:1\n2 3:abc\n",
    "blank": "1 1:1\n\n2 2:1\n",
    "empty": "",
    "numbers": "1.5 1:1\n2 2:1\n",
    "not-a-number": "1 1:1\n2 2:nan\n",
    "three": "1 1:1\n2 2:1\n3 1:1\n",
}


@pytest.fixture
def refused(tmp_path, monkeypatch, capsys):
    """Run "PROBLEM" or "PROBLEM with SAMPLER", and return the line that says why not."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTFRAME_DATA", raising=False)
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)

    def run(problem):
        problem, _, sampler = problem.partition(" with ")
        words = ["run", "-o", "sgd", "-p", problem, "--steps", "3", "--no-report"]
        words += ["--sampler", sampler] if sampler else []
        monkeypatch.setattr("sys.argv", ["optframe", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == 2, said
        (line,) = said.err.splitlines()
        assert not (tmp_path / "results").exists()
        return line

    return run


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("logistic:data=libsvm:path=one", "'libsvm:path=one' has one class only"),
        ("softmax:data=libsvm:path=one", "'libsvm:path=one' has one class only"),
        ("logistic:data=libsvm:path=malformed", "malformed, line 2: the value of '3:abc'"),
        ("logistic:data=libsvm:path=blank", "blank, line 2: the line is empty"),
        ("logistic:data=libsvm:path=empty", "empty: the file holds no records"),
        ("logistic:data=libsvm:path=not-a-number", "not-a-number, line 2: the value of '2:nan'"),
        ("logistic:data=libsvm:path=nowhere", "nowhere: no such file, neither as it is, nor in"),
        ("logistic:data=libsvm:path=numbers", "'libsvm:path=numbers' has no classes"),
        ("logistic:data=libsvm", "path is missing"),
        ("logistic:data=diabetes", "data = 'diabetes' has no classes"),
        ("softmax:data=diabetes", "data = 'diabetes' has no classes"),
        ("mlp:data=libsvm:path=three", "the inputs of data = 'libsvm:path=three' are sparse"),
        ("least-squares:data=iris", "data = 'iris' has 3 classes, but this problem predicts"),
        ("ridge:data=libsvm:path=three", "has 3 classes, but this problem predicts a number"),
        ("lasso-smooth:smoothing=0", "smoothing: expected a number > 0, found 0"),
        ("ridge:l2=-1", "l2: expected a number ≥ 0, found -1"),
        ("logistic:data=digits,positive=[10]", "expected some but not all of the classes 0 to 9"),
        ("logistic:data=libsvm:path=three,positive=[7]", "of the classes 0 to 2"),
        ("logistic:data=libsvm:path=three", "batch_size 32 is more; expected at most 3"),
        ("network with shuffled:batch_size=5000", "batch_size 5000 is more; expected at most"),
        ('network:layers=["conv:channels=2"] with full', "unknown layer 'conv'; did you mean"),
        (
            'network:data=iris,layers=["convolution:channels=2"] with full',
            "Network on data = 'iris': layer 1, convolution:channels=2: expected images of shape "
            "(height, width, channels), found (4,)",
        ),
        ("mlp:loss=hinge", "loss: expected one of 'softmax', 'squared', found 'hinge'"),
        ("mlp:dropout_input=1", "dropout_input: expected a number ≥ 0 and < 1, found 1"),
    ],
)
def test_one_line_says_what_is_wrong(problem, said, refused):
    assert said in refused(problem)
