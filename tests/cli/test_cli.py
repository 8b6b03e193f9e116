import contextlib
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from optframe import load, load_plugins
from optframe.cli.main import COMMANDS
from optframe.components.kinds import KINDS
from optframe.components.registry import Registry

TESTS = Path(__file__).parent.parent
BROKEN = str(TESTS / "broken_plugins" / "raises_on_import.py")

STUDY = """
study = { name = "größe-θ", seeds = 5, budget = { steps = 10 } }
optimizer = [{ name = "sgd", lr = 0.001, label = "LABEL" }, { name = "sgd", lr = 10 }]
problem = [{ name = "rosenbrock", start = "random" }]
"""
LABEL = (
    "Gradientenabstieg mit einer Bezeichnung, die über den Rand jeder Tabelle hinausgeht, 数学 θ"
)


def sample(name):
    return ["-P", str(TESTS / "sample_plugins" / f"{name}.py")]


def in_a_process(*words, **given):
    command = [sys.executable, "-m", "optframe", *map(str, words)]
    return subprocess.run(command, text=True, timeout=120, **given)


def test_help_names_every_command_and_the_exit_codes(optframe):
    finished = optframe("--help")
    assert (finished.code, finished.err) == (0, "")
    for name, summary in COMMANDS.items():
        assert any(line.split() == [name, *summary.split()] for line in finished.out.splitlines())
    assert "Exit codes: 0 done; 1 some trials failed; 2 usage error" in finished.out
    assert max(map(len, finished.out.splitlines())) <= 80


def test_no_words_are_a_question_for_help(optframe):
    assert optframe() == optframe("-h")


READ_STORES_ALONE = {"export", "merge"}
"""Commands that need no plugin."""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(optframe, command):
    finished = optframe(command, "--help")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith(f"Usage: optframe {command} ")
    for option in ("-P, --plugin", "--without", "--strict"):
        assert (option in finished.out) == (command not in READ_STORES_ALONE)


def test_the_version_is_told(optframe):
    assert optframe("--version") == (0, "optframe, version 0.1.0\n", "")


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        (["lst"], "unknown command 'lst'; did you mean 'list'?"),
        (["--nope"], "No such option '--nope'."),
        (["run", "--seeds", "many"], "Invalid value for '--seeds'"),
        (["run", "a.toml", "b.toml"], "Got unexpected extra argument"),
        (["show"], "Missing argument 'NAME'."),
        (["list", "optimisers"], "unknown kind 'optimisers'; did you mean 'optimizers'?"),
        (["show", "addam"], "unknown component 'addam'; did you mean 'adam'?"),
        (["list", "-P", "nowhere.py"], "-P nowhere.py: no such file"),
        (["list", "--without", "me"], "--without me: no installed plugin has this name"),
        (["run"], "name a study, or at least one optimizer (-o) and one problem (-p)"),
        (["run", "-o", "sgd"], "name a study, or at least one optimizer (-o) and one problem (-p)"),
        (["run", "nowhere.toml"], "nowhere.toml: No such file or directory"),
        (["run", "quickstat"], "unknown study 'quickstat'; did you mean 'quickstart'?"),
        (
            ["run", "quickstart", "-o", "sgd", "--seeds", "3", "--steps", "3"],
            "--optimizer, --steps: found together with the study 'quickstart'",
        ),
        (
            ["run", "-o", "sgd:lr=[", "-p", "rosenbrock", "--steps", "3"],
            "'sgd:lr=[': found an unbalanced quote or bracket",
        ),
        (
            ["run", "-o", "sgd", "-p", "rosenbrock", "--epochs", "3"],
            "command line: [study] budget: found epochs, but rosenbrock has no data",
        ),
        (
            [
                *("run", "-o", "sgd", "-p", "rosenbrock", "--steps", "3", "--jobs", "2"),
                *("--executor", "serial"),
            ],
            "command line: [run] jobs: found 2, but executor 'serial' runs one trial at a time, in "
            "this process",
        ),
    ],
)
def test_wrong_words_are_told_in_one_line(optframe, words, mistake):
    finished = optframe(*words)
    assert (finished.code, finished.out) == (2, "")
    (line,) = finished.mistakes
    assert line.startswith(mistake)
    assert os.listdir() == []


