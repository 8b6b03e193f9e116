import pickle
from pathlib import Path

import pytest

from optframe import Budget, Study, UsageError
from optframe.contracts.trial import Checkpoints

# The study file of the design, word for word.
AS_WRITTEN = """
[study]
name = "quickstart"
seed = 0
seeds = 5                           # indices 0..4; a deterministic cell with a fixed start runs once
budget = { epochs = 10 }            # steps | epochs | gradients | seconds; target, gradient_norm, patience beside it

[[optimizer]]
name = "sgd"
lr = [0.01, 0.1]                    # a list is a grid, unless the field is a sequence (then a list of lists is)

[[optimizer]]
name = "adam"
lr = { schedule = "linear", start = 1e-3, end = 1e-5, steps = 2000 }
wrap = [{ name = "clip-norm", max = 1.0 }]

[[problem]]
name = "mlp"
data = "digits"
hidden = [32]

[[problem]]
name = "rosenbrock"
budget = { steps = 2000, target = 1e-6 }   # a problem or an optimizer may override; optimizers = [..] / problems = [..] restrict the pairing

[[sampler]]
name = "shuffled"
batch_size = [32, 128]
"""  # noqa: E501

SGD = "sgd:lr={}"
ADAM = "adam:lr={{schedule=linear,start=0.001,end=1e-05,steps=2000}}+clip-norm:max=1"


@pytest.fixture
def write(tmp_path):
    """Write a study file and return its path."""

    def written(text):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


MINIMAL = """
[study]
budget = { steps = 3 }
[[optimizer]]
name = "sgd"
[[problem]]
name = "rosenbrock"
"""


def mistakes(path, registry):
    with pytest.raises(UsageError) as caught:
        Study.from_file(path).trials(registry)
    prefix = f"{path}: "
    assert all(mistake.startswith(prefix) for mistake in caught.value.mistakes)
    return [mistake.removeprefix(prefix) for mistake in caught.value.mistakes]


def test_checkpoints_may_be_every_so_many_steps_in_a_file(write, registry):
    path = write(MINIMAL + "[run]\ncheckpoints = { every_steps = 1 }\n")
    trial = Study.from_file(path).trials(registry)[0]
    assert trial.checkpoints == Checkpoints(every_steps=1)
    assert type(trial.checkpoints.every_steps) is int


def test_the_designs_study_is_planned_as_it_is_written(write, registry):
    trials = Study.from_file(write(AS_WRITTEN)).trials(registry)
    optimizers = [SGD.format(0.01), SGD.format(0.1), ADAM.format()]
    learning = [
        ("mlp:data=digits,hidden=[32]", f"shuffled:batch_size={size}", optimizer, seed)
        for size in (32, 128)
        for optimizer in optimizers
        for seed in range(5)
    ]
    functions = [("rosenbrock", "none", optimizer, 0) for optimizer in optimizers]
    assert [(t.problem.label, t.sampler.label, t.optimizer.label, t.seed) for t in trials] == (
        learning + functions
    )
    assert {t.budget for t in trials[: len(learning)]} == {Budget(epochs=10.0)}
    assert {t.budget for t in trials[len(learning) :]} == {Budget(steps=2000, target={"gap": 1e-6})}
    assert {t.dtype for t in trials[: len(learning)]} == {"float32"}
    assert {t.dtype for t in trials[len(learning) :]} == {"float64"}
    assert len({t.key for t in trials}) == len(trials)


def test_a_minimal_study_has_defaults(write, registry):
    study = Study.from_file(write(MINIMAL))
    assert (study.name, study.seed, study.seeds, study.start) == ("study", 0, 1, "standard")
    assert study.samplers == ("shuffled",)
    (trial,) = study.trials(registry)
    assert (trial.optimizer.label, trial.sampler.label, trial.threads) == ("sgd", "none", 1)


def test_a_byte_order_mark_is_no_mistake(tmp_path, registry):
    path = tmp_path / "study.toml"
    path.write_text(MINIMAL, encoding="utf-8-sig")
    assert len(Study.from_file(path).trials(registry)) == 1


def test_settings_of_the_command_line_override_the_table_run(write):
    path = write(MINIMAL + "[run]\nthreads = 3\nbackend = 'cupy'\n")
    study = Study.from_file(path, {"run": {"backend": "numpy"}})
    assert (study.run.backend, study.run.threads) == ("numpy", 3)
    assert study.changed == ()


