"""Write a store of this folder, and what is read from it, with the optframe that is installed.

    python write.py functions

README.md says with which one that was done. Do not do it again with a newer one: the stores would
no longer be old.
"""

import hashlib
import json
import os
import platform
import socket
import sqlite3
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FRAMES = ("trials", "curves")


def rows(frame):
    """Return the values of a frame, exactly: a row is a line of JSON.

    A float is the shortest text that stands for it and no other; what is missing among texts is
    null, whichever pandas reads it.
    """
    columns = [
        frame[name].tolist()
        if frame[name].dtype.kind == "f"
        else [None if value != value else value for value in frame[name].tolist()]
        for name in frame
    ]
    return [json.dumps(row, ensure_ascii=False) for row in zip(*columns, strict=True)]


def others(results):
    """Return what else is read: the study, environments, and hashes of the landscapes' numbers."""
    landscapes = {}
    for key, found in sorted(results.landscapes.items()):
        arrays = [np.ascontiguousarray(array, "<f8") for array in (*found.axes, found.loss)]
        digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
        landscapes[key] = [*(list(array.shape) for array in arrays), digest]
    return {
        "study": results.study,
        "environments": results.environments,
        "landscapes": landscapes,
    }


def main(name):
    from optframe import load
    from optframe.cli import main as optframe

    # No name of the machine that writes, nor of its kernel.
    socket.gethostname = platform.node = lambda: "a-machine"
    platform.platform = lambda: "Linux-x86_64-with-glibc2.36"
    os.chdir(HERE / name)
    sys.argv = ["optframe", "run", "study.toml", "--out", ".", "--no-report"]
    try:
        optframe()
    except SystemExit as ended:
        if ended.code:
            raise
    connection = sqlite3.connect("store.sqlite")
    connection.execute("VACUUM")  # the row of the lock is deleted, and its bytes are still there
    connection.close()
    results = load(".")
    for kind in FRAMES:
        frame = getattr(results, kind)
        lines = [json.dumps([*frame.columns]), *rows(frame)]
        Path(f"{kind}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = json.dumps(others(results), indent=1, ensure_ascii=False)
    Path("others.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
