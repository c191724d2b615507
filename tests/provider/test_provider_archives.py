"""Code archives: the same content gives the same bytes."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from localcloud.provider import archive
from localcloud.provider.archive import zip_bytes
from localcloud.provider.cloud import CloudError
from localcloud.provider.values import ARCHIVE, ASSET, SIGNATURE

pytestmark = pytest.mark.unit


def folder(path: Path) -> dict[str, Any]:
    return {SIGNATURE: ARCHIVE, "path": str(path), "hash": "h"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "late.py").write_text("late")
    (tmp_path / "a.py").write_text("a")
    script = tmp_path / "run"
    script.write_text("#!")
    script.chmod(0o755)
    return tmp_path


def test_a_folder_is_packed_the_same_on_any_day(source: Path) -> None:
    first = zip_bytes(folder(source))
    os.utime(source / "a.py", (1, 1))
    assert zip_bytes(folder(source)) == first
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        assert packed.namelist() == ["a.py", "b/late.py", "run"]
        assert packed.read("b/late.py") == b"late"
        modes = [info.external_attr >> 16 for info in packed.infolist()]
        assert modes == [0o644, 0o644, 0o755]


def test_a_zip_goes_as_it_is(tmp_path: Path) -> None:
    ready = tmp_path / "ready.zip"
    ready.write_bytes(b"not looked into")
    assert zip_bytes(folder(ready)) == b"not looked into"


def test_assets_are_texts_files_and_folders_under_their_names(source: Path) -> None:
    assets = {
        "main.py": {SIGNATURE: ASSET, "text": "hello", "hash": "h"},
        "deep/a.py": {SIGNATURE: ASSET, "path": str(source / "a.py"), "hash": "h"},
        "lib": folder(source / "b"),
    }
    with zipfile.ZipFile(
        io.BytesIO(zip_bytes({SIGNATURE: ARCHIVE, "assets": assets, "hash": "h"}))
    ) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            "deep/a.py": b"a",
            "lib/late.py": b"late",
            "main.py": b"hello",
        }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"path": "/nowhere"}, "no such folder or .zip file"),
        ({"uri": "https://example.com/a.zip"}, "remote archives are not supported"),
        ({"assets": {"a": {"uri": "https://example.com/a"}}}, "remote assets are not supported"),
        ({"assets": {"a": {"path": "/nowhere"}}}, "no such file as /nowhere"),
    ],
)
def test_what_cannot_be_packed_is_told(value: dict[str, Any], reason: str) -> None:
    with pytest.raises(CloudError, match=reason):
        zip_bytes({SIGNATURE: ARCHIVE, **value})


def test_lambdas_limit_is_told_before_the_call(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    with pytest.raises(CloudError, match="and Lambda takes 10 with the call"):
        zip_bytes(folder(source))
