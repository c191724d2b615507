"""The provider's own configuration: where to work, as whom, and the tags that everything gets."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from localcloud.provider.cloud import Cloud, CloudError, endpoint
from localcloud.provider.description import Complaint
from localcloud.provider.values import UNKNOWN, Properties, Value, has_unknown

_SUPPORTED = frozenset({"region", "allowedAccountIds", "defaultTags", "endpoints"})
_REPOSITORY_KEYS = ("serverlessrepo", "serverlessapprepo", "serverlessapplicationrepository")
"""How the stock provider names the one service whose endpoint can be given: all else is the emulator."""
_MEANINGLESS = frozenset(
    # The SDK always sends the first three; credentials and retries come from the environment here.
    {
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "version",
    }
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`region` is "" while it is unknown."""

    region: str
    allowed_accounts: tuple[str, ...] = ()
    default_tags: Value = field(default_factory=dict)
    repository_url: str = ""

    def all_tags(self, tags: Value) -> Value:
        """Default tags and, stronger, `tags`; unknown as a whole when any of them is."""
        if has_unknown(tags) or has_unknown(self.default_tags):
            return UNKNOWN
        return {**self.default_tags, **(tags or {})}

    def own_tags(self, tags: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
        """Of a resource's `tags` those that the program must have `written`: all but the defaults."""
        defaults = self.default_tags if isinstance(self.default_tags, dict) else {}
        return {key: value for key, value in tags.items() if key in written or defaults.get(key) != value}


def check_settings(inputs: Properties) -> list[Complaint]:
    """What the configuration holds that this provider cannot honour."""
    found = [
        (key, "is not supported by the local AWS provider")
        for key in sorted(inputs.keys() - _SUPPORTED - _MEANINGLESS)
        if decoded(inputs[key])
    ]
    found += [
        (f"endpoints[{place}].{key}", "is not supported by the local AWS provider: everything else is local")
        for place, one in enumerate(_known(decoded(inputs.get("endpoints")) or ()))
        for key, url in one.items()
        if url and key not in _REPOSITORY_KEYS
    ]
    if not inputs.get("region"):
        found.append(("region", "is required, and missing"))
    return found


def settings_from(inputs: Properties) -> Settings:
    """Settings from checked inputs, in which the SDK spells everything but texts as JSON."""
    region = inputs.get("region") or ""
    tags = decoded(inputs.get("defaultTags")) or {}
    return Settings(
        region="" if region == UNKNOWN else region,
        allowed_accounts=tuple(_known(decoded(inputs.get("allowedAccountIds")) or ())),
        default_tags=UNKNOWN if tags == UNKNOWN else tags.get("tags") or {},
        repository_url=_repository_url(inputs),
    )


def _repository_url(inputs: Properties) -> str:
    for one in _known(decoded(inputs.get("endpoints")) or ()):
        for key in _REPOSITORY_KEYS:
            if one.get(key):
                return str(one[key])
    return ""


def _known(values: Iterable[Value]) -> Iterable[Value]:
    return () if values == UNKNOWN else values


def decoded(value: Value) -> Value:
    """A value that may be JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def verify_account(settings: Settings, cloud: Cloud) -> None:
    """Raise CloudError or NotLocalError unless the environment's credentials belong to an allowed account."""
    endpoint()
    account = cloud.account
    if settings.allowed_accounts and account not in settings.allowed_accounts:
        allowed = ", ".join(settings.allowed_accounts)
        raise CloudError(
            f"the credentials in use belong to AWS account {account}, and the provider allows only "
            f"{allowed}: use credentials of that account, or the stage file of this one"
        )
