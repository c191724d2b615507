"""AWS's own Serverless Application Repository, read with an operator's credentials."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from registry.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_serverlessrepo import ServerlessApplicationRepositoryClient

MAX_BYTES = 5 * 1024 * 1024
_PATIENCE_S = 300.0
_PAUSE_S = 2.0


def fetch(url: str) -> str:
    """A text of at most 5 MB at an https address, as the repository's answers name them."""
    if not url.startswith("https://"):
        raise Invalid(f"AWS named {url[:80]!r}, which is no https address.")
    answer = URLLib3Session(timeout=30).send(AWSRequest("GET", url).prepare())
    if answer.status_code != 200:
        raise Unavailable(f"{url.partition('?')[0]} answered {answer.status_code}. Try again.")
    if len(answer.content) > MAX_BYTES:
        raise Invalid(f"{url.partition('?')[0]} has over {MAX_BYTES} bytes.")
    return str(answer.content.decode())


@dataclass(frozen=True, kw_only=True)
class AwsRepository:
    """Answers keep botocore's names. `read` gets the text at an address, `wait` pauses for seconds."""

    client: ServerlessApplicationRepositoryClient
    read: Callable[[str], str] = fetch
    wait: Callable[[float], None] = time.sleep

    def application(self, arn: str) -> Any:
        return self.client.get_application(ApplicationId=arn)

    def versions(self, arn: str) -> Iterator[str]:
        """As AWS lists them."""
        for page in self.client.get_paginator("list_application_versions").paginate(ApplicationId=arn):
            for one in page["Versions"]:
                yield one["SemanticVersion"]

    def version(self, arn: str, number: str) -> Any:
        return self.client.get_application(ApplicationId=arn, SemanticVersion=number)["Version"]

    def template(self, arn: str, number: str) -> str:
        """One whose code these credentials may read: AWS copies it for whoever asks.

        Raises Unavailable when AWS is not done after five minutes.
        """
        made = self.client.create_cloud_formation_template(ApplicationId=arn, SemanticVersion=number)
        waited, status = 0.0, made["Status"]
        while status == "PREPARING":
            if waited >= _PATIENCE_S:
                raise Unavailable(f"AWS still prepares {arn} {number} after {waited:.0f} s. Try again.")
            self.wait(_PAUSE_S)
            waited += _PAUSE_S
            status = self.client.get_cloud_formation_template(
                ApplicationId=arn, TemplateId=made["TemplateId"]
            )["Status"]
        return self.read(made["TemplateUrl"])
