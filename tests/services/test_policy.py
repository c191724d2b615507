"""Who may do what: a table."""

from dataclasses import dataclass

import pytest

from registry.domain.policy import authorise, authorise_account, authorise_owner
from registry.errors import AccessDenied, NotFound
from tests.support.entities import CONSUMER, PUBLISHER, REGION, application, arn

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Key:
    account: str
    actions: tuple[str, ...] = ("*",)
    principal: str = "arn:aws:iam::1:user/x"
    region: str = REGION

    def may(self, action: str, /) -> bool:
        return "*" in self.actions or action in self.actions

    def organization(self) -> str | None:
        return None


ALL, READS, NOTHING = ("*",), ("GetApplication",), ()


@pytest.mark.parametrize(
    ("account", "actions", "action", "exists", "outcome"),
    [
        (PUBLISHER, ALL, "GetApplication", True, None),
        (PUBLISHER, ALL, "UpdateApplication", True, None),
        (PUBLISHER, READS, "GetApplication", True, None),
        (PUBLISHER, READS, "UpdateApplication", True, AccessDenied),
        (PUBLISHER, READS, "UpdateApplication", False, AccessDenied),
        (PUBLISHER, NOTHING, "GetApplication", True, AccessDenied),
        (PUBLISHER, ALL, "GetApplication", False, NotFound),
        (CONSUMER, ALL, "GetApplication", True, AccessDenied),
        (CONSUMER, ALL, "GetApplication", False, AccessDenied),
    ],
)
def test_only_the_owners_account_does_anything_and_only_what_its_key_may(
    account: str, actions: tuple[str, ...], action: str, exists: bool, outcome: type[Exception] | None
) -> None:
    found = application("hello") if exists else None
    if outcome is None:
        assert authorise(Key(account, actions), action, arn("hello"), found) is found
    else:
        with pytest.raises(outcome):
            authorise(Key(account, actions), action, arn("hello"), found)


def test_a_stranger_gets_one_text_for_there_and_not_there_and_for_what_is_the_owners_alone() -> None:
    stranger, texts = Key(CONSUMER), set()
    for refuse in (
        lambda: authorise(stranger, "DeleteApplication", arn("hello"), application("hello")),
        lambda: authorise(stranger, "DeleteApplication", arn("hello"), None),
        lambda: authorise_owner(stranger, "DeleteApplication", arn("hello")),
    ):
        with pytest.raises(AccessDenied) as refused:
            refuse()
        texts.add(refused.value.message)
    assert texts == {
        "User: arn:aws:iam::1:user/x is not authorized to perform: serverlessrepo:DeleteApplication "
        f"on resource: {arn('hello')}"
    }


def test_what_concerns_no_single_application_needs_the_action_alone() -> None:
    authorise_account(Key(CONSUMER), "CreateApplication", "…:applications/*")
    with pytest.raises(
        AccessDenied, match=r"serverlessrepo:CreateApplication on resource: …:applications/\*$"
    ):
        authorise_account(Key(CONSUMER, READS), "CreateApplication", "…:applications/*")
