"""Counts the AWS calls that the functions make, by a hook in botocore."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore import handlers

SERVICES = {"cloudformation", "dynamodb", "kms", "lambda", "s3", "sts"}


@dataclass
class Calls:
    """`work` is what a request costs; `key_lookup` what telling who sent it costs, when no cache knows."""

    work: Counter[str] = field(default_factory=Counter)
    key_lookup: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        self.work.clear()
        self.key_lookup.clear()

    def __call__(self, model: Any, params: Any, **_: Any) -> None:
        service = model.service_model.service_name
        if service in SERVICES:
            counter = self.key_lookup if _is_key_lookup(model.name, params) else self.work
            counter[f"{service} {model.name}"] += 1


@contextmanager
def counted() -> Iterator[Calls]:
    """Every client of a session made inside of the block is counted."""
    calls = Calls()
    entry: Any = ("before-call", calls)
    handlers.BUILTIN_HANDLERS.append(entry)
    try:
        yield calls
    finally:
        handlers.BUILTIN_HANDLERS.remove(entry)


def _is_key_lookup(operation: str, params: Any) -> bool:
    if operation == "Decrypt":
        return True
    return operation == "GetItem" and json.loads(params["body"])["TableName"].endswith("-keys")
