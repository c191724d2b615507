"""Stacks from applications of a serverless application repository.

As the Terraform provider does it (internal/service/serverlessrepo): the repository makes a change set, the
caller executes it with its own rights; which application a stack is of, only the stack's tags tell.
"""

import time
import uuid
from collections.abc import Callable
from typing import Any

from localcloud.provider.cloud import CloudError, error_code, explain
from localcloud.provider.description import Complaint, Description, Step
from localcloud.provider.job import PATIENCE_S, POLL_S, Job
from localcloud.provider.lifecycle import PartialError
from localcloud.provider.values import Properties

STACK_PREFIX = "serverlessrepo-"
TAG_PREFIX = "serverlessrepo:"
CAPABILITIES = (
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_RESOURCE_POLICY",
    "CAPABILITY_AUTO_EXPAND",
)
RESOURCE_POLICY = "CAPABILITY_RESOURCE_POLICY"
"""Known to the repository alone: CloudFormation never returns it."""


def _create(job: Job) -> dict[str, str]:
    answer = _change_set(job)
    try:
        _execute(job, answer, "CREATE")
    except Exception as trouble:
        raise PartialError(answer["StackId"], job.properties, explain(trouble)) from trouble
    return {"StackId": answer["StackId"]}


def _update(job: Job) -> None:
    _execute(job, _change_set(job), "UPDATE")


def _change_set(job: Job) -> Any:
    """The repository's answer: StackId, ChangeSetId, …"""
    wanted = job.properties
    version = {"SemanticVersion": wanted["semanticVersion"]} if wanted.get("semanticVersion") else {}
    overrides = [{"Name": name, "Value": value} for name, value in (wanted.get("parameters") or {}).items()]
    tags = [{"Key": key, "Value": value} for key, value in (wanted.get("tagsAll") or {}).items()]
    return _repository(job).create_cloud_formation_change_set(
        ApplicationId=wanted["applicationId"],
        StackName=wanted["name"],
        Capabilities=wanted.get("capabilities") or [],
        Tags=tags,
        **({"ParameterOverrides": overrides} if overrides else {}),
        **version,
    )


def _execute(job: Job, made: Any, kind: str) -> None:
    """Wait for the change set, execute it, wait for the stack; `kind`: CREATE or UPDATE."""
    where = {"StackName": made["StackId"], "ChangeSetName": made["ChangeSetId"]}
    ready = _wait(lambda: job.client.describe_change_set(**where), "Status")
    if ready["Status"] != "CREATE_COMPLETE":
        raise CloudError(f"the change set is {ready['Status']}: {ready.get('StatusReason') or 'no reason'}")
    job.client.execute_change_set(**where, ClientRequestToken=uuid.uuid4().hex)
    stack = _wait(lambda: job.client.describe_stacks(StackName=made["StackId"])["Stacks"][0], "StackStatus")
    if stack["StackStatus"] != f"{kind}_COMPLETE":
        raise CloudError(f"the stack is {stack['StackStatus']}: {_reasons(job, made['StackId'])}")


def _wait(ask: Callable[[], Any], key: str) -> Any:
    """The first answer in which `key` tells of nothing under way. Raises CloudError when none comes."""
    end = time.monotonic() + PATIENCE_S
    while (answer := ask())[key].endswith(("_PENDING", "_IN_PROGRESS")):
        if time.monotonic() > end:
            raise CloudError(f"still {answer[key]} after {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)
    return answer


def _reasons(job: Job, stack: str) -> str:
    events = job.client.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [e for e in reversed(events) if e["ResourceStatus"].endswith("_FAILED")]
    told = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', 'no reason')}" for e in failed]
    return "; ".join(told) or "no reason"


def _read(job: Job) -> Any:
    try:
        [stack] = job.client.describe_stacks(StackName=job.id)["Stacks"]
    except Exception as trouble:
        if error_code(trouble) == "ValidationError" and "does not exist" in explain(trouble):
            return None
        raise
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return None
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags") or ()}
    application, version = (tags.get(f"{TAG_PREFIX}{name}") for name in ("applicationId", "semanticVersion"))
    if not application or not version:
        raise CloudError(f"stack {stack['StackName']} has no tags {TAG_PREFIX}applicationId and …Version")
    about = _repository(job).get_application(ApplicationId=application, SemanticVersion=version)["Version"]
    defaults = {one["Name"]: one.get("DefaultValue", "") for one in about.get("ParameterDefinitions") or ()}
    given = {p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters") or ()}
    return {
        "StackId": stack["StackId"],
        "applicationId": application,
        "semanticVersion": version,
        "name": stack["StackName"].removeprefix(STACK_PREFIX),
        "capabilities": _capabilities(stack, about),
        "parameters": {name: value for name, value in given.items() if value != defaults.get(name, "")},
        "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs") or ()},
        "tagsAll": {key: value for key, value in tags.items() if not key.startswith(TAG_PREFIX)},
    }


def _capabilities(stack: Any, version: Any) -> list[str]:
    needed = version.get("RequiredCapabilities") or ()
    return [*(stack.get("Capabilities") or ()), *(one for one in needed if one == RESOURCE_POLICY)]


def _delete(job: Job) -> None:
    job.client.delete_stack(StackName=job.id, ClientRequestToken=uuid.uuid4().hex)


def _repository(job: Job) -> Any:
    return job.cloud.client("serverlessrepo", job.region)


def _known_capabilities(inputs: Properties) -> list[Complaint]:
    return [
        (f"capabilities[{place}]", f"is {one!r}, and {', '.join(CAPABILITIES)} are allowed")
        for place, one in enumerate(inputs.get("capabilities") or ())
        if one not in CAPABILITIES
    ]


DESCRIPTIONS = (
    Description(
        token="aws:serverlessrepository/cloudFormationStack:CloudFormationStack",  # noqa: S106
        service="cloudformation",
        id="{stackId}",
        create=_create,
        read=(_read,),
        steps=(
            Step(
                properties=("semanticVersion", "parameters", "capabilities", "tags", "tagsAll"),
                action=_update,
            ),
        ),
        delete=_delete,
        lingers=True,
        outputs={"stackId": "StackId", "outputs": "outputs", "tagsAll": "tagsAll"},
        unordered=frozenset({"capabilities"}),
        checks=(_known_capabilities,),
        moves=lambda _inputs, changed: ("outputs",) if changed else (),
    ),
)
