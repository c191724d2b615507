"""Structured logs: one JSON object a line on stdout, which Lambda ships to the function's log group.

Callers name what happened and pass only what an operator may read: never a secret, a signature, a
session token or a document.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextvars import ContextVar

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


def correlate(request_id: str) -> None:
    """Every later line of this invocation carries `request_id` (API Gateway's, one for both functions)."""
    _correlation_id.set(request_id)


def correlation_id() -> str:
    """Goes into what this invocation writes, so that what follows from it logs the same; "" if unknown."""
    return _correlation_id.get()


def event(name: str, *, level: str = "INFO", **fields: object) -> None:
    """`name` says what happened in kebab case, past tense: `request-refused`."""
    if LEVELS[level] < LEVELS.get(os.environ.get("LOG_LEVEL", "INFO").upper(), LEVELS["INFO"]):
        return
    line = {"level": level, "event": name, "requestId": _correlation_id.get(), **fields}
    sys.stdout.write(json.dumps(line, default=str, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def failure(name: str, error: BaseException, **fields: object) -> None:
    """A fault of ours, with its trace."""
    trace = "".join(traceback.format_exception(error))
    event(name, level="ERROR", error=type(error).__name__, message=str(error), trace=trace, **fields)
