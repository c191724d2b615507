"""Names of sessions, and links whose end is known."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from registry.domain.deployments import session_name
from registry.stores.links import SessionLinks
from registry.stores.roles import LinkSessions

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("principal", "name"),
    [
        ("arn:aws:iam::222222222222:user/ada", "user-ada"),
        ("arn:aws:sts::222222222222:assumed-role/deployer/ci@run", "assumed-role-deployer-ci@run"),
        ("arn:aws:iam::222222222222:root", "root"),
        ("arn:aws:iam::222222222222:user/" + "a" * 64, "a" * 64),
        ("arn:aws:iam::222222222222:user/Zoë Ö", "user-Zo---"),
        ("x", "caller-x"),
        ("", "caller-"),
    ],
)
def test_a_caller_is_named_in_the_consumers_own_trail(principal: str, name: str) -> None:
    assert session_name(principal) == name


class Sts:
    """Gives sessions that end `life` after now."""

    def __init__(self, life: timedelta) -> None:
        self.life = life
        self.asked: list[Any] = []

    def assume_role(self, **asked: Any) -> Any:
        self.asked.append(asked)
        keys = {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}
        return {"Credentials": {**keys, "Expiration": NOW + self.life}}


def links(sts: Any) -> SessionLinks:
    sessions = LinkSessions(lambda: sts, role="arn:role")
    return SessionLinks(base="https://b", region="us-east-1", sessions=sessions, now=lambda: NOW)


@pytest.mark.parametrize(
    ("session", "wanted", "ends"),
    [
        (timedelta(hours=1), timedelta(hours=1), 3600),
        (timedelta(minutes=59, seconds=59), timedelta(hours=1), 3599),
        (timedelta(hours=1), timedelta(minutes=5), 300),
    ],
)
def test_a_link_ends_with_its_session_or_before(session: timedelta, wanted: timedelta, ends: int) -> None:
    url, ends_at = links(Sts(session)).until("key", NOW + wanted)
    assert ends_at == NOW + timedelta(seconds=ends)
    assert f"X-Amz-Expires={ends}&" in url
    assert url.startswith("https://b/key?")
    assert "X-Amz-Security-Token=T" in url


def test_a_session_is_assumed_anew_only_for_what_outlives_the_last() -> None:
    sts = Sts(timedelta(hours=1))
    made = links(sts)
    for minutes in (60, 60, 5):
        made.until("key", NOW + timedelta(minutes=minutes))
    assert len(sts.asked) == 1
    made.until("key", NOW + timedelta(minutes=61))
    assert len(sts.asked) == 2
    assert sts.asked[0] == {"RoleArn": "arn:role", "RoleSessionName": "links", "DurationSeconds": 3600}


def test_a_link_that_is_over_is_still_well_formed() -> None:
    url, _ = links(mock.Mock(assume_role=Sts(timedelta(hours=1)).assume_role)).until("key", NOW)
    assert "X-Amz-Expires=1&" in url
