"""Turns the state of a torch optimizer into numbers, texts, arrays, lists and dicts, and back.

``load_state_dict`` of torch casts state to the precision of the parameters, so that it is not used:
what was packed is assigned as it was. What the constructor makes again, such as functions, is not
packed. A packed value is a number, a text or None as it is, or a dict with one key that says what
it is.
"""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch

__all__ = ["Packing", "unpackable"]

NUMBERS = (bool, int, float, str, type(None))
REMADE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType, type)
SKIPPED = frozenset({"param_groups", "state", "defaults"})
AS_INTEGERS = {"bfloat16": "int16", "float16": "int16"}


class Packing:
    """Packs and unpacks the values of one optimizer, whose ``parameters`` are views of ``flat``."""

    def __init__(self, parameters: Sequence[Any], flat: Any) -> None:
        self._parameters = list(parameters)
        self._flat = flat
        self._numbers = {id(parameter): i for i, parameter in enumerate(self._parameters)}
        self._seen: dict[int, tuple[int, Any]] = {}
        self._made: list[Any] = []

    def dump(self, optimizer: Any) -> dict[str, Any]:
        """Return the groups, the state and the attributes of an optimizer."""
        attributes = dict(_attributes(optimizer))
        return {
            "groups": [
                self.pack({k: v for k, v in group.items() if k != "params"})
                for group in optimizer.param_groups
            ],
            "state": self.pack(dict(optimizer.state)),
            "attributes": {name: self.pack(value) for name, value in attributes.items()},
            "inside": {
                name: self.dump(inside) for name, inside in _inside(optimizer, attributes).items()
            },
        }

    def load(self, optimizer: Any, plain: dict[str, Any]) -> None:
        """Give an optimizer, made with the same parameters, what `dump` has returned."""
        for group, packed in zip(optimizer.param_groups, plain["groups"], strict=True):
            group.update(self.unpack(packed))
        state = self.unpack(plain["state"])
        optimizer.state.clear()
        optimizer.state.update(state)
        for name, packed in plain["attributes"].items():
            setattr(optimizer, name, self.unpack(packed))
        for name, inside in plain["inside"].items():
            self.load(getattr(optimizer, name), inside)

    def pack(self, value: Any) -> Any:
        """Return a value in packed form; what cannot be packed is returned as it is."""
        if type(value) in NUMBERS:
            return value
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, (np.ndarray, np.generic)):
            return {"array": np.array(value), "number": isinstance(value, np.generic)}
        if isinstance(value, torch.dtype):
            return {"dtype": str(value).partition(".")[2]}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if isinstance(value, torch.Generator):
            return {"generator": value.get_state().numpy().copy(), "device": str(value.device)}
        if isinstance(value, random.Random):
            return {"random": self.pack(value.getstate())}
        if isinstance(value, deque):
            return {"deque": [self.pack(one) for one in value], "most": value.maxlen}
        if type(value) in (list, tuple, set, torch.Size):
            return {type(value).__name__: [self.pack(one) for one in value]}
        if type(value) in (dict, OrderedDict, defaultdict):
            pairs = [[self.pack(key), self.pack(one)] for key, one in value.items()]
            return {type(value).__name__: pairs, "of": _factory(value)}
        return value

    def unpack(self, packed: Any) -> Any:
        """Return the value that was packed."""
        if not isinstance(packed, dict):
            return packed
        kind, inside = next(iter(packed.items()))
        if kind == "parameter":
            return self._parameters[inside]
        if kind == "again":
            return self._made[inside]
        if kind == "theta":
            return torch.as_strided(self._flat, packed["shape"], packed["stride"], inside)
        if kind == "tensor":
            return self._untensor(packed)
        if kind == "array":
            host = np.array(inside)
            return host[()] if packed["number"] else host
        if kind == "dtype":
            return getattr(torch, inside)
        if kind == "device":
            return torch.device(inside)
        if kind == "generator":
            generator = torch.Generator(packed["device"])
            generator.set_state(torch.from_numpy(np.array(inside)))
            return generator
        if kind == "random":
            source = random.Random()
            source.setstate(self.unpack(inside))
            return source
        if kind == "deque":
            return deque(map(self.unpack, inside), packed["most"])
        if kind in ("list", "tuple", "set", "Size"):
            made = {"list": list, "tuple": tuple, "set": set, "Size": torch.Size}[kind]
            return made(map(self.unpack, inside))
        pairs = [(self.unpack(key), self.unpack(one)) for key, one in inside]
        if kind == "defaultdict":
            return defaultdict(FACTORIES.get(packed["of"]), pairs)
        return OrderedDict(pairs) if kind == "OrderedDict" else dict(pairs)

    def _tensor(self, value: Any) -> Any:
        if id(value) in self._numbers:
            return {"parameter": self._numbers[id(value)]}
        if id(value) in self._seen:
            return {"again": self._seen[id(value)][0]}
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.is_sparse:
            return value
        if value.numel() and _same_memory(value, self._flat):
            shape, stride = list(value.shape), list(value.stride())
            return {"theta": value.storage_offset(), "shape": shape, "stride": stride}
        # A reference to the value prevents another tensor from getting its id.
        self._seen[id(value)] = len(self._seen), value
        host = value.detach().cpu().contiguous().resolve_conj()
        precision = str(value.dtype).partition(".")[2]
        if precision in AS_INTEGERS:
            host = host.view(getattr(torch, AS_INTEGERS[precision]))
        return {
            "tensor": host.numpy().copy(),
            "dtype": precision,
            "cpu": value.device.type == "cpu",
            # The order in memory decides the last bits of a matrix product.
            "stride": None if value.is_contiguous() else list(value.stride()),
            "learns": value.requires_grad,
        }

    def _untensor(self, packed: dict[str, Any]) -> Any:
        tensor = torch.from_numpy(np.array(packed["tensor"]))
        if packed["dtype"] in AS_INTEGERS:
            tensor = tensor.view(getattr(torch, packed["dtype"]))
        place = "cpu" if packed["cpu"] else self._flat.device
        if packed["stride"] is None:
            # torch's own memory is aligned as that of the tensor that was packed.
            made = torch.empty(tensor.shape, dtype=tensor.dtype, device=place)
        else:
            made = torch.empty_strided(
                tensor.shape, packed["stride"], dtype=tensor.dtype, device=place
            )
        made.copy_(tensor)
        made.requires_grad_(packed["learns"])
        self._made.append(made)
        return made


