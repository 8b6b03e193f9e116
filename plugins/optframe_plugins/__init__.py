"""The components that come with optframe: optimizers, searches, samplers, backends and so on.

They are registered as everybody's plugins are: through the entry-point group ``optframe`` and hooks
that return names. Their base classes are imported from `optframe`.
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
        "adadelta": f"{home}.adadelta:AdaDelta",
        "adam": f"{home}.adam:Adam",
        "adamw": f"{home}.adamw:AdamW",
        "amsgrad": f"{home}.amsgrad:AMSGrad",
        "nadam": f"{home}.nadam:NAdam",
        "lion": f"{home}.lion:Lion",
        "delta-bar-delta": f"{home}.delta_bar_delta:DeltaBarDelta",
        "newton": f"{home}.newton:Newton",
        "regularized-newton": f"{home}.regularized_newton:RegularizedNewton",
        "conjugate-gradient": f"{home}.conjugate_gradient:ConjugateGradient",
        "nonlinear-cg": f"{home}.nonlinear_cg:NonlinearCG",
        "bfgs": f"{home}.bfgs:BFGS",
        "lbfgs": f"{home}.lbfgs:LBFGS",
        "coordinate-descent": f"{home}.coordinate_descent:CoordinateDescent",
        "split": f"{home}.split:Split",
    }


@hookimpl
def optframe_searches() -> Mapping[str, str]:
    """Register the searches."""
    home = "optframe_plugins.searches"
    return {
        "strong-wolfe": f"{home}.strong_wolfe:StrongWolfe",
        "armijo": f"{home}.armijo:Armijo",
        "exact": f"{home}.exact:Exact",
    }


@hookimpl
def optframe_wrappers() -> Mapping[str, str]:
    """Register the wrappers."""
    home = "optframe_plugins.wrappers"
    return {
        "clip-norm": f"{home}.clip_norm:ClipNorm",
        "clip-value": f"{home}.clip_value:ClipValue",
        "weight-decay": f"{home}.weight_decay:WeightDecay",
        "maximize": f"{home}.maximize:Maximize",
        "polyak": f"{home}.polyak:Polyak",
    }


@hookimpl
def optframe_samplers() -> Mapping[str, str]:
    """Register the samplers."""
    home = "optframe_plugins.samplers"
    return {
        "full": f"{home}.full:Full",
        "sequential": f"{home}.sequential:Sequential",
        "shuffle-once": f"{home}.shuffle_once:ShuffleOnce",
        "shuffled": f"{home}.shuffled:Shuffled",
        "simple-random": f"{home}.simple_random:SimpleRandom",
        "single": f"{home}.single:Single",
        "stream": f"{home}.stream:Stream",
        "grouped": f"{home}.grouped:Grouped",
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
        "inverse-sqrt": f"{home}.inverse_sqrt:InverseSqrt",
        "step": f"{home}.step:Step",
        "exponential": f"{home}.exponential:Exponential",
        "cosine": f"{home}.cosine:Cosine",
        "cosine-restarts": f"{home}.cosine_restarts:CosineRestarts",
        "polynomial": f"{home}.polynomial:Polynomial",
        "warmup": f"{home}.warmup:Warmup",
        "one-cycle": f"{home}.one_cycle:OneCycle",
        "trapezoid": f"{home}.trapezoid:Trapezoid",
        "undo-bias-correction": f"{home}.undo_bias_correction:UndoBiasCorrection",
    }


@hookimpl
def optframe_backends() -> Mapping[str, str]:
    """Register the backends."""
    home = "optframe_plugins.backends"
    return {
        "numpy": f"{home}.numpy:NumpyBackend",
        "numba": f"{home}.numba:NumbaBackend",
        "cupy": f"{home}.cupy:CupyBackend",
    }


@hookimpl
def optframe_executors() -> Mapping[str, str]:
    """Register the executors."""
    home = "optframe_plugins.executors"
    return {
        "serial": f"{home}.serial:Serial",
        "processes": f"{home}.processes:Processes",
        "dask": f"{home}.dask:Dask",
    }


@hookimpl
def optframe_tuners() -> Mapping[str, str]:
    """Register the tuners."""
    home = "optframe_plugins.tuners"
    return {
        "grid": f"{home}.grid:Grid",
        "random": f"{home}.random:Random",
        "sobol": f"{home}.sobol:Sobol",
        "optuna": f"{home}.optuna:Optuna",
    }


@hookimpl
def optframe_protocols() -> Mapping[str, str]:
    """Register the protocols of tuning."""
    home = "optframe_plugins.protocols"
    return {
        "deepobs": f"{home}.deepobs:DeepOBS",
        "sivaprasad": f"{home}.sivaprasad:Sivaprasad",
    }


@hookimpl
def optframe_adapters() -> Mapping[str, str]:
    """Register the adapters of other libraries."""
    home = "optframe_plugins.adapters"
    return {
        "keras": f"{home}.keras:Keras",
        "optax": f"{home}.optax:Optax",
        "scipy": f"{home}.scipy:Scipy",
        "torch": f"{home}.torch:Torch",
    }
