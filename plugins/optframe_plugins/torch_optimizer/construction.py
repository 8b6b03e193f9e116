"""Makes an optimizer of torch from its class, its parameters and the blocks of θ."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from optframe import Block
from optframe_plugins.torch_optimizer.grouping import check_keys, grouped
from optframe_plugins.torch_optimizer.rates import given_to

__all__ = ["construct", "forms_of", "wanted"]

PARTS = ("optimizer", "base_optimizer", "inner_optimizer", "optimizer_class", "base_optimizer_cls")


def wanted(target: Any) -> list[str]:
    """Return the names of those parameters of a class that want another optimizer or its class.

    Their name says it, or their annotation is ``type[Optimizer]`` or ``Optimizer``.
    """
    optimizers = (torch.optim.Optimizer, type[torch.optim.Optimizer])
    names = []
    for name, parameter in _signature(target).items():
        if name in PARTS or parameter.annotation in optimizers:
            names.append(name)
    return names


def forms_of(target: Any) -> tuple[str, ...]:
    """Return what a class may take first, by the name of its first parameter (`facts.FORMS`)."""
    first = next(iter(_signature(target)), "params")
    return ("module",) if first in ("model", "module") else ("parameters", "muon groups")


def construct(
    component: Any,
    form: str,
    blocks: Sequence[Block],
    parameters: Sequence[Any],
    module: Any = None,
    named: bool = True,
) -> Any:
    """Make the optimizer; ``form`` is what its constructor takes first (`facts.FORMS`).

    ``module`` is the problem's own. Without one, the optimizer gets one with the blocks' names.
    Unless ``named`` is False, the names in ``groups`` must be there.
    """
    first: Any
    if form == "module":
        if component.groups:
            raise ValueError("groups: it takes a module, which makes its groups; leave them out")
        first = module if module is not None else module_of(blocks, parameters)
    else:
        first = grouped(component.groups, blocks, parameters, form == "muon groups", named)
    made = _call(component, first)
    keys = dict.fromkeys([*getattr(made, "defaults", {}), *(made.param_groups or [{}])[0]])
    check_keys(component.groups, [key for key in (*keys, "use_muon") if key != "params"])
    return made


def _call(component: Any, first: Any) -> Any:
    """Call the class, with the optimizers that it goes around made or given as classes."""
    target, given = component.target, given_to(component)
    signature = _signature(target)
    for name, inside in component.inside.items():
        if name == next(iter(signature)):
            # It goes around an optimizer that has the parameters already.
            return target(_call(inside, first), **given)
        given[name] = inside.target
        if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.values()):
            given = {**given_to(inside), **given}
    return target(first, **given)


def _signature(target: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(target, eval_str=True).parameters)
    except (NameError, TypeError, ValueError):
        try:
            return dict(inspect.signature(target).parameters)
        except ValueError:
            return {}


def module_of(blocks: Sequence[Block], parameters: Sequence[Any]) -> Any:
    """Return a module whose named parameters have the names of the blocks."""
    module = torch.nn.Module()
    for block, parameter in zip(blocks, parameters, strict=True):
        *path, last = block.name.split(".")
        inside = module
        for part in path:
            if part not in inside._modules:
                inside.add_module(part, torch.nn.Module())
            inside = inside._modules[part]
        inside.register_parameter(last, parameter)
    return module
