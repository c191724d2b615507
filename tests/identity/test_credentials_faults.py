"""`registry-credentials` when something is wrong: one sentence that says what, and what to do."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry_cli.credentials.main import main
from tests.identity.helping import HELPER, shorten
from tests.support.proofs import USER
from tests.support.sts import StandInSts
from tests.support.token_server import TokenServer

pytestmark = pytest.mark.unit
UNAVAILABLE = (503, {}, {"errorCode": "503", "message": "Try again."})


def test_a_registry_in_trouble_is_asked_again_with_a_new_proof(
    run: Callable[..., Any], registry: TokenServer
) -> None:
    registry.instead = [UNAVAILABLE, (429, {}, {"message": "Rate exceeded"})]
    run("--profile", "user")
    assert len(registry.asked) == 3


def test_after_three_tries_it_says_so(run: Callable[..., Any], registry: TokenServer) -> None:
    registry.instead = [UNAVAILABLE] * 3
    assert "cannot answer now: Try again." in run("--profile", "user")
    assert len(registry.asked) == 3


@pytest.mark.parametrize(("minutes", "good"), [(5, True), (0.5, False)])
def test_a_registry_in_trouble_does_not_end_a_grant_that_still_lives(
    run: Callable[..., Any], registry: TokenServer, home: Path, minutes: float, good: bool
) -> None:
    run("--profile", "user")
    shorten(home, minutes)
    registry.instead = [UNAVAILABLE] * 3
    assert isinstance(run("--profile", "user"), dict) is good


@pytest.mark.parametrize(("ahead", "said"), [(-7, "7 minutes ahead of"), (7, "7 minutes behind")])
def test_a_wrong_clock_is_named(
    run: Callable[..., Any], registry: TokenServer, ahead: int, said: str
) -> None:
    registry.instead = [(403, {}, {"message": "Signature expired: 2026…"})]
    registry.clock_ahead = timedelta(minutes=ahead)
    complaint = run("--profile", "user")
    assert f"this machine's clock is {said} the registry's" in complaint
    assert len(registry.asked) == 1


def test_a_refusal_is_told_in_the_registrys_words(run: Callable[..., Any], sts: StandInSts) -> None:
    sts.knows(USER, "arn:aws:iam::111111111111:user/ada")
    assert (
        "the registry refused: User: arn:aws:iam::111111111111:user/ada is not authorized: no role pattern"
        in run("--profile", "user")
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b"<html>"), "there is no registry with an exchange"),
        ((403, {}, {"message": "Missing Authentication Token"}), "there is no registry with an exchange"),
        ((201, {}, b"<html>"), "is not a registry"),
        ((201, {}, {"accessKeyId": "x", "expiration": "soon"}), "is not a registry"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "HTTP status 302"),
        ((400, {}, b"[]"), "HTTP status 400"),
    ],
)
def test_what_is_no_registry_is_named_so(
    run: Callable[..., Any], registry: TokenServer, answer: Any, said: str
) -> None:
    registry.instead = [answer]
    assert said in run("--profile", "user")


def test_nobody_at_the_endpoint(run: Callable[..., Any]) -> None:
    assert "does not answer" in run("--profile", "user", endpoint="http://127.0.0.1:1/alpha")


@pytest.mark.parametrize(
    ("words", "endpoint", "said"),
    [
        (["--profile", "none"], "", "could not be found"),
        (["--profile", "empty"], "", "there are no AWS credentials"),
        (["--profile", "user"], "http://registry.example.com/prod", "is not https"),
        (["--profile", "user"], "registry.example.com/prod", "is not a URL"),
        (["--profile", "user"], "https://registry.example.com", "give --stage"),
        (["--profile", "user", "--region", "nowhere"], "https://registry.example.com/prod", "Give --region"),
    ],
)  # fmt: skip
def test_wrong_settings_are_one_sentence(
    run: Callable[..., Any], registry: TokenServer, words: list[str], endpoint: str, said: str
) -> None:
    assert said in run(*words, endpoint=endpoint)
    assert registry.asked == []


def test_a_profile_that_leads_back_to_itself_is_found_out(
    registry: TokenServer, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = home / "process.sh"  # ends the circle by itself after three rounds, if the helper does not
    process.write_text(
        f"echo round >> {home}/rounds; [ $(wc -l < {home}/rounds) -gt 3 ] && exit 9\n"
        f"exec {HELPER} --profile loop --endpoint {registry.url}\n"
    )
    with (home / "config").open("a") as config:
        config.write(f"[profile loop]\ncredential_process = sh {process}\n")
    assert main(["--profile", "loop", "--endpoint", registry.url, "--cache", str(home / "cache")]) == 1
    assert "leads back to registry-credentials" in capsys.readouterr().err
    assert (home / "rounds").read_text() == "round\n"
