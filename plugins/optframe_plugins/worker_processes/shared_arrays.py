"""Pickled work whose arrays lie in one file, which all worker processes of a machine share."""

import mmap
import pickle
import tempfile
from collections.abc import Iterator
from typing import Any

__all__ = ["Handed", "taken"]

ALIGNMENT = 64
"""Bytes at whose multiples arrays begin, as those of NumPy that are fast do."""


class Handed:
    """Work to be handed over: a message, and a file for the arrays in it.

    However large they are, the machine holds them once: each process maps the file, and copies
    what it writes to.
    """

    def __init__(self, work: Any) -> None:
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(work, 5, buffer_callback=buffers.append)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as workers may come
        places = []
        for buffer in buffers:
            with buffer.raw() as raw:
                begin = -(-self.file.tell() // ALIGNMENT) * ALIGNMENT
                self.file.seek(begin)
                self.file.write(raw)
                places.append((begin, begin + raw.nbytes))
        self.file.flush()
        self.message = pickle.dumps((data, places))

    def __enter__(self) -> "Handed":
        return self

    def __exit__(self, *raised: object) -> None:
        self.file.close()


def taken(message: bytes, descriptor: int) -> Any:
    """Return the work, in a process that was given the message and the file."""
    data, places = pickle.loads(message)
    return pickle.loads(data, buffers=_pieces(descriptor, places))


def _pieces(descriptor: int, places: list[tuple[int, int]]) -> Iterator[Any]:
    length = max((end for _, end in places), default=0)
    whole = memoryview(mmap.mmap(descriptor, length, access=mmap.ACCESS_COPY)) if length else b""
    for begin, end in places:
        yield whole[begin:end]
