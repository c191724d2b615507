"""Which principal of AWS may do what: the stage file's role patterns."""

import json
from typing import Any

import pytest

from registry.domain.caller_identity import CallerIdentity
from registry.domain.role_patterns import RolePatterns
from registry.errors import Invalid

pytestmark = pytest.mark.unit

ONE, TWO = "111111111111", "222222222222"


def nobody(_: str) -> None:
    raise AssertionError("no pattern needs an organisation")


def role(name: str, account: str = ONE) -> CallerIdentity:
    return CallerIdentity(
        account=account, arn=f"arn:aws:sts::{account}:assumed-role/{name}/session@example.com"
    )


def other(resource: str, account: str = ONE, service: str = "iam") -> CallerIdentity:
    return CallerIdentity(account=account, arn=f"arn:aws:{service}::{account}:{resource}")


def patterns(*given: tuple[str, str, list[str]]) -> RolePatterns:
    listed = [{"account": account, "role": role, "actions": actions} for account, role, actions in given]
    return RolePatterns.parse(json.dumps(listed))


@pytest.mark.parametrize(
    ("identity", "subject"),
    [
        (role("registry-publisher-ci"), "role/registry-publisher-ci"),
        (role("AWSReservedSSO_Admin_0123456789abcdef"), "role/AWSReservedSSO_Admin_0123456789abcdef"),
        (other("user/ada"), "user/ada"),
        (other("user/division/team/ada"), "user/division/team/ada"),
        (other("federated-user/ada", service="sts"), "federated-user/ada"),
        (other("root"), ""),
        (other("role/x"), ""),
        (other("assumed-role/x", service="sts"), ""),
        (other("assumed-role/x/y/z", service="sts"), ""),
        (other("user/"), ""),
    ],
)
def test_an_arn_of_sts_is_normalised(identity: CallerIdentity, subject: str) -> None:
    assert identity.subject == subject


CASES = [
    ((ONE, "*", ["*"]), role("any"), True),
    ((ONE, "*", ["*"]), role("any", TWO), False),
    (("*", "*", ["*"]), role("any", TWO), True),
    ((ONE, "*", ["*"]), other("user/ada"), False),
    ((ONE, "*", ["*"]), other("root"), False),
    (("*", "user/*", ["*"]), other("root"), False),
    ((ONE, "user/*", ["*"]), other("user/a/b"), True),
    ((ONE, "user/a/*", ["*"]), other("user/b/ada"), False),
    ((ONE, "user/*", ["*"]), role("user"), False),
    ((ONE, "federated-user/ada", ["*"]), other("federated-user/ada", service="sts"), True),
    ((ONE, "publisher-?", ["*"]), role("publisher-1"), True),
    ((ONE, "publisher-?", ["*"]), role("publisher-12"), False),
    ((ONE, "publisher-?", ["*"]), role("Publisher-1"), False),
    ((ONE, "publisher", ["*"]), role("publisher-1"), False),
    ((ONE, "publisher", ["*"]), role("a-publisher"), False),
    ((ONE, "publisher-[ab]", ["*"]), role("publisher-b"), True),
]


@pytest.mark.parametrize(("pattern", "identity", "covered"), CASES, ids=range(len(CASES)))
def test_a_pattern_covers_whole_names_of_its_account(
    pattern: tuple[str, str, list[str]], identity: CallerIdentity, covered: bool
) -> None:
    assert patterns(pattern).actions_of(identity, nobody) == (("*",) if covered else ())


def test_actions_of_all_covering_patterns_add_up() -> None:
    two = patterns(
        ("*", "*", ["ListApplications", "GetApplication"]),
        (ONE, "pub-*", ["CreateApplication", "GetApplication"]),
        (TWO, "pub-*", ["*"]),
    )
    assert two.actions_of(role("x"), nobody) == ("GetApplication", "ListApplications")
    assert two.actions_of(role("pub-1"), nobody) == (
        "CreateApplication",
        "GetApplication",
        "ListApplications",
    )
    assert two.actions_of(role("pub-1", TWO), nobody) == ("*",)
    assert patterns().actions_of(role("x"), nobody) == ()


def test_an_organisations_pattern_asks_for_the_accounts_organisation_and_only_then() -> None:
    of = {ONE: "o-1234567890"}.get
    one = patterns(("o-1234567890", "dev-*", ["*"]))
    assert one.actions_of(role("dev-1"), of) == ("*",)
    assert one.actions_of(role("dev-1", TWO), of) == ()
    assert one.actions_of(role("ops-1"), nobody) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("{}", "must be a list"),
        ("[1]", "pattern 1 must have account, role and actions"),
        ('[{"account": "*", "role": "*"}]', "pattern 1 must have account, role and actions"),
        ('[{"account": "*", "role": "*", "actions": ["*"], "x": 1}]', "and nothing else"),
    ],
)
def test_text_of_another_form_is_refused(text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        RolePatterns.parse(text)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"account": "11111111111"}, "account must be"),
        ({"account": "o-123456789"}, "account must be"),
        ({"account": 5}, "account must be"),
        ({"role": ""}, "role must be a pattern"),
        ({"role": None}, "role must be a pattern"),
        ({"role": "serverless-registry/publisher/*"}, "which AWS does not tell of an assumed role"),
        ({"actions": []}, r"unknown actions \(none given\)"),
        ({"actions": ["GetApplications"]}, "unknown actions GetApplications"),
        ({"actions": ["*", "GetApplication"]}, "unknown actions"),
        ({"actions": "*"}, "actions must be a list"),
        ({"actions": [5]}, "actions must be a list"),
    ],
)
def test_a_mistake_is_named_with_its_pattern(changed: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {"account": ONE, "role": "*", "actions": ["GetApplication"]}
    with pytest.raises(Invalid, match=f"role pattern 2.*{said}"):
        RolePatterns.parse(json.dumps([good, good | changed]))