def test_all_wrong_words_are_told(optframe):
    finished = optframe("run", "-o", "addam", "-o", "sgd:lr=-1", "-p", "rosenbrok", "--seeds", 0)
    assert finished.code == 2
    assert sorted(finished.mistakes) == [
        "command line: [[optimizer]] sgd: lr: expected a number > 0, found -1",
        "command line: [[optimizer]]: unknown optimizer 'addam'; did you mean 'adam'?",
        "command line: [[problem]]: unknown problem 'rosenbrok'; did you mean 'rosenbrock'?",
        "command line: [study] budget: no budget is given; expected at least one of steps, epochs, "
        "gradients, work, seconds",
        "command line: [study]: seeds: expected a whole number from 1 to 1,000,000, found 0",
    ]


def test_the_list_shows_every_component_once(optframe):
    finished = optframe("list")
    assert (finished.code, finished.err) == (0, "")
    registry = load_plugins()
    lines = finished.out.splitlines()
    shown = {kind: [] for kind in KINDS}
    for line in lines:
        if line in KINDS:
            kind = line
        else:
            shown[kind].append(line.split()[0])
            assert len(line.split()) > 3  # its name, and what it is
    assert shown == {kind: registry.names(kind) for kind in KINDS}


def test_one_kind_is_listed_by_its_plural_or_singular(optframe):
    plural = optframe("list", "schedules")
    assert plural.code == 0
    assert plural.out.splitlines()[0] == "schedules"
    names = [line.split()[0] for line in plural.out.splitlines()[1:]]
    assert names == load_plugins().names("schedules")
    assert optframe("list", "schedule") == plural
    assert optframe("list", "searches").out.splitlines()[0] == "searches"


def test_a_strangers_component_is_listed_with_its_owner(optframe):
    finished = optframe("list", "datasets", *sample("tiny"))
    assert any(line.endswith("[tiny]") for line in finished.out.splitlines())


def test_show_gives_parameters_with_range_and_default(optframe):
    finished = optframe("show", "adam")
    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith("adam  (optimizers, from optframe_plugins)\n")
    assert "Kingma" in finished.out
    assert "needs: gradient" in finished.out
    assert "  lr               a number > 0; default 0.001\n" in finished.out
    assert "  beta1            a number ≥ 0 and < 1; default 0.9\n" in finished.out
    assert "  eps_inside_root  true or false; default false\n" in finished.out


def test_show_gives_the_usual_spaces_with_their_sources(optframe):
    shown = optframe("show", "adam").out.partition("\nusual spaces, for tuning:\n")[2].splitlines()
    assert shown[0] == "  lr     2.7e-06..0.33, log"
    assert shown[1].startswith("         Sivaprasad et al. (2020), Optimizer benchmarking")
    assert "  beta1  0.5..0.98, one-minus-log" in shown
    assert all(len(line) <= 100 for line in shown)
    assert "usual spaces" not in optframe("show", "newton").out


def test_show_says_what_the_defaults_need(optframe):
    assert "\nneeds: coordinate_minimum\n" in optframe("show", "coordinate-descent").out
    assert "\nneeds: deterministic, gradient, loss\n" in optframe("show", "bfgs").out


def test_show_gives_a_protocols_numbers_and_what_differs(optframe):
    shown = optframe("show", "deepobs").out
    assert "\ntuner: grid:points=36\ntrials: 36\nruns of a setting: 1\n" in shown
    assert "\nchosen by: validation_accuracy, else validation_loss, else loss\n" in shown
    assert "\nOtherwise than in the source:\n  Ten fresh seeds are judged; " in shown


def test_show_says_what_is_required(optframe):
    assert re.search(r"^  start +a number; required$", optframe("show", "linear").out, re.M)


def test_show_prints_a_study(optframe):
    finished = optframe("show", "quickstart")
    assert "(studies, from optframe_reports)" in finished.out
    assert "[[optimizer]]" in finished.out