def test_all_mistakes_of_a_file_are_told_at_once_with_table_and_key(write, registry):
    path = write(
        """
[study]
seeds = 0
sead = 3
budget = { steps = "many" }
[run]
thread = 2
backend = "nunpy"
executor = "cereal"
[studdy]
[[optimizer]]
name = "addam"
[[optimizer]]
name = "sgd"
lr = -1
momentum = 0.9
budget = { step = 3 }
[[problem]]
name = "rosenbrok"
[[problem]]
name = "quadratic"
size = 2.5
[[sampler]]
batch_size = 32
"""
    )
    assert sorted(mistakes(path, registry)) == sorted(
        [
            "unknown table [studdy]; did you mean 'study'?",
            "[study]: seeds: expected a whole number from 1 to 1,000,000, found 0",
            "[study]: unknown parameter 'sead'; did you mean 'seed'?",
            "[study] budget: steps: expected a whole number from 1 to 2**53, found 'many'",
            "[run]: unknown parameter 'thread'; did you mean 'threads'?",
            "[run] backend: unknown backend 'nunpy'; did you mean 'numpy'?",
            "[run] executor: unknown executor 'cereal'; did you mean 'serial'?",
            "[[optimizer]]: unknown optimizer 'addam'; did you mean 'adam'?",
            "[[optimizer]] sgd: lr: expected a number > 0, found -1",
            "[[optimizer]] sgd: unknown parameter 'momentum'; expected one of: lr",
            "[[optimizer]] sgd: budget: unknown parameter 'step'; did you mean 'steps'?",
            "[[problem]]: unknown problem 'rosenbrok'; did you mean 'rosenbrock'?",
            "[[problem]] quadratic: size: expected a whole number ≥ 1, found 2.5",
            "[[sampler]]: name is missing; expected a string",
        ]
    )


STEPS, BY_SGD, ROSENBROCK = "{ steps = 3 }", 'name = "sgd"', 'name = "rosenbrock"'
PAIRED = "problems names 'rosenbrok', which is not in this study; did you mean 'rosenbrock'?"
MISSPELLED = "wrap clip-nrom: unknown wrapper 'clip-nrom'; did you mean 'clip-n"
FORM = " is written in another form; write"
NONE = "expected a table such as { steps = 1000 }, found nothing"
ENDLESS = "no budget is given; expected at least one of steps, epochs, gradients, work, seconds"
TWO = "target: found 2 metrics, expected one, as in { test_accuracy = 0.95 }"


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (f"budget = {STEPS}", "", f"[study] budget: {NONE}"),
        (STEPS, "3", "[study]: budget: expected a table"),
        (STEPS, "{ target = 0.1 }", f"[study] budget: {ENDLESS}"),
        (STEPS, "{ steps = 3, target = { a = 1, b = 2 } }", f"[study] budget: {TWO}"),
        (STEPS, "{ epochs = 3 }", "[study] budget: found epochs, but rosenbrock has no data"),
        ("[[optimizer]]", "[optimizer]", f"optimizer{FORM} [[optimizer]]"),
        ("[study]", "[[study]]", f"study{FORM} [study]"),
        (BY_SGD, "", "[[optimizer]]: name is missing; expected a string"),
        (BY_SGD, "name = 3", "[[optimizer]]: name is 3; expected a string"),
        (BY_SGD, f"{BY_SGD}\nlr = []", "[[optimizer]] sgd: lr is an empty list"),
        (BY_SGD, f"{BY_SGD}\nlabel = 3", "[[optimizer]] sgd: label: expected a string"),
        (BY_SGD, f'{BY_SGD}\nproblems = "rosenbrock"', "problems: expected a list of"),
        (BY_SGD, f'{BY_SGD}\nproblems = ["rosenbrok"]', f"[[optimizer]] sgd: {PAIRED}"),
        (
            BY_SGD,
            f'{BY_SGD}\nwrap = [{{ name = "clip-nrom" }}]',
            f"[[optimizer]] sgd: {MISSPELLED}",
        ),
        (
            BY_SGD,
            f'{BY_SGD}\nwrap = [{{ name = "clip-norm", max = -1 }}]',
            "[[optimizer]] sgd: wrap clip-norm: max: expected a number > 0, found -1",
        ),
        (BY_SGD, f'{BY_SGD}\nwrap = "clip-norm"', "wrap: expected a list of tables"),
        (
            BY_SGD,
            f'{BY_SGD}\nlr = {{ schedule = "linear", start = 1, end = 0 }}',
            "[[optimizer]] sgd: lr: expected one of steps, share and epochs, found none of them",
        ),
        (
            "[[problem]]",
            "[run]\ncheckpoints = { every = 3 }\n[[problem]]",
            "[run] checkpoints: unknown parameter 'every'; did you mean 'every_steps'?",
        ),
        (
            ROSENBROCK,
            'name = "mlp"\ndata = "digitts"',
            "[[problem]] mlp: data 'digitts': unknown data set 'digitts'; did you mean 'digits'?",
        ),
        (
            ROSENBROCK,
            'name = "logistic"\ndata = "tiny:records=0"',
            "[[problem]] logistic: data 'tiny:records=0': records: expected a whole number ≥ 1",
        ),
        (
            ROSENBROCK,
            'name = "logistic"\ndata = "tiny"\n[[sampler]]\nname = "shuffled"\nbatch_size = 21',
            "[[sampler]] shuffled: logistic:data=tiny has 20 training records; batch_size 21 is "
            "more",
        ),
        (
            ROSENBROCK,
            f'{ROSENBROCK}\nstart = "anywhere"',
            "[[problem]] rosenbrock: start: expected one of 'standard', 'random'",
        ),
        (STEPS, f'{STEPS}\ndtype = "float16"', "[study]: dtype: expected one of"),
        (
            STEPS,
            f"{STEPS}\nseed = -1",
            "[study]: seed: expected a whole number from 0 to 2**128 - 1",
        ),
        (STEPS, f"{STEPS}\nname = 3", "[study]: name: expected a string, found 3"),
    ],
)
def test_a_mistake_is_told_in_one_line(write, registry, old, new, mistake):
    assert old in MINIMAL
    (line,) = mistakes(write(MINIMAL.replace(old, new)), registry)
    assert mistake in line


