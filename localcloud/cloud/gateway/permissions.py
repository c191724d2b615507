"""Whether a function's resource policy lets API Gateway invoke it, as AWS asks before each invocation."""

import json
import re
from collections.abc import Iterable
from typing import Any

SERVICE = "apigateway.amazonaws.com"


def may_invoke(policy: str, source_arn: str, source_account: str) -> bool:
    """`policy`: the JSON text of lambda:GetPolicy for the invoked qualifier.

    Understands what lambda:AddPermission writes: service principal, SourceArn, SourceAccount. A statement
    with any other condition does not count.
    """
    return any(
        _allows(statement, source_arn, source_account)
        for statement in _list(json.loads(policy).get("Statement"))
    )


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: `*` is any run of characters, slashes included; `?` is one."""
    translated = "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern)
    return re.fullmatch(translated, text, re.DOTALL) is not None


def _allows(statement: dict[str, Any], source_arn: str, source_account: str) -> bool:
    principal = statement.get("Principal")
    services = _list(principal.get("Service")) if isinstance(principal, dict) else []
    return (
        statement.get("Effect") == "Allow"
        and SERVICE in services
        and any(one in {"lambda:InvokeFunction", "lambda:*"} for one in _list(statement.get("Action")))
        and all(
            _holds(key.lower(), _list(values), source_arn, source_account)
            for condition in (statement.get("Condition") or {}).values()
            for key, values in condition.items()
        )
    )


def _holds(key: str, values: Iterable[str], source_arn: str, source_account: str) -> bool:
    actual = {"aws:sourcearn": source_arn, "aws:sourceaccount": source_account}.get(key)
    return actual is not None and any(matches(value, actual) for value in values)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
