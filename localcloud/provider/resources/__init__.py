"""Descriptions of resource types, one module per AWS service; a module is loaded when a type of it is met."""

from functools import cache
from importlib import import_module

from localcloud.provider.description import Description
from localcloud.provider.facts import all_facts

_MODULES = {"lambda": "lambda_"}
"""Modules by the middle part of a token, where they differ."""


@cache
def description(token: str) -> Description | None:
    """The description of the type `aws:<module>/<name>:<Name>`, None for one that is not supported."""
    if token not in all_facts():
        return None
    service = token.split(":")[1].split("/", maxsplit=1)[0]
    module = import_module(f"{__name__}.{_MODULES.get(service, service)}")
    descriptions: tuple[Description, ...] = module.DESCRIPTIONS
    return next(described for described in descriptions if described.token == token)
