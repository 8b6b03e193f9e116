"""The pages: one per optimizer, and one per kind of component with a section for each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import optframe
from optframe import contracts
from optframe.cli.commands.list import summary
from optframe.components.kinds import KINDS
from optframe.components.notation import write
from optframe_sphinx import path_picture, schedule_picture
from optframe_sphinx.component import arguments, indent, needs, registered
from optframe_sphinx.docstring import Docstring, read, without_substitutions
from optframe_sphinx.paths import (
    BESIDE,
    GRADIENTS,
    PROBLEM,
    RATES,
    SEED,
    STEPS,
    TUNING,
    Course,
    Race,
)
from optframe_sphinx.problems import facts
from optframe_sphinx.samplers import batches

__all__ = ["Pages"]

_TITLES = {"datasets": "Data sets"}


@dataclass(frozen=True)
class Pages:
    """The pages of a registry's components.

    ``folder`` is where they are written; ``owners``, the names of the plugins whose components
    get pages, all where it is empty.
    """

    registry: optframe.Registry
    folder: Path
    owners: tuple[str, ...] = ()

    def write(self) -> Iterator[Path]:
        """Write all pages and pictures, and name their files."""
        for kind in KINDS:
            home = self.folder / kind
            home.mkdir(parents=True, exist_ok=True)
            if kind == "optimizers":
                yield from self._optimizers(home)
                continue
            parts = [self._head(kind), self._table(kind)]
            for entry in self._entries(kind):
                if kind == "studies":
                    parts += [
                        f".. _{kind}-{entry.name}:",
                        _title(entry.name, "-"),
                        _study(Path(entry.target)),
                    ]
                    continue
                parts.append(self._section(kind, entry.name))
            yield _put(home / "index.rst", parts)

    def _entries(self, kind: str) -> list[optframe.components.registry.Entry]:
        entries = self.registry.entries(kind)
        return [entry for entry in entries if not self.owners or entry.owner in self.owners]

    def _head(self, kind: str) -> str:
        """Title, and the first sentence of the contract's module."""
        title = _title(_TITLES.get(kind, kind.capitalize()), "=")
        names = KINDS[kind].contracts
        if not names:
            return f"{title}\n\nStudy files that are run by name: ``optframe run NAME``."
        module = inspect.getmodule(getattr(contracts, names[0]))
        idea = without_substitutions((module.__doc__ or "").strip().partition("\n")[0])
        links = " and ".join(f":py:class:`optframe.{name}`" for name in names)
        page = "/tuners" if kind in ("tuners", "protocols") else "/plugins"
        return f"{title}\n\n{idea} The contract: {links}. How to write one: :doc:`{page}`."

    def _table(self, kind: str) -> str:
        """All names with their ideas, each leading to its page or section."""
        entries = self._entries(kind)
        if not entries:
            return "None is installed."
        rows = []
        for entry in entries:
            idea = without_substitutions(summary(entry))
            rows.append(f"   * - :ref:`{entry.name} <{kind}-{entry.name}>`\n     - {idea}")
        return "\n".join([".. list-table::", "   :widths: 28 72", "", *rows])

    def _section(self, kind: str, name: str) -> str:
        component = self.registry.load(kind, name)
        text = read(component)
        parts = [f".. _{kind}-{name}:", _title(name, "-"), text.idea, text.description]
        if kind == "schedules":
            parts.append(self._schedule(name))
        if kind == "samplers":
            parts.append(batches(self.registry, name))
        if kind == "problems":
            parts.append(facts(self.registry, name))
        listed = arguments(component, text)
        if listed:
            parts += [".. rubric:: Arguments", listed]
        asked = getattr(component, "needs", None)
        if asked:
            parts += [".. rubric:: Needs", needs(asked)]
        parts += _sections(text, rubric=True)
        parts.append(registered(self.registry, kind, name))
        return "\n\n".join(part for part in parts if part)

    def _schedule(self, name: str) -> str:
        """The picture of a schedule, or why there is none."""
        try:
            given = schedule_picture.example(self.registry, name)
        except optframe.UsageError as error:
            return f"There is no picture: {error}."
        schedule = self.registry.make("schedules", name, given)
        schedule_picture.draw(schedule, self.folder / "schedules" / f"{name}.svg")
        shown = write({"name": name, **given})
        return "\n".join(
            [
                f".. figure:: {name}.svg",
                f"   :alt: The value of the schedule {name} against the step.",
                "",
                f"   ``{shown}`` in a run of {schedule_picture.STEPS} steps.",
            ]
        )

    def _optimizers(self, home: Path) -> Iterator[Path]:
        entries = self._entries("optimizers")
        names = [f"   {entry.name}" for entry in entries]
        tree = "\n".join([".. toctree::", "   :hidden:", "", *names])
        parts = [self._head("optimizers"), self._table("optimizers"), self._method(), tree]
        yield _put(home / "index.rst", parts)
        for entry in entries:
            yield _put(home / f"{entry.name}.rst", self._optimizer(entry.name))

    def _method(self) -> str:
        """How the pictures of the paths came to be."""
        return (
            ".. _paths:\n\n" + _title("How the paths were drawn", "-") + "\n\n"
            f"All optimizers run on ``{PROBLEM}`` (the same rotation and the same start for all, "
            f"seed {SEED}), until {GRADIENTS} gradient evaluations are spent (P partial "
            f"derivatives count as one) or {STEPS} steps are done. "
            f"A learning rate is the best of {len(RATES)} from {RATES[0]:g} to {RATES[-1]:g}, "
            "evenly spaced in its logarithm; all other arguments have their defaults. "
            f"{TUNING} "
            "Contours: each has four times the loss of the next one inside. The pictures are "
            "drawn by optframe while this documentation is built."
        )

    def _optimizer(self, name: str) -> list[str]:
        component = self.registry.load("optimizers", name)
        text = read(component)
        parts = [f".. _optimizers-{name}:", _title(name, "="), text.idea]
        if text.description:
            parts += [_title("Equation", "-"), text.description]
        parts += [_title("Path", "-"), self._path(name)]
        listed = arguments(component, text)
        parts += [_title("Arguments", "-"), listed or "It has none."]
        parts += [_title("Needs", "-"), self._needs(name)]
        parts += _sections(text, rubric=False)
        parts.append(registered(self.registry, "optimizers", name))
        return parts

    @cached_property
    def _race(self) -> Race:
        return Race(self.registry, [entry.name for entry in self._entries("optimizers")])

    def _path(self, name: str) -> str:
        """The picture of an optimizer's path, or why there is none."""
        course = self._race.course(name)
        if isinstance(course, str):
            return f"There is no picture of its path on ``{PROBLEM}``: {course}."
        beside = self._race.plain if name != BESIDE else None
        picture = self.folder / "optimizers" / f"{name}.svg"
        path_picture.draw(self._race.problem, course, beside, picture)
        return "\n".join(
            [
                f".. figure:: {name}.svg",
                f"   :alt: {course.label}{'; ' + beside.label if beside else ''}.",
                "",
                f"   {_caption(course, beside)}",
                "",
                ".. code-block:: python",
                "",
                indent(_code(course)),
            ]
        )

    def _needs(self, name: str) -> str:
        component = self.registry.load("optimizers", name)
        try:
            asked = self.registry.make("optimizers", name).requires()
            by_default = "With its defaults it asks a problem for"
        except optframe.UsageError:
            asked, by_default = component.needs, "It asks a problem for"
        return f"{by_default}\n\n{needs(asked)}" if asked else "It asks a problem for nothing."


