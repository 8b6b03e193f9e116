"""``optframe parity``: names the conventions in which optimizers of the same name differ."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click

from optframe.cli.options import name_broken, warn, with_plugins
from optframe.components.registry import Registry
from optframe.gate.parity.comparison import SECONDS, compare

__all__ = ["command"]

EVERY = 3.0
"""A line says what is being done, when it takes this many seconds."""


@click.command("parity")
@click.argument("optimizers", nargs=-1, metavar="A B...")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1, max=3600.0),
    default=SECONDS,
    show_default=True,
    help="The longest time of the search for one optimizer.",
)
@with_plugins
def command(registry: Registry, optimizers: tuple[str, ...], as_json: bool, seconds: float) -> int:
    """Give optimizers the same gradients, and name the convention in which they differ from A.

    A, B, ... are notations such as adam:beta1=0.8, or import paths such as torch.optim.Adam. All
    get the same numbers (learning rate, eps, betas, ...), unless they are typed. For each one the
    built-in optimizer that takes the same steps is searched for: adam:eps_hat=true.

    Exit codes: 0 all agree with A, or with a built-in optimizer; 1 some do not; 2 usage error.
    """
    name_broken(registry)
    comparison = compare(optimizers, registry, seconds, _progress())
    click.echo(json.dumps(comparison.data(), indent=2) if as_json else str(comparison))
    return 0 if comparison.explained else 1


def _progress() -> Callable[[str], None]:
    """Return what prints what is being done, if that takes long."""
    last = time.monotonic()

    def progress(text: str) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            warn(text)

    return progress
