"""API Gateway: stages of an API, and the settings of their methods."""

import os
from dataclasses import replace
from typing import Any

from localcloud.provider.description import Call, Description, Patch, Step, Tags
from localcloud.provider.job import Job
from localcloud.provider.values import Value

_STAGE = {"restApiId": "{restApi}", "stageName": "{stageName}"}
ARN = "arn:{partition}:apigateway:{region}::"
TAGS = Tags(read="get_tags", write="tag_resource", drop="untag_resource", by={"resourceArn": "{arn}"})
EXECUTE_ARN = "arn:{partition}:execute-api:{region}:{account}:"
_STAGE_PATHS = {
    "deployment": "/deploymentId",
    "description": "/description",
    "variables": "/variables",
    "xrayTracingEnabled": "/tracingEnabled",
}


def _set_access_log(job: Job) -> None:
    settings = job.properties.get("accessLogSettings")
    if settings:
        operations = [
            {"op": "replace", "path": f"/accessLogSettings/{key}", "value": settings[key]}
            for key in ("destinationArn", "format")
            if key in settings
        ]
    else:
        operations = [{"op": "remove", "path": "/accessLogSettings"}]
    job.client.update_stage(
        restApiId=job.properties["restApi"], stageName=job.properties["stageName"], patchOperations=operations
    )


def _read_stage(job: Job) -> Any:
    """The stage, and the URL it is called at: the local gateway's, where the environment names one."""
    scope = job.scope
    stage = job.client.get_stage(restApiId=scope["restApi"], stageName=scope["stageName"])
    gateway = os.environ.get("REGISTRY_GATEWAY_URL", "").rstrip("/")
    api, name = scope["restApi"], scope["stageName"]
    suffix = job.cloud.dns_suffix(job.region)
    local = f"{gateway}/_aws/execute-api/{api}/{name}"
    stage["invokeUrl"] = local if gateway else f"https://{api}.execute-api.{job.region}.{suffix}/{name}"
    return stage


_SETTINGS = {
    "cacheDataEncrypted": "caching/dataEncrypted",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}


def _method_path(method_path: str) -> str:
    """`users/{id}/GET` as a patch path: the slashes of the resource's own path are escaped."""
    resource, _, method = method_path.rpartition("/")
    return f"/{resource.replace('/', '~1')}/{method}"


def _put_settings(job: Job) -> Any:
    wanted, old = job.properties["settings"], job.old.get("settings") or {}
    at = _method_path(job.properties["methodPath"])
    operations = [
        {"op": "replace", "path": f"{at}/{path}", "value": _patch_text(wanted[name])}
        for name, path in _SETTINGS.items()
        if name in wanted and wanted[name] != old.get(name)
    ]
    if operations:
        job.client.update_stage(
            restApiId=job.properties["restApi"],
            stageName=job.properties["stageName"],
            patchOperations=operations,
        )
    return {}


def _patch_text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_settings(job: Job) -> Any:
    stage = job.client.get_stage(restApiId=job.scope["restApi"], stageName=job.scope["stageName"])
    held = stage.get("methodSettings") or {}
    at = job.scope["methodPath"]
    settings = held.get(at) or held.get(_method_path(at).lstrip("/"))
    return None if settings is None else {"settings": settings}


def _delete_settings(job: Job) -> None:
    job.client.update_stage(
        restApiId=job.properties["restApi"],
        stageName=job.properties["stageName"],
        patchOperations=[{"op": "remove", "path": _method_path(job.properties["methodPath"])}],
    )


DESCRIPTIONS = (
    Description(
        token="aws:apigateway/stage:Stage",  # noqa: S106
        service="apigateway",
        id="ags-{restApi}-{stageName}",
        create=Call(
            operation="create_stage",
            sends=("restApi", "stageName", "deployment", "description", "variables", "xrayTracingEnabled"),
        ),
        read=(_read_stage,),
        steps=(
            Step(
                properties=tuple(_STAGE_PATHS),
                action=Patch(operation="update_stage", params=_STAGE, paths=_STAGE_PATHS),
            ),
            Step(properties=("accessLogSettings",), action=_set_access_log, on_create=True),
        ),
        delete=Call(operation="delete_stage", params=_STAGE),
        members={
            "restApi": "restApiId",
            "deployment": "deploymentId",
            "xrayTracingEnabled": "tracingEnabled",
        },
        outputs={
            "arn": ARN + "/restapis/{restApi}/stages/{stageName}",
            "executionArn": EXECUTE_ARN + "{restApi}/{stageName}",
            "invokeUrl": "invokeUrl",
        },
        tags=replace(TAGS, on_create=False),  # the emulator loses those of the creation
        model=("create_stage",),
    ),
    Description(
        token="aws:apigateway/methodSettings:MethodSettings",  # noqa: S106
        service="apigateway",
        id="{restApi}-{stageName}-{methodPath}",
        create=_put_settings,
        read=(_read_settings,),
        steps=(Step(properties=("settings",), action=_put_settings),),
        delete=_delete_settings,
        computed=frozenset(f"settings.{name}" for name in _SETTINGS),
    ),
)
