"""What API Gateway itself answers, in the form of the service's own errors.

botocore reads an error's type from the header `x-amzn-ErrorType`, so each answer carries one. The templates
are texts in which API Gateway replaces `$context…`; it runs no template language here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GatewayResponse:
    """`status` None keeps the status of the response type; `message` is JSON text, quotes included."""

    response_type: str
    status: int | None
    error_type: str
    error_code: int
    message: str

    @property
    def headers(self) -> dict[str, str]:
        # API Gateway takes a value in single quotes as it stands.
        return {"gatewayresponse.header.x-amzn-ErrorType": f"'{self.error_type}'"}

    @property
    def templates(self) -> dict[str, str]:
        body = f'{{"errorCode":"{self.error_code}","message":{self.message}}}'
        return {"application/json": body}


_ORIGINAL = "$context.error.messageString"  # comes with its quotes
GATEWAY_RESPONSES = (
    GatewayResponse(
        response_type="THROTTLED",
        status=429,
        error_type="TooManyRequestsException",
        error_code=429,
        message='"Too many requests: slow down and try again"',
    ),
    GatewayResponse(
        response_type="REQUEST_TOO_LARGE",
        status=413,
        error_type="BadRequestException",
        error_code=413,
        message='"The request is too large: send ReadmeUrl, LicenseUrl and TemplateUrl instead of bodies"',
    ),
    GatewayResponse(
        response_type="ACCESS_DENIED",
        status=403,
        error_type="ForbiddenException",
        error_code=403,
        message=_ORIGINAL,
    ),
    GatewayResponse(
        response_type="INTEGRATION_TIMEOUT",
        status=504,
        error_type="InternalServerErrorException",
        error_code=504,
        message='"The service took too long: try again"',
    ),
    GatewayResponse(
        response_type="DEFAULT_4XX",
        status=None,
        error_type="BadRequestException",
        error_code=400,
        message=_ORIGINAL,
    ),
    GatewayResponse(
        response_type="DEFAULT_5XX",
        status=None,
        error_type="InternalServerErrorException",
        error_code=500,
        message='"Internal failure"',
    ),
)
