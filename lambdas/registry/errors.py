"""What the registry may tell a caller. Nothing here knows of HTTP: `api/wire.py` gives each its status."""

from __future__ import annotations


class RegistryError(Exception):
    """A refusal with a text that is safe to show to whoever asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(RegistryError):  # noqa: N818 - the field's words, not "InvalidError"
    """The same request can never succeed; the message says which field and why. 400 BadRequestException."""


class Forbidden(RegistryError):  # noqa: N818
    """The caller may never do this, whatever the resource. 403 ForbiddenException."""


class AccessDenied(RegistryError):  # noqa: N818
    """A policy says no. Also the answer for what strangers may not know exists. 403 AccessDeniedException.

    `rule` names what refused, for the audit log alone.
    """

    def __init__(self, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.rule = rule


class NotFound(RegistryError):  # noqa: N818
    """No such application, version, template or route, told only to who may know. 404 NotFoundException."""


class AlreadyExists(RegistryError):  # noqa: N818
    """Name or version taken; the message holds the full ARN, which clients parse. 409 ConflictException."""


class Conflict(RegistryError):  # noqa: N818
    """Others changed the same thing at the same moment, again and again. 409 ConflictException."""


class TooManyRequests(RegistryError):  # noqa: N818
    """Retry later, slower. 429 TooManyRequestsException."""


class Unavailable(RegistryError):  # noqa: N818
    """Retry the same request; nothing was half done. 503 ServiceUnavailableException."""


class SignatureFault(RegistryError):  # noqa: N818
    """Nobody is known to have sent this request. 403; the error type on the wire is `code`.

    `rule` names the check that refused, for the audit log alone.
    """

    def __init__(self, code: str, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.rule = rule


class NonRetryable(Exception):  # noqa: N818
    """A message that no retry can settle; `reason` goes into the log and to the dead-letter queue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
