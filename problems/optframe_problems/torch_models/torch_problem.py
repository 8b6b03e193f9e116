"""`TorchProblem`: training a PyTorch module on data, with any optimizer."""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from optframe import (
    Array,
    Indices,
    Layout,
    Setting,
    StochasticProblem,
    UsageError,
)
from optframe.errors import one_line
from optframe_problems.torch_models.given import Given

if TYPE_CHECKING:
    from optframe_problems.torch_models.live_module import LiveModule, TorchBatch
    from optframe_problems.torch_models.measuring import Measuring
    from optframe_problems.torch_models.probe import Facts
    from optframe_problems.torch_models.records import Records

__all__ = ["TorchProblem"]


_ANSWERS = ("loss", "gradient", "loss_and_gradient", "hvp", "hessian")


class TorchProblem(StochasticProblem):
    """Training of a PyTorch module: the mean loss of its outputs over records.

    With the module's outputs z(x; θ), records (x, y) and a loss ℓ::

        f(θ) = mean ℓ(z(x; θ), y)

    θ, of shape (P,), has the parameters with ``requires_grad``, in the order of
    ``named_parameters``; tied weights are in it once. The gradient is autograd's, the product with
    the Hessian the derivative of the gradient. Minibatches come from the study's sampler. A step
    sees the module as it trains: dropout draws from the run's seed, the same in all answers of a
    step, and batch normalization uses the statistics of the minibatch. A checkpoint sees it as it
    is evaluated.

    Parameters
    ----------
    module
        A function without arguments that makes a ``torch.nn.Module`` (a class, for example):
        starts are drawn by calling it again, under a seed. Or a ready module: it is copied, and
        each run starts from its parameters. The user's module stays as it is.
    loss
        A function of (outputs, targets) that returns their mean loss, a tensor with one number.
    data
        The training records: a tuple (inputs, targets) of arrays or tensors with n records along
        their first axes, or a map-style data set of such pairs. If there are several inputs, the
        module takes them in order. Numbers get the precision of the run; whole numbers stay as
        they are. Arrays are not copied where they fit: do not change them.
    test, validation
        Records as ``data``, or a share of it that is split off, with equal shares of the classes.
    metrics
        Functions of (outputs, targets) that return one number, by name: what a checkpoint measures
        beside the loss. They see all outputs of a part of the data at once, unless these are more
        than 67 million numbers; then the metric is the mean over pieces.
    batch_norm
        ``recompute``: before each measurement the statistics of batch normalization are worked out
        from θ, as means over up to 20 batches of 128 training records, always the same. They are
        no moving averages, and what was asked before does not change them. ``refuse`` refuses
        modules with batch normalization.

    Raises
    ------
    UsageError
        If a parameter of θ is not float32 or float64, data is empty, not finite, random or of
        different lengths, the forward changes other buffers than those of batch normalization, or
        it draws from other generators than torch's.
    UnavailableError
        If PyTorch is not installed.

    Examples
    --------
    >>> import optframe, torch
    >>> x, y = torch.randn(64, 2), torch.randint(3, (64,))
    >>> loss = torch.nn.functional.cross_entropy
    >>> problem = optframe.TorchProblem(lambda: torch.nn.Linear(2, 3), loss, (x, y))
    >>> problem.size
    9
    >>> optframe.minimize(problem, "adam", epochs=2).status
    'finished'
    """

    _given: Given

    copies = False
    vectorized: ClassVar[bool] = False

    def __init__(
        self,
        module: Any,
        loss: Callable[[Any, Any], Any],
        data: Any,
        *,
        test: Any = None,
        validation: Any = None,
        metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
        batch_norm: Literal["recompute", "refuse"] = "recompute",
    ) -> None:
        given = Given(module, loss, data, test, validation, dict(metrics or {}), batch_norm)
        self.__dict__["_given"] = given  # a subclass may be a frozen dataclass

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        own = sorted(vars(cls).keys() & {*_ANSWERS, "backward", "parameters_at", "bind"})
        if own:
            raise TypeError(
                f"{cls.__name__}.{own[0]} overrides that of TorchProblem, which torch's optimizers "
                "would not see; put it into the loss or the module, or rename it"
            )

    def __reduce__(self) -> tuple[Any, ...]:
        fields = getattr(self, "__dataclass_fields__", None)
        if fields is None:
            return copyreg.__newobj__, (type(self),), {"_given": self._given}  # type: ignore[attr-defined]
        given = {name: getattr(self, name) for name, one in fields.items() if one.init}
        return partial(type(self), **given), ()  # a subclass makes its module from its fields

    def __repr__(self) -> str:
        module = self._given.module
        return f"{type(self).__name__}({getattr(module, '__name__', type(module).__name__)})"

    @property
    def title(self) -> str:
        """The name of the module's class."""
        return self._given.template.title

    @property
    def module(self) -> Any:
        """The problem's own module, a copy, whose parameters are θ."""
        return self._live.module

    @property
    def known_failures(self) -> Mapping[str, str]:
        """The kit's checks that fail for good reasons: of batch normalization, and of lambdas."""
        found = {}
        if self._live.couples and self.deterministic:
            reason = "batch normalization: a batch's loss is no mean over its records"
            found["minibatches-average-to-the-whole"] = reason
        try:
            pickle.dumps(self)
        except (pickle.PicklingError, AttributeError, TypeError):
            found["pickles"] = "it holds what cannot be pickled; workers make it by its name"
        return found

    @property
    def dtype(self) -> str:  # type: ignore[override]
        """``float64`` if all parameters of the module are that, else ``float32``."""
        return self._given.template.dtype

    @property
    def draws_start(self) -> bool:  # type: ignore[override]
        """Whether the module is made by a function that draws."""
        return self._given.template.draws_start

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether the module draws nothing while it trains (no dropout).

        It is False for a module that cannot be used at all: the run that tries says why.
        """
        try:
            return not self._facts.draws
        except Exception:
            return False

    @property
    def size(self) -> int:
        """P, the number of the parameters that are trained."""
        return self._given.template.layout.size

    @property
    def records(self) -> int:
        """The number of training records."""
        return len(self._given.parts["train"][-1])

    def layout(self) -> Layout:
        """Return the blocks of θ, by the names of the module's ``named_parameters``."""
        return self._given.template.layout

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the module's parameters, or those of one that is made under a seed."""
        return self._given.template.start(int(random.integers(2**63)))

    def random_start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the start where it is drawn, else the parameters plus N(0, 1) noise."""
        return self.start(random) if self.draws_start else super().random_start(random)

    def groups(self, by: str) -> NDArray[Any] | None:
        """Return each training record's ``class``, where the targets are whole numbers."""
        targets = self._given.parts["train"][-1]
        whole = targets.ndim == 1 and not targets.is_floating_point()
        return targets.numpy() if by == "class" and whole else None

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> TorchBatch:
        """Return the training records with these indices, and the seed of the step's noise."""
        records = self._parts["train"]
        if isinstance(indices, slice):
            if indices != slice(None):
                records = tuple(part[indices] for part in records)
        elif indices is not None:
            rows = self._live.rows(indices)
            records = tuple(part.index_select(0, rows) for part in records)
        if not self._facts.draws:
            return self._batch(records)
        if random is None:
            return self._batch(records, None, "still")
        return self._batch(records, int(random.integers(2**63)))

    def parameters_at(self, theta: Array) -> tuple[Any, ...]:
        """Return the module's own Parameters, in the order of the layout, as views of θ."""
        return self._live.parameters_at(theta)

    def backward(self, theta: Array, batch: TorchBatch) -> Any:
        """Leave the gradient of the batch's loss in the Parameters, and return the loss.

        The Parameters are `parameters_at` θ; each has a ``grad`` afterwards. The loss is a tensor
        without a graph.
        """
        return self._live.backward(theta, batch)

    def loss(self, theta: Array, batch: TorchBatch) -> Array:
        """Return the batch's loss, a number."""
        return self._live.array(self._live.loss(theta, batch))

    def gradient(self, theta: Array, batch: TorchBatch) -> Array:
        """Return the gradient of the batch's loss, (P,)."""
        return self._live.array(self._live.loss_and_gradient(theta, batch)[1])

    def loss_and_gradient(self, theta: Array, batch: TorchBatch) -> tuple[Array, Array]:
        """Return both from one forward pass."""
        loss, gradient = self._live.loss_and_gradient(theta, batch)
        return self._live.array(loss), self._live.array(gradient)

    def hvp(self, theta: Array, v: Array, batch: TorchBatch) -> Array:
        """Return the Hessian of the batch's loss times v, (P,), by differentiating twice."""
        return self._live.array(self._second.hvp(self._live, theta, v, batch))

    def hessian(self, theta: Array, batch: TorchBatch) -> Array:
        """Return the Hessian of the batch's loss, (P, P)."""
        return self._live.array(self._second.hessian(self._live, theta, batch))

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure θ on all training, validation and test records, with the module in evaluation.

        The names are ``loss`` and those of the metrics; ``validation_`` and ``test_`` come before
        them for these parts. A part without records has no metrics.
        """
        return self._measuring(theta)

    def apply(self, theta: Array, module: Any = None) -> Any:
        """Put θ into a module like this one, in its place, and return it.

        Its buffers and frozen parameters become those of the problem's module, with the statistics
        of batch normalization at θ.
        """
        if module is None:
            raise UsageError(
                f"TorchProblem: apply needs a module to put θ into; give it a {self.title}"
            )
        home = self.setting
        self._measuring.at(theta if home is None else home.backend.asarray(theta, home.dtype))
        try:
            module.load_state_dict(self._live.module.state_dict())
        except (RuntimeError, AttributeError) as error:
            raise UsageError(
                f"TorchProblem: θ does not fit into a {type(module).__name__}: {one_line(error)}"
            ) from error
        return module

    def offers(self) -> frozenset[str]:
        """Return the words of the oracle that it answers."""
        return super().offers() - {"apply", "backward", "parameters_at"}

    def bind(self, setting: Setting) -> Self:
        """Return a problem of the same module and data on this setting's device."""
        bound = object.__new__(type(self))
        kept = {"_given", *getattr(self, "__dataclass_fields__", ())}  # of a subclass
        bound.__dict__.update({k: v for k, v in vars(self).items() if k in kept}, setting=setting)
        return bound

    @cached_property
    def _live(self) -> LiveModule:
        from optframe_problems.torch_models.live_module import LiveModule

        given, home = self._given, self.setting
        backend, dtype = (None, self.dtype) if home is None else (home.backend, home.dtype)
        return LiveModule(given.template, given.criterion, backend, dtype)

    @cached_property
    def _parts(self) -> dict[str, Records]:
        """The records of each part, on the device."""
        return self._given.parts_on(self._live)

    @cached_property
    def _facts(self) -> Facts:
        from optframe_problems.torch_models.probe import facts_of

        try:
            facts = facts_of(self._live, self._parts["train"], self._given.batch_norm)
        except Exception:
            self.__dict__.pop("_live")  # what it has changed in its module
            raise
        self._given.tell(facts.unused)
        self._live.most = facts.most
        return facts

    @cached_property
    def _second(self) -> Any:
        """The module of second derivatives, after a check that torch has them right."""
        from optframe_problems.torch_models import probe, second_derivatives

        given, few = self._given, tuple(part[: probe.FEW] for part in self._given.parts["train"])
        seed = 0 if self._facts.draws else None
        second_derivatives.check_second_derivatives(given.template, given.criterion, few, seed)
        return second_derivatives

    @cached_property
    def _measuring(self) -> Measuring:
        from optframe_problems.torch_models.measuring import Measuring

        return Measuring(self._live, self._parts, self._given.metrics, self._facts)

    @cached_property
    def _batch(self) -> type[TorchBatch]:
        from optframe_problems.torch_models.live_module import TorchBatch

        return TorchBatch
