"""Keeping the messages of `distributed` out of a study's output."""

import contextlib
import logging
from collections.abc import Iterator

__all__ = ["silence"]

LOGGERS = ("client", "core", "comm", "comm.core", "comm.tcp", "batched", "utils_comm")
"""Of `distributed`: what they would log here, the link says in one line, or raises."""


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep `distributed` from logging here what is said in one line, or raised."""
    import distributed

    loggers = [logging.getLogger(f"{distributed.__name__}.{name}") for name in LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
