"""The rows in a SQLite file that SQLite itself refuses, page by page.

A file is a row of pages. The leaves of tables say so in their first byte, and hold whole rows; what
is too long for one goes on in a chain of other pages. So rows can be read wherever the tree above
them is broken, and the header, too; a row whose own page or chain is broken is lost. Frames of the
write-ahead log that were committed stand for the pages that they would have replaced. See
https://sqlite.org/fileformat2.html, whose letters are used here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["Pages", "Value"]

Value = int | float | str | bytes | None

LEAF = 13
"""The first byte of a page that is a leaf of a table."""

SIZES = frozenset(2**n for n in range(9, 17))

USUAL = 4096
"""The size of pages, where neither file nor log says it."""


class Pages:
    """The pages of a file and of its log, by their numbers from 1 on."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        log = path.with_name(path.name + "-wal")
        logged = log.read_bytes() if log.exists() else b""
        self.size = self._page_size(logged)
        self._usable = self.size - (self._content[20] if self._has_header else 0)
        self._logged = dict(_frames(logged, self.size))
        whole = -(-len(self._content) // self.size)
        self.count = max([whole, *self._logged])

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield every row of every table that can be read, in the order of the pages."""
        for number in range(1, self.count + 1):
            page = self._page(number)
            begin = 100 if number == 1 else 0  # where the header of the file is
            if len(page) < begin + 8 or page[begin] != LEAF:
                continue
            cells = int.from_bytes(page[begin + 3 : begin + 5])
            for i in range(cells):
                where = int.from_bytes(page[begin + 8 + 2 * i : begin + 10 + 2 * i])
                try:
                    yield _record(self._payload(page, where))
                except (IndexError, ValueError, struct.error):  # not a row, or not all of it
                    continue

    @property
    def _has_header(self) -> bool:
        return len(self._content) >= 100 and self._content.startswith(b"SQLite format 3\0")

    def _page_size(self, logged: bytes) -> int:
        own = int.from_bytes(self._content[16:18])
        own = 65536 if own == 1 else own
        if self._has_header and own in SIZES:
            return own
        of_log = int.from_bytes(logged[8:12])
        return of_log if of_log in SIZES else USUAL

    def _page(self, number: int) -> bytes:
        if number in self._logged:
            return self._logged[number]
        return self._content[(number - 1) * self.size : number * self.size]

    def _payload(self, page: bytes, where: int) -> bytes:
        """Return all bytes of the row whose cell begins here."""
        usable = self._usable
        length, where = _varint(page, where)
        _, where = _varint(page, where)  # the row's number
        most = usable - 35
        least = (usable - 12) * 32 // 255 - 23
        local = length
        if length > most:
            here = least + (length - least) % (usable - 4)
            local = here if here <= most else least
        parts = [page[where : where + local]]
        missing = length - len(parts[0])
        if not missing:
            return parts[0]
        if len(parts[0]) < local:
            raise ValueError("the page ends within a row")
        after = int.from_bytes(page[where + local : where + local + 4])
        while missing > 0:
            following = self._page(after) if 0 < after <= self.count else b""
            if len(following) < 4:
                raise ValueError("the chain of a row is broken")
            parts.append(following[4 : 4 + min(missing, usable - 4)])
            missing -= usable - 4
            after = int.from_bytes(following[:4])
        content = b"".join(parts)
        if len(content) != length or after:
            raise ValueError("the chain of a row is broken")
        return content


def _record(payload: bytes) -> tuple[Value, ...]:
    """Return the values of a row."""
    end, where = _varint(payload, 0)
    if not where <= end <= len(payload):
        raise ValueError("this is no row")
    values, begin = [], end
    while where < end:
        kind, where = _varint(payload, where)
        value, begin = _value(payload, kind, begin)
        values.append(value)
    if begin != len(payload):
        raise ValueError("this is no row")
    return tuple(values)


def _value(payload: bytes, kind: int, begin: int) -> tuple[Value, int]:
    """Return the value of this serial type that begins here, and where the next one does."""
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], begin
    if kind in (10, 11):
        raise ValueError("no row has such values")
    length = (0, 1, 2, 3, 4, 6, 8, 8)[kind] if kind < 8 else (kind - 12) // 2
    content = payload[begin : begin + length]
    if len(content) < length:
        raise ValueError("the row ends within a value")
    after = begin + length
    if kind < 7:
        return int.from_bytes(content, signed=True), after
    if kind == 7:
        return float(struct.unpack(">d", content)[0]), after
    return content.decode() if kind % 2 else content, after


def _varint(content: Sequence[int], where: int) -> tuple[int, int]:
    """Return the number of 1 to 9 bytes that begins here, and where it ends."""
    value = 0
    for i in range(8):
        byte = content[where + i]
        value = value << 7 | byte & 127
        if byte < 128:
            return value, where + i + 1
    return value << 8 | content[where + 8], where + 9


def _frames(log: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the pages of a log in their order, as far as they were committed and are sound."""
    if len(log) < 32 or int.from_bytes(log[8:12]) != size:
        return
    order = ">" if log[3] & 1 else "<"
    sums = _sums(log[:24], order, (0, 0))
    if struct.pack(">2I", *sums) != log[24:32]:
        return
    pending: list[tuple[int, bytes]] = []
    for begin in range(32, len(log) - 24 - size + 1, 24 + size):
        head, page = log[begin : begin + 24], log[begin + 24 : begin + 24 + size]
        sums = _sums(page, order, _sums(head[:8], order, sums))
        if head[8:16] != log[16:24] or struct.pack(">2I", *sums) != head[16:24]:
            return
        pending.append((int.from_bytes(head[:4]), page))
        if any(head[4:8]):
            yield from pending
            pending = []


def _sums(content: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    one, other = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for i in range(0, len(words), 2):
        one = one + words[i] + other & 0xFFFFFFFF
        other = other + words[i + 1] + one & 0xFFFFFFFF
    return one, other
