"""Conditions on what a ciphertext is bound to; the emulator knows none of KMS's condition keys."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-not-found]


def correct() -> None:
    """`kms:EncryptionContextKeys` and `kms:EncryptionContext:<key>` are those of the request."""
    iam_actions.request_tag_context = naming_contexts(iam_actions.request_tag_context)


def naming_contexts(keys_of: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """`keys_of` gives the condition keys of a request, in lower case, with their values."""

    def named(service: str, action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found = dict(keys_of(service, action, body, params))
        request: Any = None
        if service == "kms":
            with suppress(ValueError):
                request = json.loads(body)
        context = request.get("EncryptionContext") if isinstance(request, dict) else None
        if isinstance(context, dict) and context:
            found["kms:encryptioncontextkeys"] = list(context)
            found.update({f"kms:encryptioncontext:{key.lower()}": value for key, value in context.items()})
        return found

    return named
