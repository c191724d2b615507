"""`POST /auth/token` of a registry, from the client's side."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError

from registry.errors import RegistryError
from registry_cli.credentials.cache import Grant

if TYPE_CHECKING:
    from botocore.httpsession import URLLib3Session

_TRIES = 3
_FIRST_PAUSE_S = 0.5
# Signatures are good for 5 minutes; below that a clock is no explanation.
_BAD_CLOCK = timedelta(minutes=4)


class Refused(RegistryError):  # noqa: N818
    """The registry says no, for good: its own words and what to do."""


class Unreached(RegistryError):  # noqa: N818
    """No answer of use after some tries."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """`endpoint` is its URL without a slash at the end."""

    http: URLLib3Session
    endpoint: str

    def exchange(self, make_request: Callable[[], Mapping[str, Any]]) -> Grant:
        """Up to three tries, each with a new request: a proof is good once. Raises Refused or Unreached."""
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(make_request())
            except Unreached:
                if attempt == _TRIES:
                    raise
                time.sleep(_FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - not a secret
        raise AssertionError("unreachable")

    def _once(self, request: Mapping[str, Any]) -> Grant:
        url = f"{self.endpoint}/auth/token"
        asked = AWSRequest(
            method="POST",
            url=url,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            data=json.dumps(request).encode(),
        )
        try:
            answer = self.http.send(asked.prepare())
        except BotoCoreError as error:
            raise Unreached(
                f"the registry at {self.endpoint} does not answer ({error}). Try again."
            ) from error
        said = _parsed(answer.content)
        if answer.status_code == 201:
            return _grant(said, url)
        message = str(said.get("message") or f"HTTP status {answer.status_code}")
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unreached(f"the registry at {self.endpoint} cannot answer now: {message}")
        clock = _clock_trouble(answer.headers.get("date"))
        raise Refused(clock or _explained(answer.status_code, message, url))


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _grant(said: Mapping[str, Any], url: str) -> Grant:
    try:
        return Grant(
            access_key_id=said["accessKeyId"],
            expiration=said["expiration"],
            secret_access_key=said.get("secretAccessKey"),
        )
    except (KeyError, TypeError, ValueError):
        raise Refused(f"what answers at {url} is not a registry: check --endpoint.") from None


def _clock_trouble(date: str | None) -> str:
    """A sentence when the registry's clock and this machine's are far apart; "" when they are not."""
    try:
        ahead = datetime.now(UTC) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return ""
    if abs(ahead) < _BAD_CLOCK:
        return ""
    minutes = round(abs(ahead).total_seconds() / 60)
    return (
        f"this machine's clock is {minutes} minutes {'ahead of' if ahead > timedelta(0) else 'behind'} the "
        "registry's, and signatures are good for 5: set the clock (NTP), then try again."
    )


def _explained(status: int, message: str, url: str) -> str:
    if status == 404 or "Missing Authentication Token" in message:
        return f"there is no registry with an exchange at {url} ({message}): check --endpoint."
    return f"the registry refused: {message}"
