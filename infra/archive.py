"""The functions' archive: a zip whose bytes depend on nothing but the source and the lock.

lambdas/registry ──────────────────────────────┐
lock ─uv─▶ wheels for runtime and architecture ─┴▶ one zip (sorted, stored, dated 1980) in the user's cache

Entries are stored, not deflated: two machines' zlibs need not write the same bytes, and Lambda unpacks the
archive anyway. What is too large for that is `compressed`, and may differ between machines. A cached archive
costs a few milliseconds; several stacks may build at once (files appear by rename).
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from infra.functions import ArchiveSpec
from infra.settings import ROOT, Mistake

SOURCE = ROOT / "lambdas" / "registry"
# Lambda's limit for a zip uploaded directly; stored entries reach it before the 250 MB allowed unpacked.
MAX_ARCHIVE_BYTES = 50 * 1024 * 1024
KEPT_DAYS = 30  # an archive that nobody has asked for this long leaves the cache
# Goes into every digest: change it when the rules of this module change.
FORMAT = "1"
PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
BOTOCORE_FILES = {"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"}
# Written by installers: differs from machine to machine, read by nobody.
INSTALLER_FILES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}


def cache_folder() -> Path:
    return (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serverless-registry" / "functions"
    )


def build_archive(spec: ArchiveSpec, *, runtime: str, architecture: str, source: Path = SOURCE) -> Path:
    """The zip of `source` (as its folder's name) and the lock's wheels. Raises Mistake."""
    try:
        lock = spec.requirements.read_bytes()
    except OSError as trouble:
        raise Mistake(f"the functions' lock cannot be read: {trouble}") from None
    wheels_key = _digest(
        FORMAT, runtime, architecture, *sorted(spec.aws_services), str(spec.compressed), lock
    )
    files = _source_files(source)
    contents = {name: path.read_bytes() for name, path in files.items()}
    archive_key = _digest(wheels_key, *(part for pair in contents.items() for part in pair))
    archive = cache_folder() / f"{archive_key}.zip"
    if not archive.exists():
        wheels = cache_folder() / f"wheels-{wheels_key}.zip"
        if not wheels.exists():
            _atomically(wheels, lambda part: _write_wheels(part, spec, runtime, architecture))
        _atomically(archive, lambda part: _add_source(part, wheels, contents))
        _prune(cache_folder())
    os.utime(archive)
    if (size := archive.stat().st_size) > MAX_ARCHIVE_BYTES:
        raise Mistake(
            f"the archive of {spec.requirements.name} has {size / 2**20:.0f} MB, Lambda takes"
            f" {MAX_ARCHIVE_BYTES / 2**20:.0f}: keep fewer aws_services in functions.toml, take a package out"
            " of the lock, or say `compressed = true`"
        )
    return archive


def _digest(*parts: str | bytes) -> str:
    """Of the parts and their borders."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8) + data)
    return sha.hexdigest()


def _atomically(target: Path, write: Callable[[Path], None]) -> None:
    """`write` fills a file that takes the target's place only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as folder:
        part = Path(folder) / target.name
        write(part)
        part.replace(target)


def _prune(folder: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for path in folder.glob("*.zip"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _write_entry(
    archive: zipfile.ZipFile, name: str, data: bytes, compression: int = zipfile.ZIP_STORED
) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, wherever it is made: else Lambda ignores the mode
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, data, compression, compresslevel=6)


def _add_source(part: Path, wheels: Path, contents: dict[str, bytes]) -> None:
    shutil.copyfile(wheels, part)
    with zipfile.ZipFile(part, "a") as archive:
        for name, data in contents.items():
            _write_entry(archive, name, data)


def _source_files(source: Path) -> dict[str, Path]:
    """Name in the archive -> file, sorted. Tests, caches and hidden files stay out."""
    files = {path.relative_to(source.parent).as_posix(): path for path in _regular_files(source)}
    if not files:
        raise Mistake(f"the functions' source is missing: there is no file in {source}")
    return dict(sorted(files.items()))


def _regular_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        if not hidden and path.suffix not in {".pyc", ".pyo"} and path.is_file():
            yield path


def _write_wheels(part: Path, spec: ArchiveSpec, runtime: str, architecture: str) -> None:
    compression = zipfile.ZIP_DEFLATED if spec.compressed else zipfile.ZIP_STORED
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "packages"
        _install(target, spec.requirements, runtime, architecture)
        _check_services(target, spec.aws_services)
        files = {path.relative_to(target).as_posix(): path for path in _regular_files(target)}
        with zipfile.ZipFile(part, "w") as archive:
            for name, path in sorted(files.items()):
                if _belongs(PurePosixPath(name), spec.aws_services):
                    _write_entry(archive, name, path.read_bytes(), compression)


def _install(target: Path, lock: Path, runtime: str, architecture: str) -> None:
    """Wheels only, for the function's machine rather than this one."""
    if importlib.util.find_spec("uv") is None:
        raise Mistake(f"uv is not installed in {sys.prefix}, and the functions' wheels are: run `make setup`")
    machine = [
        "--python-version",
        runtime.removeprefix("python"),
        "--python-platform",
        PLATFORMS[architecture],
    ]
    wheels_only = ["--require-hashes", "--only-binary", ":all:", "--requirements", str(lock)]
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-python-downloads",
         "--python", sys.executable, "--target", str(target), *machine, *wheels_only],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"uv ended with {done.returncode}"
        raise Mistake(f"the wheels of {lock.name} for {runtime} on {architecture} cannot be had: {reason}")


def _check_services(target: Path, services: tuple[str, ...]) -> None:
    data = target / "botocore" / "data"
    if unknown := [name for name in services if data.is_dir() and not (data / name).is_dir()]:
        raise Mistake(
            f"functions.toml: archive.aws_services has {unknown[0]!r}, which botocore does not know"
        )


def _belongs(name: PurePosixPath, services: tuple[str, ...]) -> bool:
    match name.parts:
        case ("bin", *_):
            return False
        case (folder, *_, file) if folder.endswith(".dist-info"):
            return file not in INSTALLER_FILES
        case ("botocore", "data", file):
            return file in BOTOCORE_FILES
        case ("botocore" | "boto3", "data", service, *_):
            return service in services and not name.name.startswith("examples-")
        case _:
            return "tests" not in name.parts[:-1]
