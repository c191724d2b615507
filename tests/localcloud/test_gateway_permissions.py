import json
from typing import Any

import pytest

from localcloud.cloud.gateway.permissions import matches, may_invoke

pytestmark = pytest.mark.unit
ACCOUNT = "123456789012"
SOURCE = f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4/beta/GET/apps/*"


def asked(**members: Any) -> bool:
    """Whether one statement, as lambda:AddPermission writes it, lets API Gateway invoke for SOURCE."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        **members,
    }
    return may_invoke(json.dumps({"Statement": [statement]}), SOURCE, ACCOUNT)


def source(pattern: str) -> dict[str, Any]:
    return {"ArnLike": {"AWS:SourceArn": pattern}}


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"Action": ["lambda:GetFunction", "lambda:InvokeFunction"]},
        {"Principal": {"Service": ["events.amazonaws.com", "apigateway.amazonaws.com"]}},
        {"Condition": source(f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4/*/*/*")},
        {"Condition": source(f"arn:aws:execute-api:*:{ACCOUNT}:*/beta/GET/apps/?")},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}},
    ],
)
def test_a_statement_that_covers_the_call_allows_it(members: dict[str, Any]) -> None:
    assert asked(**members)


@pytest.mark.parametrize(
    "members",
    [
        {"Effect": "Deny"},
        {"Action": "lambda:GetFunction"},
        {"Principal": {"Service": "events.amazonaws.com"}},
        {"Principal": {"AWS": ACCOUNT}},
        {"Principal": "*"},
        {"Condition": source("arn:aws:execute-api:eu-west-1:*:other/*/*/*")},
        {"Condition": source(f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:a1b2c3d4/beta/POST/apps/*")},
        {"Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}},
        {"Condition": {**source("*"), "StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    ],
)
def test_a_statement_about_something_else_does_not(members: dict[str, Any]) -> None:
    assert not asked(**members)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("a/*", "a/b/c", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
    ],
)
def test_only_star_and_question_mark_are_wildcards(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected
