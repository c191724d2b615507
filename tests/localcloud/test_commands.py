"""What a person types, and the one sentence that comes back when it cannot be done."""

import configparser
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from localcloud.__main__ import main
from localcloud.cloud.accounts import known_homes, read_stage_file
from localcloud.commands.exclusive import exclusive
from localcloud.commands.keys import forget_stack, load_secrets, read_env, write_env, write_profiles
from localcloud.places import Places
from tests.support.ports import free_port_pair

pytestmark = pytest.mark.unit


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """An instance of its own, in which nothing runs."""
    port = free_port_pair()
    monkeypatch.setenv("REGISTRY_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("REGISTRY_LOCAL_PORT", str(port))
    return Places(instance=tmp_path, emulator_port=port)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 1
    message = capsys.readouterr().err
    assert message.startswith("localcloud: ")
    assert message.count("\n") == 1
    return message


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("up", "--stage", "omega"), "no stage 'omega'"),
        (
            ("up", "--stage", "alpha", "--region", "mars-north-1"),
            "no region mars-north-1: its regions are us-east-1",
        ),
        (("stack", "--stage", "prod", "--region", "us-east-2"), "no region us-east-2"),
        (("destroy", "--stage", "omega", "--region", "us-east-1"), "the stages are alpha, beta, gamma, prod"),
        (("logs", "nonsense"), "the logs are emulator, gateway, functions"),
    ],
)
def test_a_word_that_means_nothing_is_answered_with_those_that_do(
    at: Places, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str
) -> None:
    assert expected in refused(capsys, *words)


def test_a_port_that_is_no_port_is_refused(
    at: Places, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_LOCAL_PORT", "http")
    assert "REGISTRY_LOCAL_PORT is 'http'" in refused(capsys, "down")


def test_a_second_command_does_not_disturb_the_first(at: Places, capsys: pytest.CaptureFixture[str]) -> None:
    with exclusive(at):
        assert "Another command is changing the local cloud" in refused(capsys, "down")
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


def test_purge_asks_and_deletes_all_but_caches(
    at: Places, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [at.pulumi / "bin" / "pulumi", at.instance / "venvs" / "emulator"]
    gone = [at.cloud / "s3", at.state / "x", at.config / "Pulumi.alpha.yaml", at.logs / "gateway.log"]
    for path in (*kept, *gone):
        path.mkdir(parents=True)
    load_secrets(at)
    write_env(at, "alpha", "us-east-1", "http://x")
    write_profiles(at)
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115
    assert "pass --yes" in refused(capsys, "purge")
    assert all(path.exists() for path in (*kept, *gone))
    sys.stdin.close()
    assert main(["purge", "--yes"]) == 0
    assert all(path.exists() for path in kept)
    assert sorted(path.name for path in at.instance.iterdir()) == ["pulumi", "run", "venvs"]


def test_status_of_nothing_says_so_to_people_and_programs(
    at: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "stopped" in shown
    assert "not deployed: make up" in shown
    assert main(["status", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(one["service"], one["state"], one["process"]) for one in report["services"]] == [
        ("emulator", "stopped", None),
        ("gateway", "stopped", None),
    ]
    assert (report["stacks"], report["queues"], report["sdk_api_url"]) == ([], [], None)


def test_status_counts_a_stacks_resources(at: Places, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = {"latest": {"manifest": {"time": "2026-11-24T06:00:00.123Z"}, "resources": [{}, {}]}}
    path = at.state / ".pulumi" / "stacks" / "registry" / "alpha-us-east-1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))
    main(["status", "--json"])
    assert json.loads(capsys.readouterr().out)["stacks"] == [
        {"stack": "alpha-us-east-1", "resources": 2, "updated": "2026-11-24T06:00:00"}
    ]


def test_the_env_file_is_private_complete_and_stable(at: Places) -> None:
    write_env(at, "alpha", "us-east-1", "http://127.0.0.1:1/api")
    first = at.env_file.read_text()
    write_env(at, "alpha", "us-east-1", "http://127.0.0.1:1/api")
    assert at.env_file.read_text() == first
    write_profiles(at)
    assert at.env_file_of("alpha-us-east-1").read_text() == first
    for path in (
        at.env_file,
        at.env_file_of("alpha-us-east-1"),
        at.instance / "secrets.json",
        at.credentials_file,
    ):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = read_env(at.env_file)
    assert settings.keys() == {
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SERVERLESSAPPLICATIONREPOSITORY",
        "REGISTRY_SEARCH_URL",
        "REGISTRY_WEBSITE_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "PUBLISHER_ORGANIZATION_ID",
    } | {
        f"{name}_{member}"
        for name in ("PUBLISHER", "CONSUMER", "STRANGER")
        for member in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ACCOUNT_ID")
    }
    assert settings["REGISTRY_SEARCH_URL"] == ""
    assert len({settings[f"{name}_SECRET_ACCESS_KEY"] for name in ("PUBLISHER", "CONSUMER", "STRANGER")}) == 3
    assert all(len(settings[f"{name}_SECRET_ACCESS_KEY"]) == 40 for name in ("PUBLISHER", "STRANGER"))


@pytest.mark.parametrize(
    ("stage", "region", "kept"),
    [("beta", "us-east-1", False), ("alpha", "us-east-1", True), ("beta", "eu-west-1", True)],
)
def test_the_env_file_goes_with_the_stack_it_leads_to(
    at: Places, stage: str, region: str, kept: bool
) -> None:
    write_env(at, "beta", "us-east-1", "http://127.0.0.1:1/api/beta")
    forget_stack(at, stage, region)
    assert at.env_file.exists() is kept
    assert at.env_file_of("beta-us-east-1").exists() is kept


def test_each_stack_keeps_its_env_file_and_the_general_one_leads_to_the_last(at: Places) -> None:
    write_env(at, "alpha", "us-east-1", "http://127.0.0.1:1/first")
    write_env(at, "alpha", "eu-west-1", "http://127.0.0.1:1/second")
    assert read_env(at.env_file) == read_env(at.env_file_of("alpha-eu-west-1"))
    assert read_env(at.env_file_of("alpha-us-east-1"))["AWS_REGION"] == "us-east-1"


def test_the_credentials_file_gives_each_account_a_profile_with_its_registry_key(at: Places) -> None:
    profiles = configparser.ConfigParser()
    profiles.read(write_profiles(at))
    assert set(profiles.sections()) == {"publisher", "consumer", "stranger"}
    assert profiles["consumer"]["aws_access_key_id"] == "222222222222"
    assert profiles["consumer"]["aws_secret_access_key"] == load_secrets(at)["CONSUMER"]


@pytest.mark.parametrize("account", ["", "22222222222", "2222222222222", "22222222222x"])
def test_onboarding_wants_an_account(at: Places, capsys: pytest.CaptureFixture[str], account: str) -> None:
    assert "make onboard ACCOUNT=222222222222" in refused(capsys, "onboard", "--account", account)


def test_logs_shows_the_last_lines_with_their_name(at: Places, capsys: pytest.CaptureFixture[str]) -> None:
    at.logs.mkdir()
    (at.logs / "gateway.log").write_text("one\ntwo\nthree\nunfinished")
    assert main(["logs", "gateway", "emulator", "--lines", "2", "--no-follow"]) == 0
    assert capsys.readouterr().out == "gateway | two\ngateway | three\n"


def test_known_homes_are_the_stages_own_and_the_ready_made(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.alpha.yaml").write_text(
        "config: {registry:ownerAccount: '444444444444', registry:regions: [eu-west-1]}"
    )
    (tmp_path / "Pulumi.beta.yaml").write_text("{half written")
    homes = {(home.account, home.region) for home in known_homes([tmp_path])}
    assert ("444444444444", "eu-west-1") in homes
    assert ("444444444444", "us-east-1") not in homes
    assert {("111111111111", "eu-west-1"), ("333333333333", "us-east-1")} <= homes


@pytest.mark.parametrize("text", ["{half written", "", "config: {}", "config: {registry:ownerAccount: '1'}"])
def test_a_stage_file_that_cannot_be_used_says_what_it_lacks(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Pulumi.alpha.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"^Pulumi\.alpha\.yaml (is not YAML|must set)"):
        read_stage_file(path)