def _caption(course: Course, beside: Course | None) -> str:
    who = f"``{course.optimizer}``" + (f" and ``{beside.optimizer}``" if beside else "")
    rates = [drawn.lr for drawn in (course, beside) if drawn is not None and drawn.lr is not None]
    best = {0: "", 1: ", the learning rate the best of a grid,"}.get(
        len(rates), ", each at the best learning rate of a grid,"
    )
    return f"{who}{best} on ``{PROBLEM}``: :ref:`how the paths were drawn <paths>`."


def _code(course: Course) -> str:
    return "\n".join(
        [
            "import optframe",
            "",
            "result = optframe.minimize(",
            f'    "{PROBLEM}",',
            f'    "{course.optimizer}",',
            f"    gradients={GRADIENTS},",
            f"    steps={STEPS},",
            f"    seed={SEED},",
            "    iterates=True,",
            ")",
            "print(result.iterates)",
        ]
    )


def _sections(text: Docstring, rubric: bool) -> list[str]:
    """The other sections of a docstring; References are its source."""
    parts = []
    for heading, body in text.sections.items():
        shown = "Source" if heading == "References" else heading
        parts += [f".. rubric:: {shown}" if rubric else _title(shown, "-"), body]
    return parts


def _study(path: Path) -> str:
    return ".. code-block:: toml\n\n" + indent(path.read_text(encoding="utf-8"))


def _title(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"


def _put(path: Path, parts: list[str]) -> Path:
    """Write a page; where nothing changed, leave it, so that Sphinx need not read it again."""
    text = ".. Written by the extension optframe_sphinx; changes are lost.\n\n"
    text += "\n\n".join(part for part in parts if part) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path
