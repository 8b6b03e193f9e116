"""The components that come with optframe: optimizers, samplers, schedules, backends, executors.

They enter by the door that is open to everyone: the entry-point group ``optframe``, hooks that
return names, and contracts imported from `optframe` alone.
"""

from collections.abc import Mapping

from optframe import hookimpl

optframe_api = 1


@hookimpl
def optframe_optimizers() -> Mapping[str, str]:
    """Register the optimizers."""
    home = "optframe_plugins.optimizers"
    return {
        "sgd": f"{home}.sgd:SGD",
        "momentum": f"{home}.momentum:Momentum",
        "nesterov": f"{home}.nesterov:Nesterov",
        "adagrad": f"{home}.adagrad:AdaGrad",
        "rmsprop": f"{home}.rmsprop:RMSProp",
        "adam": f"{home}.adam:Adam",
    }


@hookimpl
def optframe_wrappers() -> Mapping[str, str]:
    """Register the wrappers."""
    return {"clip-norm": "optframe_plugins.wrappers.clip_norm:ClipNorm"}


@hookimpl
def optframe_samplers() -> Mapping[str, str]:
    """Register the samplers."""
    home = "optframe_plugins.samplers"
    return {
        "full": f"{home}.full:Full",
        "sequential": f"{home}.sequential:Sequential",
        "shuffle-once": f"{home}.shuffle_once:ShuffleOnce",
        "shuffled": f"{home}.shuffled:Shuffled",
        "with-replacement": f"{home}.with_replacement:WithReplacement",
    }


@hookimpl
def optframe_schedules() -> Mapping[str, str]:
    """Register the schedules."""
    home = "optframe_plugins.schedules"
    return {
        "constant": f"{home}.constant:Constant",
        "linear": f"{home}.linear:Linear",
        "inverse-time": f"{home}.inverse_time:InverseTime",
    }


@hookimpl
def optframe_backends() -> Mapping[str, str]:
    """Register the backends."""
    home = "optframe_plugins.backends"
    return {
        "numpy": f"{home}.numpy:NumpyBackend",
        "cupy": f"{home}.cupy:CupyBackend",
    }


@hookimpl
def optframe_executors() -> Mapping[str, str]:
    """Register the executors."""
    return {"serial": "optframe_plugins.executors.serial:Serial"}
