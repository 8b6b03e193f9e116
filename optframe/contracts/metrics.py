"""The metrics of problems and of checkpoints: what they mean, by their names."""

__all__ = ["MEASURES", "METRICS", "OLD_NAMES", "is_loss", "rises"]

MEASURES = ("gradient_norm", "gradient_variance")
"""The metrics that a study may ask for beside the problem's own: see `optframe.trial.metrics`."""

METRICS = {
    "loss": "the problem's loss over all of its training data, penalties included",
    "accuracy": "share of the training records that are classified correctly",
    "rmse": "root of the mean squared error over the training records",
    "validation_loss": "mean loss of the validation records, without penalties",
    "validation_accuracy": "share of the validation records that are classified correctly",
    "validation_rmse": "root of the mean squared error over the validation records",
    "test_loss": "mean loss of the test records, or expected loss of a new one; without penalties",
    "test_accuracy": "share of the test records that are classified correctly",
    "test_rmse": "root of the mean squared error over the test records",
    "gradient_norm": "Euclidean norm of the gradient over all data",
    "gradient_variance": "squared distance of the next minibatch's gradient from the full one's",
}
"""What the metrics mean that all problems with data measure, or a study may ask for."""


def is_loss(metric: str) -> bool:
    """Whether a metric is the loss on some records, by its name: ``loss``, ``test_loss``."""
    return metric == "loss" or metric.endswith("_loss")


def rises(metric: str) -> bool:
    """Whether more of a metric is better: an accuracy, by its name."""
    return metric.endswith("accuracy")


OLD_NAMES = {f"train_{score}": score for score in ("accuracy", "rmse")}
"""Metrics that stores of formats before 5 have by another name."""
