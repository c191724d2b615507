"""Answers every invocation with the greeting it was deployed with."""

import os
from typing import Any


def handler(_event: dict[str, Any], _context: object) -> str:
    return os.environ["GREETING"]
