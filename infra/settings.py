"""Stack name and stage file become typed settings; a mistake becomes one sentence, and nothing is touched."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from infra.sharing import CustomDomain, Sharing, parsed

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "registry:"
STACK_NAME = re.compile(r"(?P<stage>[a-z][a-z0-9]*)-(?P<region>[a-z]{2,3}(?:-[a-z]+)+-\d+)")
# Pydantic speaks of Python's types; whoever wrote the file knows YAML's.
MEANING = {
    "model_type": "it must be an object",
    "dict_type": "it must be an object",
    "tuple_type": "it must be a list",
    "string_type": "it must be text, so put it in quotes",
}


class Mistake(pulumi.RunError):
    """A setting that cannot be. The engine prints its one sentence without a traceback."""


def _concurrency(value: int) -> int:
    if value < -1 or value == 0:
        raise ValueError("Input should be -1 (the account's pool) or at least 1; 0 would stop the function")
    return value


Region = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z]+)+-\d+$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Emails = Annotated[tuple[Email, ...], BeforeValidator(parsed)]
Concurrency = Annotated[int, AfterValidator(_concurrency)]
# What CloudWatch's PutRetentionPolicy allows.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]


def _whole(value: Any) -> Any:
    """Config values are text; a Literal of numbers takes only numbers."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


class StageFile(Sharing):
    """The `registry:` keys of `Pulumi.<stage>.yaml`. Pulumi.yaml describes each and holds the defaults."""

    stage: Annotated[str, Field(min_length=1)]
    owner_account: Annotated[str, Field(min_length=1, pattern=r"^(\d{12})?$")]
    regions: Annotated[tuple[Region, ...], Field(min_length=1), BeforeValidator(parsed)]
    runtime: Literal["python3.11", "python3.12", "python3.13"]
    architecture: Literal["x86_64", "arm64"]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    log_retention_days: Annotated[RetentionDays, BeforeValidator(_whole)]
    protect_data: bool
    retain_data: bool
    key_deletion_days: Annotated[int, Field(ge=7, le=30)]
    old_object_days: Annotated[int, Field(ge=1)]
    api_requests_per_second: Annotated[int, Field(ge=1)]
    api_burst: Annotated[int, Field(ge=1)]
    authorize_concurrency: Concurrency
    sdk_api_concurrency: Concurrency
    page_emails: Emails
    ticket_emails: Emails
    custom_domain: Annotated[CustomDomain | None, BeforeValidator(parsed)] = None


class Settings(StageFile):
    """All that a stack is told: its stage file and, from its name, its region."""

    region: Region


def load() -> Settings:
    """The settings of the running stack. Raises Mistake."""
    # The SDK reads single keys only; unknown ones are found by looking at all.
    given = runtime_config.CONFIG.get() or runtime_config.get_config_env()
    return settings_of(pulumi.get_stack(), given)


def settings_of(stack: str, config: Mapping[str, str]) -> Settings:
    """`config`: every configuration value as the engine gives it (text; lists as JSON). Raises Mistake."""
    stage, region = _parsed(stack)
    given = {key.removeprefix(PREFIX): value for key, value in config.items() if key.startswith(PREFIX)}
    if not given.get("stage"):
        raise Mistake(
            f"stack {stack!r} was given no stage file: add --config-file {ROOT / _file(stage)}"
            " (or set PULUMI_OPTION_CONFIG_FILE to it; a path that does not exist counts as none)"
        )
    if given["stage"] != stage:
        raise Mistake(
            f"stack {stack!r} is of stage {stage!r}, but the stage file given is for {given['stage']!r}:"
            f" give {_file(stage)}"
        )
    try:
        checked = StageFile.model_validate(given)
    except ValidationError as refused:
        raise Mistake("\n".join(_sentence(_file(stage), error) for error in refused.errors())) from None
    if region not in checked.regions:
        raise Mistake(
            f"stack {stack!r} is in a region that {_file(stage)} does not list: registry:regions has"
            f" {', '.join(checked.regions)}"
        )
    named = checked.custom_domain
    if named is not None and (mistake := named.mistake(region, checked.regions)):
        raise Mistake(f"{_file(stage)}: {PREFIX}customDomain.{mistake}")
    return Settings.model_validate({**checked.model_dump(by_alias=True), "region": region})


def stages(root: Path = ROOT) -> list[str]:
    """The stages there are: one for each stage file."""
    return sorted(
        match.group(1)
        for path in root.glob("Pulumi.*.yaml")
        if (match := re.fullmatch(r"Pulumi\.([a-z][a-z0-9]*)\.yaml", path.name))
    )


def _parsed(stack: str) -> tuple[str, str]:
    match = STACK_NAME.fullmatch(stack)
    if not match:
        raise Mistake(f"stack {stack!r} is not named <stage>-<region>, as in alpha-us-east-1")
    if match["stage"] not in (known := stages()):
        raise Mistake(
            f"stack {stack!r} is of stage {match['stage']!r}, which does not exist: there is no"
            f" {_file(match['stage'])}; the stages are {', '.join(known)}"
        )
    return match["stage"], match["region"]


def _file(stage: str) -> str:
    return f"Pulumi.{stage}.yaml"


def _sentence(file: str, error: ErrorDetails) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in StageFile.model_fields.items()]
        near = difflib.get_close_matches(key, known, n=1)
        hint = f": do you mean {PREFIX}{near[0]}?" if near else ""
        return f"{file}: {PREFIX}{key} is not a setting{hint or ' (Pulumi.yaml lists them)'}"
    if error["type"] in {"missing", "string_too_short", "too_short"}:
        return f"{file}: {PREFIX}{key} is missing (Pulumi.yaml says what it is)"
    reason = MEANING.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return f"{file}: {PREFIX}{key} is {error['input']!r}: {reason[0].lower()}{reason[1:]}"
