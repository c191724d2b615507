"""Lambda: functions with their versions, and aliases."""

import base64
import platform
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.provider.archive import zip_bytes
from localcloud.provider.description import EVERYTHING, Call, Complaint, Description, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.resources import lambda_callers
from localcloud.provider.resources.lambda_callers import same_function
from localcloud.provider.values import ARCHIVE, SIGNATURE, Properties

_CONFIGURATION = (
    "deadLetterConfig",
    "description",
    "environment",
    "ephemeralStorage",
    "handler",
    "kmsKeyArn",
    "layers",
    "loggingConfig",
    "memorySize",
    "role",
    "runtime",
    "timeout",
    "tracingConfig",
)
_CODE = ("architectures", "code", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash")
_HOST_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_HOST_ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def _runs_here(inputs: Properties) -> Iterator[Complaint]:
    """The emulator runs every function on this machine's Python, whatever it was declared for."""
    runtime, (architecture, *_) = inputs.get("runtime"), inputs.get("architectures") or ["x86_64"]
    if inputs.get("packageType") != "Zip":
        yield "packageType", "must be Zip on the local cloud, which has no containers"
    elif runtime != _HOST_RUNTIME:
        yield "runtime", f"is {runtime}, and this machine's functions run on {_HOST_RUNTIME}"
    if architecture != _HOST_ARCHITECTURE:
        yield "architectures", f"is {architecture}, and this machine is {_HOST_ARCHITECTURE}"
    if ("code" in inputs) == ("s3Bucket" in inputs):
        yield "code", "or s3Bucket is required, and not both"


def _code(wanted: Properties) -> dict[str, Any]:
    if "code" in wanted:
        return {"ZipFile": zip_bytes(wanted["code"])}
    members = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion"}
    return {member: wanted[name] for name, member in members.items() if wanted.get(name)}


def _create(job: Job) -> Any:
    """The first version is published when the function stands, as is every later one."""
    wanted = _without_blanks(job.properties)
    tags = {"Tags": wanted["tagsAll"]} if wanted.get("tagsAll") else {}
    create = Call(
        operation="create_function",
        params={"FunctionName": "{name}", "Code": _code(wanted), **tags},
        sends=(*_CONFIGURATION, "architectures", "packageType"),
    )
    return job.having(properties=wanted).run(create)


def _without_blanks(properties: Properties) -> Properties:
    """Log levels may be left to Lambda, which the stock provider spells as an empty text."""
    logging = {key: value for key, value in (properties.get("loggingConfig") or {}).items() if value != ""}
    return {**properties, **({"loggingConfig": logging} if logging else {})}


def _update_code(job: Job) -> None:
    code = _code(job.properties)
    architectures = job.properties.get("architectures")
    also = {"Architectures": architectures} if architectures else {}
    job.client.update_function_code(FunctionName=job.id, **code, **also)


def _update_configuration(job: Job) -> None:
    """What the program has dropped must be emptied by name."""
    wanted = _without_blanks(job.properties)
    cleared: Properties = {
        "deadLetterConfig": {"targetArn": ""},
        "environment": {"variables": {}},
        "ephemeralStorage": {"size": 512},
        "tracingConfig": {"mode": "PassThrough"},
        "loggingConfig": {"logFormat": "Text"},
        "layers": [],
        "description": "",
        "kmsKeyArn": "",
    }
    wanted |= {name: value for name, value in cleared.items() if name in job.changed and name not in wanted}
    call = Call(
        operation="update_function_configuration",
        params={"FunctionName": "{id}"},
        sends=tuple(sorted(job.changed & set(_CONFIGURATION))),
    )
    job.having(properties=wanted).run(call)


def _reserve(job: Job) -> None:
    reserved = job.properties["reservedConcurrentExecutions"]
    if reserved < 0:
        job.client.delete_function_concurrency(FunctionName=job.id)
    else:
        job.client.put_function_concurrency(FunctionName=job.id, ReservedConcurrentExecutions=reserved)


def _publish(job: Job) -> None:
    """A version of what is new: Lambda gives back the last one when nothing is."""
    if job.properties.get("publish") and (not job.old or job.changed & {*_CODE, *_CONFIGURATION, "publish"}):
        job.client.publish_version(FunctionName=job.id)


def _finish(job: Job) -> None:
    if not job.old and job.properties["reservedConcurrentExecutions"] >= 0:
        _reserve(job)
    _publish(job)


def _read(job: Job) -> Any:
    answer = job.client.get_function(FunctionName=job.id)
    held = dict(answer["Configuration"])
    reserved = (answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions", -1)
    hash_ = held["CodeSha256"]
    return {**held, "ReservedConcurrentExecutions": reserved, "sourceCodeHash": hash_}


def _read_version(job: Job) -> Any:
    """The last published version, where the program publishes."""
    version = "$LATEST"
    if job.properties.get("publish"):
        answer = job.client.get_paginator("list_versions_by_function").paginate(FunctionName=job.id)
        numbers = [
            int(v["Version"]) for v in answer.build_full_result()["Versions"] if v["Version"] != "$LATEST"
        ]
        version = str(max(numbers)) if numbers else version
    return {"latestVersion": version}


def _moves(inputs: Properties, changed: frozenset[str]) -> Iterable[str]:
    if changed & set(_CODE):
        yield from ("lastModified", "codeSha256", "sourceCodeSize")
    if inputs.get("publish") and changed & {*_CODE, *_CONFIGURATION, "publish"}:
        yield from ("version", "qualifiedArn", "qualifiedInvokeArn")


def _observe_code(before: Properties, actual: Properties) -> Properties:
    """Other code than ours shows as another archive: one that nobody can name, with the hash that the cloud
    tells.
    """
    if "code" not in before or before.get("codeSha256") in (None, actual["codeSha256"]):
        return {}
    digest = base64.b64decode(actual["codeSha256"]).hex()
    return {"code": {SIGNATURE: ARCHIVE, "hash": digest, "assets": {}}}


_STREAM_ARN = "arn:{partition}:apigateway:{region}:lambda:path/2021-11-15/functions/"
_INVOKE_ARN = "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/"


def _locate_alias(job: Job) -> dict[str, str]:
    """An alias's id is its ARN: …:function:<name>:<alias>."""
    *_, function, alias = job.id.split(":")
    return {"FunctionName": function, "Name": alias}


def _update_alias(job: Job) -> None:
    routing = (job.properties.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    job.client.update_alias(
        **_locate_alias(job),
        FunctionVersion=job.properties["functionVersion"],
        Description=job.properties.get("description") or "",
        RoutingConfig={"AdditionalVersionWeights": routing},
    )


DESCRIPTIONS = (
    Description(
        token="aws:lambda/function:Function",  # noqa: S106
        service="lambda",
        id="{name}",
        create=_create,
        read=(_read, _read_version),
        ready="State != 'Pending' && LastUpdateStatus != 'InProgress'",
        steps=(
            Step(properties=_CONFIGURATION, action=_update_configuration),
            Step(properties=_CODE, action=_update_code),
            Step(properties=("reservedConcurrentExecutions",), action=_reserve),
        ),
        finish=_finish,
        delete=Call(operation="delete_function", params={"FunctionName": "{id}"}),
        members={"name": "FunctionName", "kmsKeyArn": "KMSKeyArn"},
        outputs={
            "arn": "FunctionArn",
            "version": "latestVersion",
            "codeSha256": "CodeSha256",
            "sourceCodeSize": "CodeSize",
            "lastModified": "LastModified",
            "invokeArn": _INVOKE_ARN + "{arn}/invocations",
            "responseStreamingInvokeArn": _STREAM_ARN + "{arn}/response-streaming-invocations",
            "qualifiedArn": "{arn}:{version}",
            "qualifiedInvokeArn": _INVOKE_ARN + "{arn}:{version}/invocations",
        },
        tags=Tags(read="list_tags", write="tag_resource", drop="untag_resource", by={"Resource": "{arn}"}),
        local=frozenset({"code", "publish", "s3Bucket", "s3Key", "s3ObjectVersion"}),
        unordered=frozenset({"architectures"}),
        computed=frozenset(
            {"loggingConfig.logGroup", "loggingConfig.applicationLogLevel", "loggingConfig.systemLogLevel"}
        ),
        model=("create_function",),
        checks=(_runs_here,),
        moves=_moves,
        observe=_observe_code,
    ),
    Description(
        token="aws:lambda/alias:Alias",  # noqa: S106
        service="lambda",
        id="{arn}",
        create=Call(operation="create_alias", sends=EVERYTHING),
        read=(
            lambda job: {
                **job.client.get_alias(**_locate_alias(job)),
                "functionName": _locate_alias(job)["FunctionName"],
            },
        ),
        steps=(Step(properties=EVERYTHING, action=_update_alias),),
        delete=lambda job: job.client.delete_alias(**_locate_alias(job)),
        outputs={"arn": "AliasArn", "invokeArn": _INVOKE_ARN + "{arn}/invocations"},
        same={"functionName": same_function},
    ),
    *lambda_callers.DESCRIPTIONS,
)
