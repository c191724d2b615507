"""The topic of changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.domain.changes import Change

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

MAX_BATCH = 10  # SNS takes no more in one call; ten changes are far below its 256 KB


class ChangeTopic:
    def __init__(self, sns: SNSClient, *, arn: str) -> None:
        self._sns = sns
        self._arn = arn

    def publish(self, changes: Sequence[Change]) -> dict[int, str]:
        """Publishes at most MAX_BATCH changes in one call; place -> code of each that SNS did not take.

        Errors of the whole call pass.
        """
        answer = self._sns.publish_batch(
            TopicArn=self._arn,
            PublishBatchRequestEntries=[
                {
                    "Id": str(place),
                    "Message": json.dumps(change.as_event(), separators=(",", ":")),
                    "MessageAttributes": {
                        "kind": {"DataType": "String", "StringValue": change.kind},
                        "change": {"DataType": "String", "StringValue": change.change},
                    },
                }
                for place, change in enumerate(changes)
            ],
        )
        return {int(failed["Id"]): failed["Code"] for failed in answer.get("Failed", [])}
