"""The gradient over all the data and the variance of a minibatch's, measured beside a run."""

from dataclasses import dataclass

import numpy as np
import pytest

import optframe
from optframe import StochasticProblem, Study, load_plugins
from optframe.cli import main
from optframe.contracts.columns import MEASURES, PROFILE_COLUMNS
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.study.settings import RunSettings
from optframe.trial.metrics import Measures
from optframe.trial.minibatches import Minibatches
from optframe_plugins.optimizers.sgd import SGD
from optframe_plugins.samplers.shuffled import Shuffled
from optframe_plugins.samplers.stream import Stream

RECORDS = np.array([0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0])
EVERY = {"every_steps": 1}
SETTINGS = {"checkpoints": EVERY, "iterates": True, "measure": MEASURES}


@dataclass(frozen=True)
class Means(StochasticProblem):
    """Mean of ½|θ − (x, −2x)|² over seven records x; noise moves the batch."""

    noisy: bool = False
    counted: bool = True

    @property
    def deterministic(self):
        return not self.noisy

    @property
    def size(self):
        return 2

    @property
    def records(self):
        return len(RECORDS) if self.counted else None

    def start(self, random):
        return np.array([3.0, -1.0])

    def metrics(self, theta):
        return {"loss": self.loss(theta, self.draw(slice(None), None))}

    def draw(self, indices, random):
        mean = RECORDS[slice(None) if indices is None else indices].mean(axis=-1)
        shift = 0.0 if random is None else random.standard_normal(2)
        return np.stack([mean, -2 * mean], axis=-1) + shift

    def loss(self, theta, batch):
        return 0.5 * ((theta - batch) ** 2).sum(axis=-1)

    def gradient(self, theta, batch):
        return theta - batch


CENTRE = np.array([RECORDS.mean(), -2 * RECORDS.mean()])


def test_the_norm_is_that_of_the_gradient_over_all_the_data():
    sampler = Shuffled(batch_size=2)
    found = optframe.minimize(Means(), SGD(lr=0.1), steps=9, sampler=sampler, **SETTINGS)
    expected = np.linalg.norm(found.iterates - CENTRE, axis=-1)
    np.testing.assert_allclose(found.curve["gradient_norm"], expected, rtol=1e-12)


def test_the_variance_is_of_the_minibatch_that_the_next_step_sees():
    """With means of batches m_B and of all records m, g_B − ∇f is (m − m_B)·(1, −2)."""
    sampler = Shuffled(batch_size=2)
    found = optframe.minimize(Means(), SGD(lr=0.1), steps=9, sampler=sampler, seed=4, **SETTINGS)
    seeds = SamplerSeeds(Seeds(4, 0))
    batches = [b for epoch in range(3) for b in sampler.epoch(epoch, 7, seeds)]
    expected = [5 * (RECORDS[b].mean() - RECORDS.mean()) ** 2 for b in batches[:10]]
    np.testing.assert_allclose(found.curve["gradient_variance"], expected, rtol=1e-10)


def test_noise_without_data_has_the_variance_of_its_draws():
    problem = Means(noisy=True, counted=False)
    found = optframe.minimize(problem, SGD(lr=0.1), steps=5, seed=2, **SETTINGS)
    draws = [Seeds(2, 0).generator("noise", k).standard_normal(2) for k in range(6)]
    expected = [draw @ draw for draw in draws]
    np.testing.assert_allclose(found.curve["gradient_variance"], expected, rtol=1e-10)


def test_over_seeds_the_mean_is_the_variance_of_the_samplers_mean(random):
    """On batches of B records without replacement, σ²·(n − B)/((n − 1)·B) (see `Shuffled`)."""
    sampler, theta = Shuffled(batch_size=3), random.standard_normal(2)
    draws = 4000
    found = []
    for seed in range(draws):
        seeds = Seeds(seed, 0)
        batches = Minibatches(Means(), sampler, seeds)
        measures = Measures(("gradient_variance",), Means(), batches)
        found.append(measures(0, theta, np)["gradient_variance"])
    expected = 5 * RECORDS.var() * sampler.variance(7)
    error = np.std(found) / np.sqrt(draws)
    assert abs(np.mean(found) - expected) < 6 * error


