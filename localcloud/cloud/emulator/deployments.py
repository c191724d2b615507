"""What CloudFormation and STS of the emulator lack and deployments into other accounts rely on."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id  # type: ignore[import-not-found]
from ministack.services import s3  # type: ignore[import-not-found]
from ministack.services.cloudformation import (  # type: ignore[import-not-found]
    engine,
    provisioners,
)

_is_nested: ContextVar[bool] = ContextVar("is_nested", default=False)
_VARIABLE = re.compile(r"\$\{([^{}]+)\}")


def correct() -> None:
    """Each is told at its function."""
    iam_evaluator.evaluate = filling_in_variables(iam_evaluator.evaluate)
    iam_evaluator._resolve_condition_key = naming_roles(iam_evaluator._resolve_condition_key)
    s3._get_object_data = from_other_accounts(s3._get_object_data)
    engine._parse_template = transforming_nested(engine._parse_template)
    provisioners._cfn_nested_stack_deploy = marking_nested(provisioners._cfn_nested_stack_deploy)


def filling_in_variables(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """`${aws:PrincipalAccount}` and its like in a statement's resources stand for the request's values."""

    def evaluated(context: Any, policies: list[list[Any]], *more: Any, **named: Any) -> Any:
        filled = [[_filled(statement, context) for statement in policy] for policy in policies]
        return evaluate(context, filled, *more, **named)

    return evaluated


def _filled(statement: Any, context: Any) -> Any:
    if not any("${" in resource for resource in statement.resources):
        return statement

    def value(variable: re.Match[str]) -> str:
        found = iam_evaluator._resolve_condition_key(variable[1], context)
        return variable[0] if found is None else str(found)

    return replace(statement, resources=[_VARIABLE.sub(value, resource) for resource in statement.resources])


def naming_roles(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """`aws:PrincipalArn` of a role's session is the role's own ARN, without the session's name.

    So it is where another account's bucket is asked for, which the emulator decides as for an account's root.
    """

    def resolved(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn":
            return value
        asking = iam_evaluator._request_caller_arn.get()
        if context.principal_type == "Root" and f":{context.principal_account}:" in asking:
            value = asking
        account, mark, session = str(value).partition(":assumed-role/")
        return f"{account.replace(':sts:', ':iam:')}:role/{session.partition('/')[0]}" if mark else value

    return resolved


def from_other_accounts(read: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    """CloudFormation and Lambda read another account's bucket when its policy lets the reader's account."""

    def contents(bucket: str, key: str, version_id: str | None = None) -> bytes | None:
        owner, reader = s3._bucket_owner_account(bucket), get_account_id()
        if owner in (None, reader):
            return read(bucket, key, version_id)
        if not s3._foreign_bucket_allows(owner, bucket, key, "GET", {}, reader):
            return None
        with s3._in_account(owner):
            return read(bucket, key, version_id)

    return contents


def marking_nested(deploy: Callable[..., Any]) -> Callable[..., Any]:
    """`deploy` makes or updates a nested stack."""

    def deployed(*given: Any, **named: Any) -> Any:
        mark = _is_nested.set(True)
        try:
            return deploy(*given, **named)
        finally:
            _is_nested.reset(mark)

    return deployed


def transforming_nested(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A nested stack's template goes through its transforms, as the outermost one's does."""

    def parsed(body: str) -> Any:
        template = parse(body)
        return engine._apply_transforms(template) if _is_nested.get() else template

    return parsed
