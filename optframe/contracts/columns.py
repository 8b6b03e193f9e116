"""The columns of trials and of curves: names, units and meanings; the one table of them."""

from __future__ import annotations

__all__ = [
    "COUNT_COLUMNS",
    "FINAL_COUNTS",
    "MEASURES",
    "PATH_COLUMNS",
    "PROFILE_COLUMNS",
    "RESERVED",
    "STATUSES",
    "TIMES",
    "rises",
]


STATUSES = (
    "converged",
    "finished",
    "stopped",
    "diverged",
    "failed",
    "timeout",
    "crashed",
    "skipped",
)
"""How a trial can end: target reached; budget spent; the optimizer's own end; not finite or far
away; an exception; out of time; the process died; something is missing."""


COUNT_COLUMNS = (
    "step",
    "epoch",
    "samples",
    "losses",
    "gradients",
    "hessians",
    "hvps",
    "seconds",
)
"""The first columns of every curve; metrics follow, and θ for P ≤ 2."""


PROFILE_COLUMNS = ("seconds_sampling", "seconds_oracle")
"""The columns after them in a run that was profiled: shares of ``seconds``; the rest of it is the
update."""


TIMES = ("seconds", *PROFILE_COLUMNS)
"""The columns of a curve that differ each time that a trial runs."""


PATH_COLUMNS = ("theta_0", "theta_1")
"""The last columns where P ≤ 2: θ."""


MEASURES = ("gradient_norm", "gradient_variance")
"""The metrics that a study may ask for beside the problem's own: see `optframe.trial.metrics`."""


FINAL_COUNTS = {
    "steps": "step",
    "epochs": "epoch",
    "samples": "samples",
    "losses": "losses",
    "gradients": "gradients",
    "hessians": "hessians",
    "hvps": "hvps",
}
"""A trial's counts, and the columns of its curve that they are the last values of."""


RESERVED = frozenset(
    {
        *COUNT_COLUMNS,
        *PROFILE_COLUMNS,
        *FINAL_COUNTS,
        *MEASURES,
        "key",
        "cell",
        "position",
        "optimizer",
        "optimizer_name",
        "hyperparameters",
        "problem",
        "problem_name",
        "problem_parameters",
        "sampler",
        "sampler_name",
        "sampler_parameters",
        "seed",
        "study_seed",
        "derived_seed",
        "budget",
        "start",
        "backend",
        "dtype",
        "threads",
        "status",
        "reason",
        "traceback",
        "compile_seconds",
        "state_bytes",
        "step_bytes",
        "size",
        "minimum",
        "target_metric",
        "target",
        "final",
        "best",
        "started",
        "together",
        "environment",
    }
)
"""The names of columns that no metric may have."""


def rises(metric: str) -> bool:
    """Whether more of a metric is better: an accuracy, by its name."""
    return metric.endswith("accuracy")