def test_plugins_are_listed_with_what_they_register(optframe):
    finished = optframe("plugins", *sample("tiny"), "--without", "optframe_reports")
    assert (finished.code, finished.err) == (0, "")
    optimizers = ", ".join(load_plugins().names("optimizers"))
    assert f"optframe_plugins  (optframe-bench 0.1.0)\n  optimizers: {optimizers}\n" in finished.out
    assert "optframe_reports" not in finished.out
    assert f"tiny  ({sample('tiny')[1]} " in finished.out
    assert "  datasets: tiny\n" in finished.out


@pytest.mark.parametrize("command", [["list"], ["show", "sgd"], ["run", "quickstart"]])
def test_a_broken_plugin_that_was_named_is_an_error(optframe, command):
    finished = optframe(*command, "-P", BROKEN)
    assert (finished.code, finished.out) == (4, "")
    assert finished.mistakes == [
        f"-P {BROKEN}: plugin 'raises_on_import': RuntimeError: the licence server is down"
    ]


@pytest.mark.parametrize("command", [["list"], ["doctor"], ["run", "quickstart"]])
def test_a_broken_plugin_is_an_error_where_one_is_strict(optframe, command):
    finished = optframe(*command, "-P", BROKEN, "--strict")
    assert (finished.code, finished.out) == (4, "")
    assert finished.mistakes == [
        f"plugin 'raises_on_import' ({BROKEN}): RuntimeError: the licence server is down"
    ]


def test_the_doctor_finds_nothing_to_complain_about(optframe):
    finished = optframe("doctor")
    assert (finished.code, finished.err) == (0, "")
    assert "optframe 0.1.0, Python 3." in finished.out
    assert "  numpy: available on cpu\n" in finished.out
    assert "missing" not in finished.out
    assert finished.out.count("components, ok\n") >= 3


def test_optimizers_and_problems_are_run_from_the_command_line(optframe):
    finished = optframe(
        *("run", "-o", "adam:lr=0.1+clip-norm:max=1", "-o", "sgd:lr=1e-3"),
        *("-p", "rosenbrock", "-p", "logistic:data=tiny", "-s", "shuffled:batch_size=5"),
        *("--seeds", 2, "--seed", 3, "--steps", 20, "--target", 1e-9, "--backend", "numpy"),
        *("--executor", "serial", "--no-report", *sample("tiny")),
    )
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert lines[0] == "command-line: 6 trials"
    assert lines[-1] == "store:  results/command-line/store.sqlite"
    trials = load("results/command-line").trials
    assert trials["optimizer"].unique().tolist() == ["adam:lr=0.1+clip-norm:max=1", "sgd:lr=0.001"]
    assert trials["study_seed"].unique().tolist() == [3]
    budgets = trials.groupby("problem")["budget"].unique().map(list).to_dict()
    assert budgets["rosenbrock"] == ["steps 20, target gap 1e-09"]
    assert len(budgets) == 2
    assert os.listdir("results/command-line") == ["store.sqlite"]


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace("LABEL", LABEL), encoding="utf-8")
    return path


def test_a_study_prints_plain_lines_where_no_terminal_is(optframe, study):
    finished = optframe("run", study, "--no-report", "--out", "out")
    assert (finished.code, finished.err) == (0, "")
    lines = finished.out.splitlines()
    assert lines[0] == "größe-θ: 10 trials"
    ends = (f"{LABEL} on rosenbrock: finished", "sgd:lr=10 on rosenbrock: diverged")
    for i in range(1, 11, 2):  # seed by seed, in random order
        either = [
            [f"  {i}/10 trials, last {first}", f"  {i + 1}/10 trials, last {second}"]
            for first, second in (ends, ends[::-1])
        ]
        assert lines[i : i + 2] in either
    assert "\x1b" not in finished.out  # no colours, no cursor


def test_a_long_study_says_something_ten_times(optframe, study):
    study.write_text(study.read_text(encoding="utf-8").replace("seeds = 5", "seeds = 40"))
    finished = optframe("run", study, "--no-report", "--out", "out")
    lines = [line for line in finished.out.splitlines() if " trials, last " in line]
    assert [line.split("/")[0].strip() for line in lines] == [str(8 * i) for i in range(1, 11)]


