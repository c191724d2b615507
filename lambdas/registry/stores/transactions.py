"""Writes of several items of the entity table at once: all of them or none."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from registry.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TRIES = 6
_LATER = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


def transact(dynamodb: DynamoDBClient, writes: Sequence[Any], *, about: str) -> Sequence[bool]:
    """Which of the conditions failed, in the order of `writes`; none did if everything was written.

    Raises Unavailable, naming what it was `about`, when other writers keep it from being decided for about a
    second: an account's usage is one item, on which all that it publishes at one moment meets.
    """
    for turn in range(1, TRIES + 1):
        try:
            dynamodb.transact_write_items(TransactItems=writes)
        except dynamodb.exceptions.TransactionCanceledException as cancelled:
            reasons: Any = cancelled.response.get("CancellationReasons", [])
            codes = [reason.get("Code") for reason in reasons]
            if "ConditionalCheckFailed" in codes:
                return [code == "ConditionalCheckFailed" for code in codes]
            if not _LATER & {*codes}:
                raise
            time.sleep(random.uniform(0, 0.05 * turn))  # noqa: S311 - spreads the losers of a conflict
        else:
            return [False] * len(writes)
    raise Unavailable(f"Others write {about} at this moment. Try again.")
