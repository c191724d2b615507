"""AWS STS, asked in the name of somebody else: with a signature that was made elsewhere.

So no client of botocore's, which would sign by itself; its HTTP session alone, which follows no redirect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from registry.domain.caller_identity import MAX_ANSWER_BYTES
from registry.errors import Unavailable

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

_ERROR_CODE = re.compile(rb"<Code>([A-Za-z]{1,64})</Code>")


@dataclass(frozen=True, kw_only=True)
class StsAnswer:
    """`content` holds one byte more than MAX_ANSWER_BYTES when the answer was longer."""

    status: int
    content_type: str
    content: bytes

    @property
    def error_code(self) -> str:
        """STS's own word for a refusal, `SignatureDoesNotMatch` for example; "" when there is none."""
        found = _ERROR_CODE.search(self.content)
        return found[1].decode() if found else ""


@dataclass(frozen=True, kw_only=True)
class Sts:
    """`endpoint`: the URL that botocore resolves for STS in the region; the Host header may name another."""

    http: URLLib3Session
    endpoint: str

    def ask(self, headers: Mapping[str, str], body: bytes) -> StsAnswer:
        """One POST to `/`, tried once: a proof is not sent again. Raises Unavailable."""
        request = AWSRequest(
            method="POST",
            url=f"{self.endpoint.rstrip('/')}/",
            headers=dict(headers),
            data=body,
            stream_output=True,
        )
        try:
            answer = self.http.send(request.prepare())
            try:
                content = answer.raw.read(MAX_ANSWER_BYTES + 1)
            finally:
                answer.raw.close()
        except (BotoCoreError, HTTPError, OSError) as error:
            raise Unavailable("AWS STS does not answer at this moment. Try again.") from error
        return StsAnswer(
            status=answer.status_code,
            content_type=answer.headers.get("content-type", ""),
            content=content,
        )
