"""Code archives: the bytes that Lambda gets for the archive that a program names."""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from localcloud.provider.cloud import CloudError
from localcloud.provider.values import Value, is_archive

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold: the same content gives the same bytes on any day."""
MAX_BYTES = 50 * 1024 * 1024
"""Lambda's limit on a zip that is sent with the call (Lambda quotas)."""


def zip_bytes(archive: Value) -> bytes:
    """The zip of a `code` property.

    A path is relative to the program's folder, which is ours. Raises CloudError.
    """
    path = archive.get("path")
    if path and Path(path).is_file():
        if Path(path).suffix not in (".zip", ".jar"):
            raise CloudError(f"code archive {path} is neither a folder nor a .zip file")
        packed = Path(path).read_bytes()
    else:
        packed = _pack(dict(_entries(archive, "")))
    if len(packed) > MAX_BYTES:
        raise CloudError(
            f"the code archive has {len(packed)} bytes, and Lambda takes {MAX_BYTES} with the call"
        )
    return packed


def _entries(archive: Value, prefix: str) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    """Name, content and whether it may be executed, for every file."""
    if archive.get("path"):
        yield from _folder(Path(archive["path"]), prefix)
    elif isinstance(archive.get("assets"), dict):
        for name, item in archive["assets"].items():
            inner = f"{prefix}{name}"
            if is_archive(item):
                yield from _entries(item, f"{inner}/")
            else:
                yield inner, _asset(item, inner)
    else:
        raise CloudError(
            "the code archive names neither a path nor assets: remote archives are not supported here"
        )


def _folder(folder: Path, prefix: str) -> Iterator[tuple[str, tuple[bytes, bool]]]:
    if not folder.is_dir():
        raise CloudError(f"code archive {folder}: no such folder or .zip file")
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield prefix + path.relative_to(folder).as_posix(), (path.read_bytes(), os.access(path, os.X_OK))


def _asset(asset: Value, name: str) -> tuple[bytes, bool]:
    if asset.get("path"):
        path = Path(asset["path"])
        if not path.is_file():
            raise CloudError(f"code asset {name}: no such file as {path}")
        return path.read_bytes(), os.access(path, os.X_OK)
    if asset.get("text") is not None:
        return str(asset["text"]).encode(), False
    raise CloudError(f"code asset {name} is neither a file nor a text: remote assets are not supported here")


def _pack(files: dict[str, tuple[bytes, bool]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            content, executable = files[name]
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if executable else 0o644) << 16
            archive.writestr(entry, content)
    return packed.getvalue()