def test_a_study_without_components_says_what_it_lacks(write, registry):
    assert mistakes(write(""), registry) == [
        "the study has no [[optimizer]]; add at least one",
        "the study has no [[problem]]; add at least one",
    ]


def test_the_missing_budget_is_told_beside_other_mistakes(write, registry):
    text = MINIMAL.replace("budget = { steps = 3 }", "") + '[[problem]]\nname = "x"\n'
    assert [line.partition(":")[0] for line in mistakes(write(text), registry)] == [
        "[[problem]]",
        "[study] budget",
    ]


@pytest.mark.parametrize("wrong", ["optimizer", "sampler"])
def test_no_data_set_is_loaded_where_a_name_is_wrong(write, registry, wrong):
    """Loading takes seconds, or a download. What is wrong with the data's name is still told."""
    loaded = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry.load("datasets", "digits"), "load", loaded.append)
        text = '[[problem]]\nname = "softmax"\ndata = "{}"\n[[{}]]\nname = "x"\n'
        lines = mistakes(write(MINIMAL + text.format("digits", wrong)), registry)
        assert [line.partition("]]")[0] for line in lines] == [f"[[{wrong}"]
        lines = mistakes(write(MINIMAL + text.format("digitz", wrong)), registry)
        assert {line.partition("]]")[0] for line in lines} == {f"[[{wrong}", "[[problem"}
    assert not loaded


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.toml", r"nowhere.toml: No such file or directory$"),
        ("", r"found a folder, expected a file$"),
    ],
)
def test_what_is_no_file_is_a_mistake(tmp_path, name, said):
    with pytest.raises(UsageError, match=said):
        Study.from_file(tmp_path / name)


@pytest.mark.parametrize("content", [b"[study\n", b"\xff\xfe", b"name = 1\nname = 2\n"])
def test_a_file_that_is_not_toml_is_a_mistake_with_the_place(tmp_path, content):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"study.toml: not a TOML file: ") as caught:
        Study.from_file(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"seed": -1}, "[study]: seed: expected a whole number from 0 to 2**128 - 1, found -1"),
        ({"seeds": 0}, "[study]: seeds: expected a whole number from 1 to 1,000,000, found 0"),
        ({"run": {"jobs": 2}}, "run: expected study.settings.RunSettings, found {'jobs': 2}"),
        ({"start": "elsewhere"}, "[study]: start: expected one of 'standard', 'random'"),
        ({"dtype": "float16"}, "[study]: dtype: expected one of 'float32', 'float64'"),
        (
            {"budget": Budget(steps=-3)},
            "[study] budget: steps: expected a whole number from 1 to 2**53",
        ),
        ({"optimizers": [3]}, "optimizers: found a int; expected a name, a table, or an object"),
    ],
)
def test_a_study_made_in_python_is_checked_like_a_file(plan, given, mistake):
    with pytest.raises(UsageError) as caught:
        plan(**given)
    (line,) = caught.value.mistakes
    assert mistake in line


def test_a_budget_says_what_ends_a_run():
    budget = Budget(steps=100, target={"test_accuracy": 0.95}, patience=3)
    assert str(budget) == "steps 100, target test_accuracy 0.95, patience 3"
    assert budget.goal == ("test_accuracy", 0.95)
    assert Budget(steps=1, target=1e-6).goal == ("loss", 1e-6)
    assert Budget(epochs=1).goal is None


@pytest.mark.parametrize("given", [{}, {"target": 0.1}, {"patience": 3}])
def test_a_budget_has_to_end(given):
    with pytest.raises(ValueError, match="no budget is given"):
        Budget(**given)


def test_a_budgets_table_is_read_back():
    for budget in (
        Budget(steps=3),
        Budget(epochs=2.5, target=1e-3, target_every=7),
        Budget(seconds=1.0, target={"accuracy": 1.0}),
    ):
        assert Budget(**budget.table) == budget


def test_trials_are_plain_data(write, registry):
    (trial,) = Study.from_file(write(MINIMAL)).trials(registry)
    again = pickle.loads(pickle.dumps(trial))
    assert again == trial
    assert hash(again) == hash(trial)
    assert (again.cell, again.key) == (trial.cell, trial.key)


@pytest.mark.parametrize(
    ("name", "folder"),
    [("quickstart", "quickstart"), ("../up", "up"), ("a b/c", "a-b-c"), ("Größe", "Größe")],
)
def test_results_go_into_a_folder_of_the_studys_name(name, folder):
    study = Study(name, {"steps": 1}, "sgd", "rosenbrock")
    assert study.folder == Path("results") / folder
