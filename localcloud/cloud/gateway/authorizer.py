"""The REQUEST authoriser's answer: its policy evaluated, its context checked."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.cloud.gateway.functions import Invocation
from localcloud.cloud.gateway.permissions import matches
from localcloud.cloud.gateway.refusals import RefusalError

CONTEXT_LIMIT = 8 * 1024  # bytes of the context as JSON (architecture page, limits)
ACTION = "execute-api:Invoke"


def verdict(invocation: Invocation, arn: str) -> dict[str, Any]:
    """What goes into `requestContext.authorizer`: `principalId` and the context, every value a text.

    Raises RefusalError: 401 when the function raised "Unauthorized", 403 when the policy does not allow
    `arn`, 500 for every other failure or answer of another form.
    """
    answer = _parse(invocation)
    _check_allowed(answer, arn)
    principal = answer.get("principalId")
    if not isinstance(principal, str):
        raise _misconfigured("principalId must be text")
    return {"principalId": principal, **_context(answer.get("context") or {})}


def _parse(invocation: Invocation) -> Mapping[str, Any]:
    try:
        answer = json.loads(invocation.payload)
    except ValueError as error:
        raise _misconfigured(f"the answer is not JSON: {error}") from error
    if not isinstance(answer, dict):
        raise _misconfigured("the answer is not an object")
    if invocation.failed:
        reason = str(answer.get("errorMessage"))
        if reason == "Unauthorized":
            raise RefusalError("UNAUTHORIZED", reason="the authoriser raised Unauthorized")
        raise RefusalError("AUTHORIZER_FAILURE", reason=f"the authoriser failed: {reason}")
    return answer


def _check_allowed(answer: Mapping[str, Any], arn: str) -> None:
    policy = answer.get("policyDocument")
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise _misconfigured("policyDocument.Statement must be a list of statements")
    effects = {one.get("Effect") for one in statements if _applies(one, arn)}
    if "Deny" in effects:
        message = "User is not authorized to access this resource with an explicit deny"
        raise RefusalError("ACCESS_DENIED", reason=f"denied: {arn}", message=message, key="Message")
    if "Allow" not in effects:
        raise RefusalError("ACCESS_DENIED", reason=f"not allowed: {arn}", key="Message")


def _applies(statement: Mapping[str, Any], arn: str) -> bool:
    if statement.keys() - {"Sid", "Effect", "Action", "Resource"}:
        raise _misconfigured(f"statement members {sorted(statement)} are not emulated")
    actions, resources = _texts(statement.get("Action")), _texts(statement.get("Resource"))
    return any(matches(one.lower(), ACTION.lower()) for one in actions) and any(
        matches(one, arn) for one in resources
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in values):
        raise _misconfigured("Action and Resource must be text or lists of text")
    return values


def _context(context: object) -> dict[str, str]:
    if not isinstance(context, dict):
        raise _misconfigured("context must be an object")
    size = len(json.dumps(context).encode())
    if size > CONTEXT_LIMIT:
        raise _misconfigured(f"the context has {size} bytes, {CONTEXT_LIMIT} are allowed")
    return {name: _context_text(name, value) for name, value in context.items()}


def _context_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise _misconfigured(f"context.{name} must be text, a number or a boolean")
    return str(value)


def _misconfigured(reason: str) -> RefusalError:
    return RefusalError("AUTHORIZER_CONFIGURATION_ERROR", reason=f"authoriser: {reason}")