@pytest.mark.parametrize("columns", ["60", "200"])
def test_a_long_name_is_shown_whole(optframe, study, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    table = optframe("run", study, "--no-report", "--out", "out").out.partition("┏")[2]
    cells = [line.split("│")[1].strip() for line in table.splitlines() if "│" in line]
    assert "".join(LABEL.split()) in "".join("".join(cells).split())


def test_the_second_run_says_that_there_is_nothing_to_do(optframe, study):
    first = optframe("run", study, "--no-report", "--out", "out")
    before = Path("out/store.sqlite").read_bytes()
    second = optframe("run", study, "--no-report", "--out", "out")
    assert second.code == 0
    assert second.out.splitlines()[:2] == [
        "größe-θ: 10 trials, 10 found in the store, 0 to run",
        "10 trials were in the store already; nothing was run now",
    ]
    assert first.out.partition("rosenbrock  ")[2] == second.out.partition("rosenbrock  ")[2]
    assert len(before) == Path("out/store.sqlite").stat().st_size


def test_failed_trials_are_named_and_the_exit_code_is_1(optframe):
    finished = optframe(
        *("run", "-o", "stumbles", "-o", "lunar", "-o", "adam", "-p", "rosenbrock", "--steps", 9),
        *("--no-report", *sample("flawed"), *sample("demanding")),
    )
    assert finished.code == 1
    assert finished.mistakes == [
        "stumbles on rosenbrock failed: ArithmeticError: stumbled over two lines",
        "the tracebacks are in optframe.load('results/command-line').trials['traceback']",
    ]
    assert "skipped: lunar needs moon, which rosenbrock does not support" in finished.out
    assert "Traceback" not in finished.out + finished.err


def test_diverged_and_skipped_trials_are_results(optframe):
    finished = optframe(
        *("run", "-o", "sgd:lr=9", "-o", "lunar", "-p", "rosenbrock", "--steps", 9),
        *("--no-report", *sample("demanding")),
    )
    assert (finished.code, finished.err) == (0, "")
    assert "1 diverged" in finished.out
    assert "1 skipped" in finished.out


def test_a_run_ends_with_a_report_that_can_be_drawn_again(optframe, study):
    finished = optframe("run", study, "--out", "out")
    assert finished.out.splitlines()[-1] == "report: out/report/index.html"
    page = Path("out/report/index.html")
    drawn = page.read_bytes()
    page.unlink()
    again = optframe("report", "out")
    assert (again.code, again.out) == (0, "report: out/report/index.html\n")
    for line in again.mistakes:  # where no Chinese font is installed
        assert line.startswith("figures show boxes in place of 学 数, which no installed font has")
    assert page.read_bytes() == drawn
    assert optframe("report", "out", "--out", "there").out == "report: there/index.html\n"
    assert Path("there/index.html").exists()


def test_a_report_compares_by_what_is_asked(optframe, study):
    target = ["-o", "sgd:lr=0.001", "-o", "bfgs", "-p", "rosenbrock", "--target", 1e-6]
    finished = optframe("run", *target, "--work", 40, "--out", "out", "--no-report")
    assert finished.code == 0
    assert "work to target" in finished.out
    tables = {}
    for cost in ("work", "steps", "seconds"):
        words = ("--cost", cost, "--metric", "loss", "--format", "md", "--out", cost)
        assert optframe("report", "out", *words) == (0, f"report: {cost}/report.md\n", "")
        tables[cost] = Path(f"{cost}/report.md").read_text()
        assert "\n\nbfgs leads on rosenbrock, but is not shown to be better" in tables[cost]
        assert f"| {cost} to target |" in tables[cost]
    assert "work to target" in tables["work"]
    assert "work to target" not in tables["steps"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cost", "wrok"], "unknown cost 'wrok'; did you mean 'work'?"),
        (["--cost", "x"], "unknown cost 'x'; expected one of: epochs, evaluations, gradients, rec"),
        (["--metric", "lsos"], "out: no run measured the metric 'lsos'; did you mean 'loss'?"),
        (["--metric", "test_loss"], "out: no run measured the metric 'test_loss'; did you mean"),
    ],
)
def test_a_report_by_what_there_is_not_is_a_usage_error(optframe, words, said):
    optframe("run", "-o", "sgd", "-p", "rosenbrock", "--steps", 3, "--out", "out", "--no-report")
    finished = optframe("report", "out", *words)
    assert finished.code == 2
    (line,) = finished.mistakes
    assert line.startswith(said)
    assert not Path("out/report").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nowhere"], "nowhere: found no results; expected the folder of `optframe run"),
        (["run", "--out", "/dev/null"], "/dev/null: expected a folder, found a file"),
        (["run", "--out", "/sys/kernel"], "/sys/kernel/store.sqlite: the file cannot be opened"),
        (["run", "--out", "diary"], "diary/store.sqlite: found a damaged store or another file"),
    ],
)
def test_a_folder_that_cannot_be_used_is_infrastructure(optframe, words, said):
    Path("diary").mkdir()
    Path("diary/store.sqlite").write_text("dear diary,\n" * 100)
    if words[0] == "run":
        words = [*words, "-o", "sgd", "-p", "rosenbrock", "--steps", "3"]
    finished = optframe(*words)
    assert finished.code == 4
    (line,) = finished.mistakes
    assert line.startswith(said)
    assert Path("diary/store.sqlite").read_text() == "dear diary,\n" * 100


@pytest.mark.skipif(
    load_plugins().make("backends", "cupy").is_available(), reason="there is a CUDA device"
)
def test_a_missing_device_is_told_with_what_to_install(optframe):
    words = ("run", "-o", "sgd", "-p", "rosenbrock", "--steps", 3, "--backend", "cupy")
    finished = optframe(*words)
    assert (finished.code, finished.out) == (4, "")
    (line,) = finished.mistakes
    assert line.startswith("backend 'cupy': CuPy ")
    assert "'optframe-bench[cuda12]'" in line or "nvidia-smi" in line
    assert os.listdir() == []


def on_a_terminal(*words):
    """What a process writes on a terminal of 100 columns."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-m", "optframe", *map(str, words)],
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        written = b""
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as terminal:
            while piece := terminal.read(4096):
                written += piece
    return process.returncode, written.decode()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar(tmp_path):
    words = ["run", "-o", "slow:seconds=0.01", "-p", "rosenbrock", "--steps", 8, "--seeds", 8]
    code, written = on_a_terminal(*words, *sample("slow"), "--out", tmp_path, "--no-report")
    assert code == 0
    assert "slow:seconds=0.01 on rosenbrock" in written
    assert "━" in written
    assert "8/8" in written
    assert "trials, last" not in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")  # the cursor is back


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["run", "-o", "adam", "-p", "rosenbrock", "--steps", "3", "--no-report"],
    ],
)
def test_a_pipe_whose_reader_has_gone_ends_in_silence(words, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    finished = in_a_process(*words, stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path)
    os.close(writer)
    assert finished.stderr == ""
    assert finished.returncode == 141  # as if by SIGPIPE


def test_a_full_disk_is_told_in_one_line():
    with open("/dev/full", "w") as full:
        finished = in_a_process("list", stdout=full, stderr=subprocess.PIPE)
    assert finished.stderr == ("optframe: the output cannot be written: No space left on device\n")
    assert finished.returncode == 4


def test_a_full_disk_behind_the_output_does_not_cost_the_study(tmp_path):
    words = ("run", "-o", "sgd", "-p", "sphere", "--steps", 3, "--out", tmp_path)
    with open("/dev/full", "w") as full:
        finished = in_a_process(*words, stdout=full, stderr=subprocess.PIPE)
    assert finished.stderr == ("optframe: the output cannot be written: No space left on device\n")
    assert finished.returncode == 4
    assert load(tmp_path).trials["status"].tolist() == ["finished"]


@pytest.mark.parametrize("columns", ["", "abc", "0", "-5", "²", "9" * 5000])
def test_a_width_that_is_none_is_passed_over(optframe, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    finished = optframe("run", "-o", "sgd", "-p", "sphere", "--steps", 3, "--no-report")
    assert (finished.code, finished.err) == (0, "")
    assert max(map(len, finished.out.splitlines())) <= 120
    assert "1 finished" in finished.out


def test_a_tilde_is_the_home_folder_in_every_path(optframe, monkeypatch, tmp_path, study):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    Path(study).rename(tmp_path / "home" / "study.toml")
    shutil.copy(sample("tiny")[1], tmp_path / "home" / "tiny_at_home.py")
    for words in (
        ("run", "~/study.toml", "--out", "~/out", "--no-report", "-P", "~/tiny_at_home.py"),
        ("export", "~/out", "--format", "csv", "--out", "~/export"),
        ("draw", "convergence", "~/out", "--out", "~/picture.png"),
        ("merge", "~/out", "--out", "~/merged"),
        ("compare", "~/out", "~/merged", "--out", "~/compared.txt"),
        ("doctor", "~/merged"),
        ("verify", "~/merged", "--sample", 1),
        ("baseline", "update", "~/study.toml", "--results", "~/out"),
    ):
        assert optframe(*words).code == 0, words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    assert sorted(path.name for path in (tmp_path / "home").glob("[!.]*")) == [
        *("compared.txt", "export", "merged", "out", "picture.png"),
        *("study.baseline.json", "study.toml", "tiny_at_home.py"),
    ]


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_what_is_no_file_is_refused_at_once(optframe, tmp_path, what):
    os.mkfifo(tmp_path / "pipe")
    Path("study.toml").write_text(STUDY)
    for words in (
        *(("run", what), ("race", what, "a", "b"), ("report", what), ("export", what)),
        *(("merge", what, "--out", "new"), ("verify", what), ("doctor", what)),
        *(("compare", what, what), ("draw", "convergence", what), ("list", "-P", what)),
        ("baseline", "check", "study.toml", "--baseline", what),
        ("baseline", "update", "study.toml", "--baseline", what),
    ):
        finished = optframe(*words)
        assert finished.code in (2, 4), words
        assert len(finished.mistakes) == 1, words


def test_a_file_name_that_is_not_utf_8_works_in_every_command(optframe):
    study, out = os.fsdecode(b"s\xff.toml"), os.fsdecode(b"o\xff")
    Path(study).write_text(STUDY.replace("LABEL", "a").replace('name = "größe-θ", ', ""))
    for words in (
        ("run", study, "--out", out),
        ("run", study, "--out", out, "--jobs", 2),
        ("report", out, "--format", "html,md,latex"),
        ("export", out),
        ("doctor", out),
        ("verify", out, "--sample", 1),
        ("merge", out, "--out", out + "2"),
        ("compare", out, out + "2", "--out", out + ".txt"),
        ("baseline", "update", study),
        ("baseline", "check", study),
    ):
        finished = optframe(*words)
        assert finished.code == 0, words
        assert "Traceback" not in finished.err


def test_a_warning_of_a_library_is_one_line(optframe, monkeypatch):
    def warn(*_):
        for _ in range(3):
            warnings.warn("two\nlines", RuntimeWarning, stacklevel=1)
        return []

    monkeypatch.setattr(Registry, "entries", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        finished = optframe("list")
    assert finished.mistakes == ["RuntimeWarning: two lines"]


def test_a_line_is_not_longer_than_anybody_reads(optframe):
    finished = optframe("run", "-o", "sgd:lr=" + "x" * 100_000, "-p", "sphere", "--steps", 1)
    (line,) = finished.mistakes
    assert len(line) < 2100
    assert line.endswith("characters)")


def test_an_output_that_knows_no_greek_gets_question_marks():
    listed = in_a_process(
        *("list", "optimizers"),
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        encoding="cp1252",
    )
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "momentum with the gradient at ? + ?v." in listed.stdout


def test_what_would_do_the_same_or_is_asked_for_twice_runs_once_and_it_says_so(optframe):
    words = ["-o", "adam", "-o", "adam:lr=0.001", "-p", "rosenbrock", "--steps", 9, "--seeds", 3]
    finished = optframe("run", *words, "--no-report")
    assert finished.code == 0
    assert "command-line: 1 trial\n" in finished.out
    assert "one seed:  on rosenbrock all 3 seeds give the same run" in finished.out
    assert "1 trial was in the study twice, and run once" in finished.out
