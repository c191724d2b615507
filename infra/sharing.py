"""The part of a stage file that says who may use the registry, and how much: its objects and lists."""

import difflib
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


def parsed(value: Any) -> Any:
    """The engine hands objects and lists over as JSON text."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=False)


# What consumers' accounts may do when the stage file has no patterns: read, and deploy for themselves.
CONSUMING = (
    "CreateCloudFormationChangeSet",
    "CreateCloudFormationTemplate",
    "GetApplication",
    "GetApplicationPolicy",
    "GetCloudFormationTemplate",
    "ListApplicationDependencies",
    "ListApplicationVersions",
    "ListApplications",
    "SearchApplications",
    "UnshareApplication",  # the management account of an organization is a consumer as well
)
PUBLISHING = (
    "CreateApplication",
    "CreateApplicationVersion",
    "DeleteApplication",
    "PutApplicationPolicy",
    "UpdateApplication",
)
ACTIONS = (*CONSUMING, *PUBLISHING)


def _known(value: str, *besides: str) -> str:
    if value not in (*ACTIONS, *besides):
        near = difflib.get_close_matches(value, ACTIONS, n=1)
        hint = f"do you mean {near[0]}?" if near else f"there are {', '.join((*besides, *ACTIONS))}"
        raise ValueError(f"{value!r} is not an operation of the API: {hint}")
    return value


def _actions(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("it must name at least one operation, or `*` for all")
    if "*" in value and len(value) > 1:
        raise ValueError("`*` stands for every operation: give it alone, or leave it out")
    return value


def _role(value: str) -> str:
    if "/" in value and not value.startswith(("user/", "federated-user/")):
        raise ValueError(
            "AWS tells an assumed role's name without its path, so a pattern with a path never matches:"
            " match on names, as in serverless-registry-publisher-*"
        )
    return value


Account = Annotated[str, Field(pattern=r"^\d{12}$")]
Organization = Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$")]
Action = Annotated[str, AfterValidator(lambda value: _known(value, "*"))]
ResourceType = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9]+::[A-Za-z0-9:]*\*?|Custom::\*)$")]


class RolePattern(_Part):
    """`role`: the name of a role (or `user/…`), with wildcards; `account`: one, an organisation, or `*`."""

    account: Annotated[str, Field(pattern=r"^(\*|\d{12}|o-[a-z0-9]{10,32})$")]
    role: Annotated[str, Field(min_length=1), AfterValidator(_role)]
    actions: Annotated[tuple[Action, ...], AfterValidator(_actions)]


def _rates(value: dict[str, int]) -> dict[str, int]:
    for operation, rate in value.items():
        _known(operation, "default")
        if rate < 1:
            raise ValueError(f"{operation} must be allowed at least 1 request a second; {rate} was given")
    return value


class Limits(_Part):
    """Per account and region; docs/limits.md says where each is enforced."""

    public_applications_per_account: Annotated[int, Field(ge=0)] = 100
    stored_bytes_per_account: Annotated[int, Field(ge=1)] = 5 * 1024**3
    nesting_depth: Annotated[int, Field(ge=1, le=10)] = 5
    allowed_resource_types: tuple[ResourceType, ...] = ()
    requests_per_second: Annotated[dict[str, int], AfterValidator(_rates)] = {"default": 10}

    def as_environment(self) -> str:
        return json.dumps(self.model_dump(by_alias=True, mode="json"), separators=(",", ":"))


_LABEL = r"([a-z0-9-]|\{region\})+"


class CustomDomain(_Part):
    """`name`: `{region}` in it stands for the stack's, since each region needs a name of its own. `zone_id`:
    the Route 53 zone that the name lies in, of the owner's account. `certificate_arn`: one in the stack's
    region that covers the name; without it the program asks ACM for one and proves the name in the zone.
    """

    name: Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})+$")]
    zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]+$")]
    certificate_arn: Annotated[str, Field(pattern=r"^arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:.+$")] | None = None

    def host(self, region: str) -> str:
        return self.name.replace("{region}", region)

    def mistake(self, region: str, regions: tuple[str, ...]) -> str | None:
        """What is wrong with it for the stack in `region` of a stage in `regions`."""
        if len(regions) > 1 and "{region}" not in self.name:
            return (
                f"name is {self.name!r}: the stage has {len(regions)} regions, and each needs a name of its"
                " own: put {region} into it, as in apps.{region}.example.com"
            )
        if self.certificate_arn is not None and self.certificate_arn.split(":")[3] != region:
            return (
                f"certificateArn is {self.certificate_arn!r}: API Gateway takes certificates of its own"
                f" region, {region}, alone: leave it out, and the program makes one"
            )
        return None


class Sharing(_Part):
    """Who is served. The stage file's keys are these fields' names in camel case."""

    consumer_accounts: Annotated[tuple[Account, ...], BeforeValidator(parsed)]
    consumer_organizations: Annotated[tuple[Organization, ...], BeforeValidator(parsed)]
    role_patterns: Annotated[tuple[RolePattern, ...], BeforeValidator(parsed)] = ()
    limits: Annotated[Limits, BeforeValidator(parsed)] = Limits()

    def patterns_as_environment(self) -> str:
        """JSON of the patterns; by default every role of the consumers' accounts may read and deploy."""
        patterns = [one.model_dump(by_alias=True, mode="json") for one in self.role_patterns] or [
            {"account": account, "role": "*", "actions": list(CONSUMING)}
            for account in (*self.consumer_accounts, *self.consumer_organizations)
        ]
        return json.dumps(patterns, separators=(",", ":"))
