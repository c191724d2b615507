"""What the Python SDK says of a type: the shapes of its inputs and outputs."""

import importlib
import re
import sys
import typing
from functools import cache
from typing import Any

import pulumi

from localcloud.provider.facts import Schema


def inputs(token: str) -> Schema:
    """The inputs of a type, in the terms of `facts.json`."""
    module, name = _module(token)
    return _object(getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args"))


@cache
def outputs(token: str) -> dict[str, Schema]:
    """The properties that a program can read from a resource of this type."""
    module, name = _module(token)
    resource = getattr(module, name)
    names = pulumi._types.resource_types(resource)
    return {name: _schema(hint) for name, hint in names.items() if _schema(hint) is not None}


def _module(token: str) -> tuple[Any, str]:
    module, name = token.split(":", 2)[1].partition("/")[0], token.rpartition(":")[2]
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return importlib.import_module(f"pulumi_aws.{'lambda_' if module == 'lambda' else module}.{snake}"), name


def _object(arguments: Any) -> Schema:
    names = pulumi._types.input_type_py_to_pulumi_names(arguments)
    scope = {
        **vars(sys.modules[arguments.__module__]),
        "Output": pulumi.Output,
        "Awaitable": typing.Awaitable,
        "T": typing.TypeVar("T"),
    }
    hints = {name: typing.get_type_hints(getattr(arguments, name).fget, scope)["return"] for name in names}
    return {names[name]: _schema(hint) for name, hint in hints.items()}


def _schema(hint: Any) -> Schema:
    hint = _bare(hint)
    origin = typing.get_origin(hint)
    if hint in (str, int, float, bool):
        return {str: "string", int: "integer", float: "number", bool: "boolean"}[hint]
    if "Sequence" in str(origin):
        return [_schema(typing.get_args(hint)[0])]
    if "Mapping" in str(origin):
        return {"*": _schema(typing.get_args(hint)[1])}
    if hint is pulumi.Archive:
        return "archive"
    return _object(hint) if pulumi._types.is_input_type(hint) else {}


def _bare(hint: Any) -> Any:
    """The value's own type in `Optional[Input[T]]`."""
    if typing.get_origin(hint) is not typing.Union:
        return hint
    wrappers = ("Awaitable", "Output", "NoneType")
    plain = [part for part in typing.get_args(hint) if not any(word in str(part)[:40] for word in wrappers)]
    return _bare(next(part for part in plain if not isinstance(part, typing.TypeVar)))
