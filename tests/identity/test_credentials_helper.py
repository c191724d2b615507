"""`registry-credentials`, against the exchange over HTTP and a stand-in for STS that verifies signatures."""

import json
import os
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from registry.domain.keys import RegisteredKeys, RegistryKey
from registry.stores.keys import KeyStore
from registry_cli.credentials.main import main
from tests.identity.helping import HELPER, shorten
from tests.support.proofs import SESSION, USER, derived
from tests.support.token_server import TokenServer

pytestmark = pytest.mark.unit


def hour_away(text: str) -> bool:
    left = datetime.fromisoformat(text) - datetime.now(UTC)
    return timedelta(minutes=59) < left <= timedelta(hours=1)


def test_it_registers_signing_keys_and_prints_the_profiles_own_credentials(
    run: Callable[..., Any], store: KeyStore, registry: TokenServer
) -> None:
    printed = run("--profile", "session")
    assert hour_away(printed.pop("Expiration"))
    assert printed == {
        "Version": 1,
        "AccessKeyId": SESSION.access_key_id,
        "SecretAccessKey": SESSION.secret,
        "SessionToken": SESSION.session_token,
    }
    stored = store.find(SESSION.access_key_id)
    assert isinstance(stored, RegisteredKeys)
    assert stored.by_date == {date: derived(SESSION.secret, date) for date in stored.by_date}
    assert registry.asked[0][0] == "/alpha/auth/token"


def test_long_lived_credentials_have_no_session_token(run: Callable[..., Any]) -> None:
    assert set(run("--profile", "user")) == {"Version", "AccessKeyId", "SecretAccessKey", "Expiration"}


def test_the_secret_leaves_the_machine_in_no_form(run: Callable[..., Any], registry: TokenServer) -> None:
    run("--profile", "user")
    run("--profile", "user", "--registry-key")
    assert len(registry.asked) == 2
    assert USER.secret not in json.dumps(registry.asked)


def test_a_registry_key_instead(run: Callable[..., Any], store: KeyStore) -> None:
    printed = run("--profile", "user", "--registry-key")
    assert hour_away(printed["Expiration"])
    stored = store.find(printed["AccessKeyId"])
    assert isinstance(stored, RegistryKey)
    assert stored.secret == printed["SecretAccessKey"]
    assert run("--profile", "user", "--registry-key") == printed


def test_the_second_run_asks_nobody(run: Callable[..., Any], registry: TokenServer) -> None:
    first = run("--profile", "user")
    assert run("--profile", "user") == first
    assert len(registry.asked) == 1


def test_other_credentials_and_kinds_have_grants_of_their_own(
    run: Callable[..., Any], registry: TokenServer
) -> None:
    for words in (["user"], ["session"], ["user", "--registry-key"]):
        run("--profile", *words)
    assert len(registry.asked) == 3


@pytest.mark.parametrize(("minutes", "asked"), [(21, 1), (19, 2), (-5, 2)])
def test_a_grant_is_renewed_twenty_minutes_before_its_end(
    run: Callable[..., Any], registry: TokenServer, home: Path, minutes: float, asked: int
) -> None:
    run("--profile", "user")
    shorten(home, minutes)
    run("--profile", "user")
    assert len(registry.asked) == asked


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"expiration": "x"}', '{"expiration": 5, "access_key_id": "x"}']
)
def test_a_broken_cache_file_is_no_grant(
    run: Callable[..., Any], registry: TokenServer, home: Path, content: str
) -> None:
    run("--profile", "user")
    (path,) = (home / "cache").glob("*.json")
    path.write_text(content)
    run("--profile", "user")
    assert len(registry.asked) == 2


def test_nobody_else_can_read_the_cache(run: Callable[..., Any], home: Path) -> None:
    run("--profile", "user", "--registry-key")
    assert stat.S_IMODE((home / "cache").stat().st_mode) == 0o700
    files = [path for path in (home / "cache").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not [path for path in files if USER.secret in path.read_text()]


def test_old_grants_are_forgotten(run: Callable[..., Any], home: Path) -> None:
    run("--profile", "session")
    (old,) = (home / "cache").glob("*.json")
    os.utime(old, (0, 0))
    run("--profile", "user")
    assert not old.exists()
    assert len(list((home / "cache").glob("*.json"))) == 1


def test_the_endpoint_may_come_from_botocores_own_setting(
    registry: TokenServer, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--profile", "user", "--cache", str(home / "cache")]
    assert main(words) == 1
    assert "which registry? Give --endpoint" in capsys.readouterr().err
    monkeypatch.delenv("REGISTRY_CREDENTIALS_RUNNING")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY", registry.url)
    assert main(words) == 0


def test_botocore_takes_it_as_a_credential_process(registry: TokenServer, home: Path) -> None:
    cache = home / "cache"
    with (home / "config").open("a") as config:
        config.write(
            "[profile registry]\n"
            f"credential_process = {HELPER} --profile session --endpoint {registry.url} --cache {cache}\n"
        )
    session = botocore.session.Session(profile="registry")
    credentials = session.get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == (
        SESSION.access_key_id,
        SESSION.secret,
        SESSION.session_token,
    )
    assert credentials.method == "custom-process"
    assert len(registry.asked) == 1


def test_of_processes_started_together_one_asks(registry: TokenServer, home: Path) -> None:
    command = f"{HELPER} --profile user --endpoint {registry.url} --cache {home / 'cache'}"

    def start(_: int) -> Any:
        done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    with ThreadPoolExecutor(4) as pool:
        printed = list(pool.map(start, range(4)))
    assert printed == [printed[0]] * 4
    assert len(registry.asked) == 1


def test_temporary_credentials_end_when_they_end(run: Callable[..., Any], home: Path) -> None:
    """The profile's own process says 30 minutes; the grant says an hour."""
    ends = (datetime.now(UTC) + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (home / "own.json").write_text(
        json.dumps(
            {
                "Version": 1,
                "AccessKeyId": SESSION.access_key_id,
                "SecretAccessKey": SESSION.secret,
                "SessionToken": SESSION.session_token,
                "Expiration": ends,
            }
        )
    )
    with (home / "config").open("a") as config:
        config.write(f"[profile temporary]\ncredential_process = cat {home / 'own.json'}\n")
    assert run("--profile", "temporary")["Expiration"] == ends
