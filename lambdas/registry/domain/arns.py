"""The ARN of an application, the only identifier clients ever send (serverlessrepo-api.md §1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from registry.errors import Invalid

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):serverlessrepo:(?P<region>[a-z]{2,}-[a-z-]+-[0-9]{1,2})"
    r":(?P<account>[0-9]{12}):applications/(?P<name>[a-zA-Z0-9-]{1,140})"
)
_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class ApplicationArn:
    """`arn:{partition}:serverlessrepo:{region}:{account}:applications/{name}`."""

    partition: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises Invalid, showing at most 200 characters of what was sent."""
        match = _ARN.fullmatch(text)
        if match is None:
            raise Invalid(
                f"{text[:_SHOWN]!r} is not the ARN of an application; expected "
                "arn:<partition>:serverlessrepo:<region>:<account>:applications/<name>"
            )
        return cls(**match.groupdict())

    def __str__(self) -> str:
        return f"arn:{self.partition}:serverlessrepo:{self.region}:{self.account}:applications/{self.name}"
