"""Page tokens: where the next page starts, sealed so that only the same question can continue it.

A token is base64url(HMAC-SHA-256 ‖ JSON of [expiry in epoch seconds, position]). Operation, caller and
subject are not in it: they are under the seal, and whoever opens the token supplies them anew.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from datetime import datetime

from registry.errors import Invalid

LIFETIME_S = 24 * 3600
MAX_CHARACTERS = 4096
_SEAL_BYTES = 32


def seal(
    position: Mapping[str, str], *, operation: str, caller: str, subject: str, now: datetime, key: bytes
) -> str:
    """The token for `position`: the key attributes of the last item shown, all strings.

    `caller` is the account, `subject` what is listed (an application's ARN, or "" for the account's
    own applications), `key` the 32 bytes of the stage's page-token key. The token lives 24 hours.
    """
    payload = json.dumps([int(now.timestamp()) + LIFETIME_S, dict(position)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(payload, operation, caller, subject, key) + payload).decode()


def open_token(
    token: str, *, operation: str, caller: str, subject: str, now: datetime, key: bytes
) -> dict[str, str]:
    """The position sealed in `token`. Raises Invalid when it was changed, is foreign or over 24 hours old."""
    sealed = _decode(token)
    mac, payload = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, operation, caller, subject, key)):
        raise Invalid("nextToken was changed, or belongs to another operation, caller or application")
    expires_at, position = json.loads(payload)
    if now.timestamp() >= expires_at:
        raise Invalid("nextToken is older than 24 hours: start again without it")
    return dict(position)


def _decode(token: str) -> bytes:
    try:
        encoded = token.encode("ascii")
        sealed = base64.b64decode(encoded, altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        sealed = encoded = b""
    # Spare bits of the last character would give one token several spellings.
    if (
        len(token) > MAX_CHARACTERS
        or len(sealed) <= _SEAL_BYTES
        or base64.urlsafe_b64encode(sealed) != encoded
    ):
        raise Invalid("nextToken is not a token of this registry")
    return sealed


def _mac(payload: bytes, operation: str, caller: str, subject: str, key: bytes) -> bytes:
    bound = json.dumps(["page", operation, caller, subject]).encode()
    return hmac.digest(key, len(bound).to_bytes(4, "big") + bound + payload, "sha256")
