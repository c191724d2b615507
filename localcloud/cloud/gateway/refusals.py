"""What the gateway answers by itself: API Gateway's response types and an API's changes to them.

Statuses and defaults: developer guide, "Gateway response types for API Gateway". Error types that AWS does
not document are those it was seen to send.
"""

import json
from dataclasses import dataclass

from localcloud.cloud.gateway.answers import Answer
from localcloud.cloud.gateway.definitions import Api, GatewayResponse
from localcloud.cloud.gateway.requests import GatewayRequest

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
# response type -> status, x-amzn-ErrorType, default message (None is the JSON null that AWS sends)
KINDS: dict[str, tuple[int, str, str | None]] = {
    "ACCESS_DENIED": (403, "AccessDeniedException", "User is not authorized to access this resource"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException", None),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException", None),
    "DEFAULT_5XX": (500, "InternalServerErrorException", "Internal server error"),
    "FORBIDDEN": (403, "ForbiddenException", "Forbidden"),
    "INTEGRATION_FAILURE": (502, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException", "Endpoint request timed out"),
    "MISSING_AUTHENTICATION_TOKEN": (
        403, "MissingAuthenticationTokenException", "Missing Authentication Token",
    ),
    "REQUEST_TOO_LARGE": (
        413, "RequestTooLargeException", "HTTP content length exceeded 10485760 bytes.",
    ),
    "UNAUTHORIZED": (401, "UnauthorizedException", "Unauthorized"),
}  # fmt: skip


class RefusalError(Exception):
    """Raised anywhere on a request's way; `reason` is for the log alone."""

    def __init__(self, kind: str, *, reason: str = "", message: str | None = None, key: str = "message"):
        super().__init__(reason or kind)
        self.kind = kind
        self.reason = reason
        self.status, self.error_type, default = KINDS[kind]
        self.message = message if message is not None else default
        self.key = key


@dataclass(frozen=True, kw_only=True)
class _Shaping:
    status: int
    headers: dict[str, str]
    template: str


def refuse(refusal: RefusalError, request: GatewayRequest, api: Api | None) -> Answer:
    """The answer for a refusal, shaped by the API's gateway responses as AWS does.

    A type that is not customised takes DEFAULT_4XX or DEFAULT_5XX when that is. A stage or API that does not
    exist has no gateway responses.
    """
    shaping = _shaping(refusal, api)
    headers = {"content-type": "application/json", "x-amzn-ErrorType": refusal.error_type, **shaping.headers}
    return Answer(
        status=shaping.status,
        headers=tuple(headers.items()),
        body=_body(shaping.template, refusal, request).encode(),
    )


def _shaping(refusal: RefusalError, api: Api | None) -> _Shaping:
    custom = _custom(refusal, api)
    plain_template = DEFAULT_TEMPLATE.replace("message", refusal.key, 1)
    if custom is None:
        return _Shaping(status=refusal.status, headers={}, template=plain_template)
    return _Shaping(
        status=custom.status or refusal.status,
        headers=_replacing_error_type(dict(custom.headers)),
        template=plain_template if custom.template in {None, DEFAULT_TEMPLATE} else custom.template or "",
    )


def _custom(refusal: RefusalError, api: Api | None) -> GatewayResponse | None:
    responses = api.gateway_responses if api else {}
    family = "DEFAULT_5XX" if refusal.status >= 500 else "DEFAULT_4XX"
    return responses.get(refusal.kind) or responses.get(family)


def _replacing_error_type(headers: dict[str, str]) -> dict[str, str]:
    """Spell x-amzn-ErrorType as the default does, so that the API's own value takes its place."""
    return {
        ("x-amzn-ErrorType" if name.lower() == "x-amzn-errortype" else name): value
        for name, value in headers.items()
    }


def _body(template: str, refusal: RefusalError, request: GatewayRequest) -> str:
    variables = {
        "$context.error.messageString": json.dumps(refusal.message),
        "$context.error.message": refusal.message or "",
        "$context.error.responseType": refusal.kind,
        "$context.extendedRequestId": request.extended_request_id,
        "$context.requestId": request.request_id,
    }
    for name, value in variables.items():  # the longer name first: one is a prefix of another
        template = template.replace(name, value)
    return template
