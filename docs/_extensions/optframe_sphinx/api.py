"""The page of the public names: functions, classes, errors, and the types of fields."""

from __future__ import annotations

import inspect
from typing import Any

import optframe
from optframe.components.parameters import Parameter
from optframe.components.public_classes import public_names

__all__ = ["page"]


def page() -> str:
    """Return the page as reStructuredText, from ``optframe.__all__`` and the plugins' classes."""
    public = {name: getattr(optframe, name) for name in [*optframe.__all__, *public_names()]}
    errors = {n: v for n, v in public.items() if _is_class(v) and issubclass(v, BaseException)}
    classes = {n: v for n, v in public.items() if _is_class(v) and n not in errors}
    functions = {n: v for n, v in public.items() if inspect.isroutine(v)}
    rest = {n: v for n, v in public.items() if n not in {*errors, *classes, *functions}}
    parts = [
        _title("Public names", "="),
        "Everything below is imported from ``optframe``, by users and by authors of plugins.",
        _title("Functions", "-"),
        *(f".. autofunction:: {name}" for name in functions),
        _title("Classes", "-"),
        *(f".. autoclass:: {name}\n   :members:\n   :undoc-members:" for name in classes),
        _title("Types", "-"),
        "The types of a component's fields say what is accepted; the others are for annotations.",
        _types(rest),
        _title("Errors", "-"),
        *(f".. autoexception:: {name}\n   :show-inheritance:" for name in errors),
    ]
    return "\n\n".join([".. currentmodule:: optframe", *parts]) + "\n"


def _types(names: dict[str, Any]) -> str:
    rows = []
    for name, value in names.items():
        marked = hasattr(value, "__metadata__")
        meaning = Parameter(name, value, None, name).expected if marked else f"``{value}``"
        rows.append(f"   * - ``{name}``\n     - {meaning}")
    return "\n".join([".. list-table::", "", *rows])


def _is_class(value: Any) -> bool:
    return isinstance(value, type) and value.__module__.startswith("optframe")


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"
