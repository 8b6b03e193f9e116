"""What a `JaxProblem` was made of: checked, read once, and shared by all its runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from optframe import Backend, UnavailableError, UsageError

if TYPE_CHECKING:
    from optframe_problems.jax_models.compiled import Compiled

__all__ = ["Given"]


class Given:
    """The loss, the parameters and the data; compiled once for each precision."""

    def __init__(
        self,
        loss: Callable[..., Any],
        params: Any,
        data: Any,
        test: Any,
        validation: Any,
        metrics: Mapping[str, Callable[..., Any]],
    ) -> None:
        try:
            import jax  # noqa: F401
        except ImportError as error:
            raise UnavailableError(
                f"JaxProblem: JAX is not installed ({error}); pip install 'optframe-bench[jax]'"
            ) from error
        from optframe_problems.jax_models.loss import Loss
        from optframe_problems.jax_models.probe import check_loss
        from optframe_problems.jax_models.records import all_parts
        from optframe_problems.jax_models.tree import Tree

        for name, function in (("loss", loss), *metrics.items()):
            if not callable(function):
                raise UsageError(
                    f"JaxProblem: {name} is {function!r:.60}; expected a function of params"
                    + (" and the records" if data is not None else "")
                )
        if "loss" in metrics:
            raise UsageError("JaxProblem: a metric is named 'loss', which is measured; rename it")
        self.name = str(getattr(loss, "__name__", type(loss).__name__))
        self.parts = {} if data is None else all_parts(data, validation, test)
        if data is None and not (test is None and validation is None):
            raise UsageError(
                "JaxProblem: found test or validation records without data; give data, too"
            )
        self.loss = Loss(loss, metrics, len(self.parts["train"]) if self.parts else 0)
        if self.loss.wants and not self.parts:
            raise UsageError(
                "JaxProblem: the loss takes a key, but there is no data; expected a function of "
                "params alone"
            )
        self.tree = Tree(params, network=bool(self.parts))
        self._compiled: dict[Any, Compiled] = {}
        self._mean: bool | None = None
        compiled = self.compiled(None, self.tree.dtype)
        facts = check_loss(compiled, [compiled.host((r,))[0] for r in self.parts.get("train", ())])
        if facts.unused:
            more = f" and {len(facts.unused) - 5} more" if len(facts.unused) > 5 else ""
            print(
                f"optframe: {self.name}: the loss does not depend on these, whose gradient is 0: "
                f"{', '.join(facts.unused[:5])}{more}",
                file=sys.stderr,
            )

    def compiled(self, backend: Backend | None, dtype: str) -> Compiled:
        """Return the answers in a precision for a backend; each is compiled once."""
        from optframe_problems.jax_models.compiled import Compiled

        place = type(backend), dtype
        if place not in self._compiled:
            records = len(self.parts["train"][-1]) if self.parts else 0
            self._compiled[place] = Compiled(self.tree, self.loss, records, backend, dtype)
        return self._compiled[place]

    @property
    def is_mean(self) -> bool:
        """Whether the loss of a batch is the mean of its records' losses; printed if it is not."""
        from optframe_problems.jax_models.probe import is_mean

        if self._mean is None:
            compiled = self.compiled(None, "float64")
            self._mean = is_mean(compiled, compiled.host(self.parts["train"]))
            if not self._mean:
                print(
                    f"optframe: {self.name}: the loss of a batch is not the mean of its records' "
                    "losses: it is a sum, it couples records, or it pairs outputs of shape (n, 1) "
                    "with targets of shape (n,)",
                    file=sys.stderr,
                )
        return self._mean

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is compiled; it is made again."""
        return {**vars(self), "_compiled": {}}
