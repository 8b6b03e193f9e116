"""Pickled work whose arrays are in one file, which all worker processes of a machine map."""

import mmap
import pickle
import tempfile
from collections.abc import Iterator
from typing import Any

__all__ = ["Handed", "taken"]

ALIGNMENT = 64
"""Arrays begin at multiples of so many bytes in the file; NumPy is faster on aligned arrays."""


class Handed:
    """Work for worker processes: a pickled message, and a file with its arrays.

    The arrays are in the machine's memory once, since each process maps the file. A process copies
    only the pages that it writes to.
    """

    def __init__(self, work: Any) -> None:
        buffers: list[pickle.PickleBuffer] = []
        data = pickle.dumps(work, 5, buffer_callback=buffers.append)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as workers may start
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
