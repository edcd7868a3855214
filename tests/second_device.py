"""A second device on any computer: it calculates on the processor, and refuses tensors that were not moved to it."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

PLACE = torch.device("meta")  # a name that every build of torch knows


class _Placed(torch.Tensor):
    """A tensor of the device, around one of the processor."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> _Placed:
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), dtype=inner.dtype, device=PLACE, requires_grad=False
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _calculated(function, args, kwargs or {})


class SecondDevice(TorchDispatchMode):
    """Within, ``PLACE`` is a device whose tensors hold values."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _calculated(function, args, kwargs or {})


def _calculated(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = tree_flatten((args, kwargs))[0]
    tensors = [one for one in leaves if isinstance(one, torch.Tensor)]
    named = [one for one in leaves if isinstance(one, torch.device)]  # moves to it, or makes a tensor there
    placed = any(isinstance(one, _Placed) for one in tensors)
    strange = any(one.dim() and not isinstance(one, _Placed) for one in tensors)  # torch takes numbers from anywhere
    if placed and strange:
        raise RuntimeError(f"{function}: expected all tensors to be on the same device")
    inner_args, inner_kwargs = tree_map(_inner, (args, kwargs))
    result = function(*inner_args, **inner_kwargs)
    if not (named == [PLACE] if named else placed):
        return result
    if function._schema.is_mutable and isinstance(args[0], _Placed):
        return args[0]
    return tree_map(lambda one: _Placed(one) if isinstance(one, torch.Tensor) else one, result)


def _inner(value: Any) -> Any:
    if isinstance(value, torch.device):
        return torch.device("cpu")
    return value.inner if isinstance(value, _Placed) else value
