"""IAM policies as typed statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy. `principals` belongs to resource policies (buckets, keys, topics) and to
    trust policies alone; the latter have no `resources`.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    principals: Mapping[str, pulumi.Input[str] | Sequence[str]] | Literal["*"] | None = None
    conditions: Mapping[str, Mapping[str, pulumi.Input[str] | Sequence[str]]] | None = None

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
        }
        if self.resources:
            document["Resource"] = list(self.resources)
        if self.principals is not None:
            document["Principal"] = self.principals
        if self.conditions is not None:
            document["Condition"] = self.conditions
        return document


def policy(*statements: Statement) -> pulumi.Output[str]:
    """The policy's JSON."""
    return pulumi.Output.json_dumps(
        {"Version": "2012-10-17", "Statement": [statement.document() for statement in statements]}
    )


def assumed_by(service: str) -> str:
    """A trust policy: the service (`lambda`, `apigateway`, …) may assume the role."""
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        f'"Principal":{{"Service":"{service}.amazonaws.com"}}}}]}}'
    )
