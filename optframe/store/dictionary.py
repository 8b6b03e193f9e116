"""The data dictionary: what each column of the frames means, and in which unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dictionary"]

_IDENTITY = {
    "key": ("", "hash of what was asked and of all that changes the outcome; resuming joins on it"),
    "optimizer": ("", "the optimizer's label: its name and what was given of its parameters"),
    "problem": ("", "the problem's label"),
    "sampler": ("", "the sampler's label; 'none' where the problem draws no records"),
    "seed": ("", "index of the seed within the study, from 0"),
}
_COUNTS = {
    "samples": ("records", "records touched by minibatches"),
    "losses": ("evaluations", "losses asked for"),
    "gradients": ("evaluations", "gradients asked for; P partial derivatives count as one"),
    "hessians": ("evaluations", "Hessians asked for"),
    "hvps": ("evaluations", "Hessian-vector products asked for"),
    "seconds": ("s", "time of sampling and steps; checkpoints stop the clock"),
    "seconds_sampling": ("s", "the part of seconds that drew minibatches, where it was profiled"),
    "seconds_oracle": ("s", "the part of seconds in which the problem answered, likewise"),
}
_TRIALS = {
    **_IDENTITY,
    "cell": ("", "hash of what was asked; comparisons join on it"),
    "position": ("", "place in the study's plan, from 0"),
    "optimizer_name": ("", "the optimizer's name"),
    "hyperparameters": ("JSON", "all parameters of the optimizer, defaults included"),
    "problem_name": ("", "the problem's name"),
    "problem_parameters": ("JSON", "all parameters of the problem, defaults included"),
    "sampler_name": ("", "the sampler's name"),
    "sampler_parameters": ("JSON", "all parameters of the sampler, defaults included"),
    "study_seed": ("", "the study's seed"),
    "derived_seed": ("", "the number that stands for study seed and seed's index in the run"),
    "budget": ("", "what the run could spend, and what would end it sooner"),
    "start": ("", "where it began: the problem's standard point, or one drawn ('random')"),
    "backend": ("", "what computed it"),
    "dtype": ("", "type of the parameters"),
    "threads": ("", "threads that one trial might use"),
    "status": ("", "how it ended; 'planned' where it has not run"),
    "reason": ("", "why it ended so, in one line"),
    "traceback": ("", "where it failed"),
    "steps": ("steps", "steps done"),
    "epochs": ("epochs", "passes over the training records"),
    **_COUNTS,
    "compile_seconds": ("s", "time of the step before the first, which compiles; in no other time"),
    "state_bytes": ("bytes", "size of the optimizer's state"),
    "step_bytes": ("bytes", "the most that one step allocated, where the study was profiled"),
    "size": ("", "number of parameters P"),
    "minimum": ("", "f*, the least possible loss, where the problem knows it"),
    "target_metric": ("", "the metric that could end the run"),
    "target": ("", "the value of it that would"),
    "started": ("ISO 8601", "when the run began, in UTC"),
    "together": ("runs", "how many runs advanced in one batch and shared its seconds; 1 is alone"),
    "environment": ("", "which entry of environments.json describes where it ran"),
}
_CURVES = {
    **_IDENTITY,
    "step": ("steps", "steps done at this checkpoint"),
    "epoch": ("epochs", "passes over the training records at this checkpoint"),
    **_COUNTS,
}
_METRICS = {
    "loss": "the problem's loss over all of its training data",
    "gradient_norm": "Euclidean norm of the gradient over all data",
    "gradient_variance": "squared distance of the next minibatch's gradient from the full one's",
}
_PART = {"train": "the training", "test": "the test", "validation": "the validation"}


def dictionary(trials: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each column of the frames: table, column, type, unit, meaning."""
    import pandas as pd

    rows = [
        (table, str(column), str(frame[column].dtype), *_explained(str(column), known))
        for table, frame, known in (("trials", trials, _TRIALS), ("curves", curves, _CURVES))
        for column in frame
    ]
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "meaning"])


def _explained(column: str, known: dict[str, tuple[str, str]]) -> tuple[str, str]:
    if column in known:
        return known[column]
    if path := re.fullmatch(r"theta_(\d+)", column):
        return "", f"coordinate {path[1]} of the solution, for problems of at most two parameters"
    best = column.startswith("best_")
    metric = column.removeprefix("best_")
    part, _, what = metric.partition("_")
    if metric in _METRICS:
        meaning = _METRICS[metric]
    elif part in _PART and what:
        meaning = f"{what} over {_PART[part]} records"
    else:
        meaning = f"the problem's metric {metric!r}"
    ends = "the best value at any checkpoint: " if best else ""
    return ("fraction" if metric.endswith("accuracy") else ""), ends + meaning
