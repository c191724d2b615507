"""What is deployed for one consumer, and what CloudFormation is told of it (architecture.md §6)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.domain.arns import ApplicationArn
from registry.errors import Forbidden, Invalid

TEMPLATE_LIFE = timedelta(hours=1)
APPLICATION_TAG = "serverlessrepo:applicationId"
VERSION_TAG = "serverlessrepo:semanticVersion"
PREPARING, ACTIVE, EXPIRED = "PREPARING", "ACTIVE", "EXPIRED"
_NOT_IN_SESSION_NAMES = re.compile(r"[^\w+=,.@-]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Deployable:
    """A finished template document, under `document_key` in the assets bucket, and the digests of the objects
    that it and the templates it nests name.

    `required_capabilities`: those of all applications in it, sorted. `sam_alone`: CloudFormation runs
    SAM's macro on one of its templates, and on none a macro that may bring in what nobody here has seen.
    """

    document_key: str
    assets: tuple[str, ...]
    required_capabilities: tuple[str, ...] = ()
    sam_alone: bool = False


@dataclass(frozen=True, kw_only=True)
class DeployableTemplate:
    """Made for `account`, which alone may use it. Times are ISO 8601 in UTC.

    `is_ready`: every object lies where its document says.
    """

    id: str
    application_id: str
    account: str
    semantic_version: str
    created_at: str
    valid_until: str
    content: Deployable
    is_ready: bool

    @property
    def ends_at(self) -> datetime:
        return datetime.fromisoformat(self.valid_until)

    def status(self, now: datetime) -> str:
        if now >= self.ends_at:
            return EXPIRED
        return ACTIVE if self.is_ready else PREPARING


@dataclass(frozen=True, kw_only=True)
class TemplateOf:
    """A template as its consumer is shown it. A plain GET can fetch `url` until the template expires."""

    arn: ApplicationArn
    template: DeployableTemplate
    status: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ChangeSet:
    """What CloudFormation made in the consumer's account: ARNs of change set and stack."""

    arn: ApplicationArn
    semantic_version: str
    id: str
    stack_id: str


def new_template_id() -> str:
    return str(uuid.uuid4())


def check_capabilities(required: Iterable[str], given: Iterable[str]) -> None:
    """Raises Invalid, naming each required capability that was not given."""
    acknowledged = set(given)
    if "CAPABILITY_NAMED_IAM" in acknowledged:
        acknowledged.add("CAPABILITY_IAM")
    lacking = [name for name in required if name not in acknowledged]
    if lacking:
        raise Invalid(f"The application requires capabilities that were not given: [{', '.join(lacking)}]")


def capabilities_told(given: Iterable[str], *, sam_alone: bool) -> tuple[str, ...]:
    """Those that CloudFormation is given, sorted: CAPABILITY_RESOURCE_POLICY is the repository's own.

    CAPABILITY_IAM goes along where SAM's transform is alone: roles that SAM itself makes need no word of the
    consumer's (serverlessrepo-api.md §5). What other macros bring in, the consumer must consent to itself.
    """
    told = set(given) - {"CAPABILITY_RESOURCE_POLICY"}
    return tuple(sorted(told | {"CAPABILITY_IAM"} if sam_alone else told))


def session_name(principal: str) -> str:
    """Who asked, as STS takes it for a session's name and source identity: 2 to 64 characters.

    What follows the account in the ARN `principal`, its end when that is too long.
    """
    told = _NOT_IN_SESSION_NAMES.sub("-", principal.rpartition(":")[2])[-64:]
    return told if len(told) >= 2 else f"caller-{told}"


@dataclass(frozen=True, kw_only=True)
class Onboarding:
    """How a consumer's account comes to let the registry in. `role` is the name of the role there."""

    role: str
    stage: str
    region: str

    def missing(self, account: str) -> Forbidden:
        return Forbidden(
            f"The registry may not create change sets in account {account}: the role {self.role} is missing "
            "there or does not trust this registry. The registry's operator runs "
            f"`registry onboard --stage {self.stage} --region {self.region} --account {account}`, an "
            f"administrator of account {account} launches the CloudFormation template that it prints, and "
            "then this works"
        )