def unpackable(packed: Any) -> str | None:
    """Return the type of the first value in packed data that could not be packed, or None."""
    if type(packed) in NUMBERS or isinstance(packed, np.ndarray):
        return None
    if type(packed) is dict:
        return next(filter(None, map(unpackable, packed.values())), None)
    if type(packed) is list:
        return next(filter(None, map(unpackable, packed)), None)
    return type(packed).__name__


FACTORIES: dict[str | None, Any] = {"dict": dict, "list": list, "int": int, "float": float}
"""What a defaultdict may make; None for one that makes nothing."""


def _factory(value: Any) -> str | None:
    """Return the name of what a defaultdict makes; dict for functions, as torch's own."""
    factory = getattr(value, "default_factory", None)
    name = getattr(factory, "__name__", None)
    return name if name in FACTORIES else ("dict" if factory else None)


def _attributes(optimizer: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an optimizer that a run may have changed."""
    for name, value in vars(optimizer).items():
        remade = isinstance(value, (*REMADE, torch.optim.Optimizer, torch.nn.Module))
        if name not in SKIPPED and not name.endswith("_hooks") and not remade:
            yield name, value


def _inside(optimizer: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the optimizers that an optimizer goes around, by the attributes' names."""
    return {
        name: value
        for name, value in vars(optimizer).items()
        if name not in attributes and isinstance(value, torch.optim.Optimizer)
    }


def _same_memory(one: Any, other: Any) -> bool:
    return bool(one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr())
