"""An adapter: makes optframe's components of what another library has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from optframe.contracts.space import Space

__all__ = ["Adapter"]


class Adapter(ABC):
    """Recognizes what a library has, and says which class makes a component of it.

    A person types an import path, such as ``torch.optim.AdamW``. What it names is imported, and the
    first adapter that recognizes it gives the base class of its components. The parameters are
    those of the library's signature: for each one that is plain data the class gets a field. So
    they are checked, may be schedules and grids, and are shown as parameters of built-in components
    are. The class has these attributes, too:

    ``path``
        The import path, such as ``"torch.optim.AdamW"``.
    ``target``
        The library's object.
    ``given``
        Of an instance: the parameters whose values differ from the library's defaults, by the
        library's names. These are passed on to ``target``.

    An adapter itself has no parameters, and it imports its library neither when it is imported nor
    when it recognizes: what it is asked about has been imported (look in ``sys.modules``).
    """

    modules: ClassVar[tuple[str, ...]] = ()
    """The modules that `optframe list` names, such as ``("torch.optim",)``: literal strings."""

    extra: ClassVar[str | None] = None
    """The extra of ``optframe-bench`` that installs the library: a literal string, or None."""

    def prepare(self) -> None:  # noqa: B027 - most libraries need nothing
        """Do what is needed before the library is imported; by default nothing.

        It is called before a path that begins like one of `modules` is imported, each time. A
        library may read its settings only once, then.

        Raises
        ------
        UsageError
            If the library cannot be used in this process.
        """

    @abstractmethod
    def recognizes(self, found: object) -> str | None:
        """Return the kind of the component that this object is for, or None if it is none.

        A kind is the name of its hook, without ``optframe_``: ``"optimizers"``, ``"schedules"``.
        """

    @abstractmethod
    def base(self, found: object, kind: str) -> type:
        """Return the base class of the components: a dataclass, frozen and ``kw_only``.

        Its own fields are parameters, too. Where the signature has a parameter of the same name,
        the field of the base class counts, and `given` does not have it.
        """

    def leaves_out(self, found: object) -> frozenset[str]:
        """Return the names in the signature that are no parameters, such as ``"params"``."""
        return frozenset()

    def computes_with(self, found: object) -> tuple[str, ...]:
        """Return the modules of further libraries that decide the results, such as ``("jax",)``.

        The versions of their distributions are then in the keys of trials, as that of the library.
        """
        return ()

    def spaces(self, found: object) -> Mapping[str, Space]:
        """Return the usual space of its parameters, by the names in the signature, with sources.

        It is empty by default: whoever tunes the component has to give the spaces.
        """
        return {}
