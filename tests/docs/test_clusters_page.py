"""The page about clusters: what it says of settings is what there is."""

import re
import tomllib
from pathlib import Path

import pytest

from optframe.study.settings import RunSettings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "clusters.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


def test_its_settings_mean_dask():
    (table,) = map(tomllib.loads, blocks("toml"))
    assert RunSettings(**table["run"]).runs_by == "dask"


@pytest.mark.parametrize("block", blocks("python"))
def test_its_scripts_are_python(block):
    compile(block, "clusters.md", "exec")


def test_its_certificates_are_where_dask_looks_for_them():
    distributed = pytest.importorskip("distributed")
    yaml = pytest.importorskip("yaml")
    import dask.config

    (block,) = map(yaml.safe_load, blocks("yaml"))
    known = dask.config.get("distributed.comm.tls")
    assert block["distributed"]["comm"]["tls"].keys() < known.keys()
    assert dask.config.get("distributed.comm.require-encryption") is None
    assert distributed.Security().require_encryption is False