@pytest.mark.parametrize("problem", ["rosenbrock", "rosenbrock+noise:sigma=0"])
def test_where_nothing_is_drawn_the_variance_is_zero(problem):
    found = optframe.minimize(problem, "adam", steps=20, measure=["gradient_variance"])
    assert (found.curve["gradient_variance"] == 0).all()
    whole = optframe.minimize(
        Means(), SGD(lr=0.1), steps=5, sampler="full", measure=["gradient_variance"]
    )
    assert (whole.curve["gradient_variance"] == 0).all()


def test_at_the_end_of_a_stream_its_last_batch_stands_in():
    found = optframe.minimize(
        Means(), SGD(lr=0.1), steps=99, sampler=Stream(batch_size=3), **SETTINGS
    )
    assert found.curve["step"].tolist() == [0, 1, 2, 3]
    means = np.array([RECORDS[:3].mean(), RECORDS[3:6].mean(), RECORDS[6], RECORDS[6]])
    expected = 5 * (means - RECORDS.mean()) ** 2
    np.testing.assert_allclose(found.curve["gradient_variance"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("problem", "sampler"),
    [
        ("softmax:data=digits", "shuffled:batch_size=100"),
        ("mlp:data=digits,hidden=[4],dropout_hidden=0.5", "with-replacement:batch_size=32"),
        ("rosenbrock", "full"),
        ("rosenbrock+noise:sigma=0.1", "full"),
        ("streaming-regression:size=3", "stream:batch_size=2"),
    ],
)
@pytest.mark.parametrize("optimizer", ["adam", "sgd+clip-norm:max=1"])
def test_measuring_changes_no_bit_and_no_count(problem, sampler, optimizer, same_run):
    settings = {"sampler": sampler, "steps": 40, "checkpoints": 9, "iterates": True}
    plain = optframe.minimize(problem, optimizer, **settings)
    found = optframe.minimize(problem, optimizer, **settings, measure=MEASURES)
    same_run(found, plain, MEASURES)
    assert np.isfinite(found.curve[[*MEASURES]]).all(axis=None)


def test_every_backend_measures(backend, random):
    problem = optframe.make("quadratic:size=4,rotate=true").bind(
        optframe.Setting(backend, "float64", np.random.SeedSequence(0), None)
    )
    theta = random.standard_normal((3, 4))
    batches = Minibatches(problem, None, Seeds(0, 0))
    found = Measures(MEASURES, problem, batches)(0, backend.asarray(theta, "float64"), backend.xp)
    gradient = backend.to_numpy(problem.gradient(backend.asarray(theta, "float64")))
    norms = backend.to_numpy(found["gradient_norm"])
    np.testing.assert_allclose(norms, np.linalg.norm(gradient, axis=-1), rtol=1e-12)
    np.testing.assert_array_equal(backend.to_numpy(found["gradient_variance"]), np.zeros(3))


def study(**fields):
    return Study(
        name="measured",
        budget={"steps": 12},
        optimizers=["sgd:lr=0.001", "adam"],
        problems=["rosenbrock", "softmax:data=digits"],
        samplers=["shuffled:batch_size=50"],
        seeds=2,
        start="random",
        run=RunSettings(**fields),
    )


def test_what_is_measured_belongs_to_the_key_of_a_trial_and_not_to_its_cell():
    registry = load_plugins()
    plain = study().trials(registry)
    for fields in ({"measure": MEASURES}, {"measure": MEASURES[:1]}, {"profile": True}):
        asked = study(**fields).trials(registry)
        assert [trial.cell for trial in asked] == [trial.cell for trial in plain]
        assert not {trial.key for trial in asked} & {trial.key for trial in plain}
    backwards = study(measure=MEASURES[::-1]).trials(registry)
    assert backwards == study(measure=MEASURES).trials(registry)


@pytest.mark.parametrize("together", [False, True])
def test_a_study_keeps_what_it_measures(together, tmp_path):
    results = optframe.run(study(measure=MEASURES, together=together), tmp_path)
    assert (results.trials["together"] > 1).all() == together
    curves = results.curves
    assert (curves["gradient_norm"] > 0).all()
    drawn = curves["problem"].str.startswith("softmax")
    assert (curves.loc[drawn, "gradient_variance"] > 0).all()
    assert (curves.loc[~drawn, "gradient_variance"] == 0).all()
    last = curves.groupby("key", sort=False)["gradient_norm"].last()
    np.testing.assert_array_equal(results.trials["gradient_norm"], last)
    least = curves.groupby("key", sort=False)["gradient_norm"].min()
    np.testing.assert_array_equal(results.trials["best_gradient_norm"], least)


def test_runs_together_measure_what_they_measure_alone(tmp_path):
    alone = optframe.run(study(measure=MEASURES), tmp_path / "alone").curves
    both = optframe.run(study(measure=MEASURES, together=True), tmp_path / "together").curves
    for name in MEASURES:
        np.testing.assert_allclose(both[name], alone[name], rtol=1e-3)
    function = alone["problem"] == "rosenbrock"
    np.testing.assert_array_equal(
        both.loc[function, "gradient_norm"], alone.loc[function, "gradient_norm"]
    )


def test_the_command_line_measures_and_profiles(tmp_path, monkeypatch):
    words = "run -o sgd:lr=0.001 -p rosenbrock --steps 9 --no-report --profile --measure"
    names = "gradient_variance --measure gradient_norm"
    argv = ["optframe", *words.split(), *names.split(), "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", argv)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    results = optframe.load(tmp_path)
    assert {*PROFILE_COLUMNS, *MEASURES} <= {*results.curves}
    assert results.study["run"]["measure"] == ["gradient_variance", "gradient_norm"]
    assert results.study["run"]["profile"]
    assert results.trials["step_bytes"].item() > 0


def test_a_study_file_measures_and_profiles(tmp_path):
    path = tmp_path / "study.toml"
    text = """
    [study]
    budget = {{ steps = 4 }}
    [run]
    measure = [{}]
    profile = true
    [[optimizer]]
    name = "sgd"
    [[problem]]
    name = "rosenbrock"
    """
    path.write_text(text.format('"gradient_norm"'))
    results = optframe.run(path, tmp_path / "out")
    assert {*PROFILE_COLUMNS, "gradient_norm"} <= {*results.curves}
    path.write_text(text.format('"gradient_norm", "loss"'))
    with pytest.raises(optframe.UsageError, match=r"\[run\]: measure: expected a list of one of"):
        optframe.run(path, tmp_path / "other")


def test_an_unknown_measure_is_one_clear_line():
    with pytest.raises(optframe.UsageError) as caught:
        optframe.minimize("rosenbrock", "sgd", steps=1, measure=["gradient_nrm"])
    assert caught.value.mistakes == (
        "minimize: measure: expected a list of one of 'gradient_norm', 'gradient_variance', "
        "found ['gradient_nrm']",
    )


@pytest.mark.parametrize("size", [1e-23, 1e23])
def test_a_norm_and_a_variance_whose_squares_are_no_float32_are_measured(size):
    found = optframe.minimize(
        f"sphere:size=2+noise:sigma={size}",
        "sgd",
        theta0=[size, 0.0],
        **{**SETTINGS, "steps": 1, "dtype": "float32"},
    )
    norm, variance = found.curve[list(MEASURES)].iloc[0]
    slope = optframe.make("sphere:size=2").gradient(np.array([size, 0.0]))[0]
    assert norm == pytest.approx(slope, rel=1e-6)
    assert 1e-4 < variance / size**2 < 1e2
