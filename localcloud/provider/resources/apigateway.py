"""API Gateway REST APIs.

Updates are patches; what hangs in an API is addressed by the API's id and its own.
"""

import json
from typing import Any

from localcloud.provider.description import EVERYTHING, Call, Description, Member, Patch, Step
from localcloud.provider.job import Job
from localcloud.provider.resources import apigateway_stages
from localcloud.provider.resources.apigateway_stages import ARN, EXECUTE_ARN, TAGS
from localcloud.provider.values import Properties, Value, same_policy

_API = {"restApiId": "{restApi}"}
_METHOD = {"restApiId": "{restApi}", "resourceId": "{resourceId}", "httpMethod": "{httpMethod}"}


def _child(name: str, id_member: str, patched: dict[str, str], **more: Any) -> dict[str, Any]:
    """Reader, update and delete of a thing with an id of its own in an API."""
    where = {**_API, id_member: "{id}"}
    return {
        "service": "apigateway",
        "id": "{ownId}",
        "import_id": "{restApi}/{id}",
        "read": (Call(operation=f"get_{name}", params=where),),
        "steps": (
            Step(
                properties=tuple(patched),
                action=Patch(operation=f"update_{name}", params=where, paths=patched),
            ),
        ),
        "delete": Call(operation=f"delete_{name}", params=where),
        "outputs": {"ownId": "id", **more.pop("outputs", {})},
        **more,
    }


# --- the API
def _read_root(job: Job) -> Any:
    """Older APIs do not tell their root in their own description."""
    if job.found.get("rootResourceId"):
        return {}
    resources = (
        job.client.get_paginator("get_resources").paginate(restApiId=job.id).build_full_result()["items"]
    )
    return {"rootResourceId": next(item["id"] for item in resources if item["path"] == "/")}


def _read_policy(text: Any) -> str:
    """AWS escapes the policy's quotes once more than JSON needs."""
    return str(text).replace('\\"', '"').replace("\\/", "/") if isinstance(text, str) else json.dumps(text)


_UNPATCHABLE = ("binaryMediaTypes", "endpointConfiguration")


def _refuse_lists(job: Job) -> None:
    changed = ", ".join(sorted(job.changed & set(_UNPATCHABLE)))
    raise ValueError(
        f"the emulator cannot change {changed} of an API that exists: "
        "on the local cloud, replace it (`pulumi up --replace <urn>`)"
    )


# --- the account
def _put_account(job: Job) -> Any:
    role = job.properties.get("cloudwatchRoleArn") or ""
    job.client.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    )
    return {}


def _read_account(job: Job) -> Any:
    """Limits are a list of one to the stock provider."""
    account = job.client.get_account()
    return {**account, "throttleSettings": [account.get("throttleSettings") or {}]}


def _empty_account(job: Job) -> None:
    _put_account(job.having(properties={}))


# --- resource policies of an API
def _put_policy(job: Job) -> Any:
    job.client.update_rest_api(
        restApiId=job.properties["restApiId"],
        patchOperations=[{"op": "replace", "path": "/policy", "value": job.properties["policy"]}],
    )
    return {}


def _delete_policy(job: Job) -> None:
    job.client.update_rest_api(
        restApiId=job.id, patchOperations=[{"op": "replace", "path": "/policy", "value": ""}]
    )


_PUT_RESPONSE = Call(operation="put_gateway_response", sends=EVERYTHING)
_PUT_INTEGRATION = Call(operation="put_integration", sends=EVERYTHING)
_API_PATHS = {
    "apiKeySource": "/apiKeySource",
    "description": "/description",
    "disableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
    "minimumCompressionSize": "/minimumCompressionSize",
    "name": "/name",
    "policy": "/policy",
}
_METHOD_PATHS = {
    "apiKeyRequired": "/apiKeyRequired",
    "authorization": "/authorizationType",
    "authorizerId": "/authorizerId",
    "operationName": "/operationName",
    "requestModels": "/requestModels",
    "requestParameters": "/requestParameters",
    "requestValidatorId": "/requestValidatorId",
}


def _changed_type(old: Value, new: Value) -> bool:
    return "COGNITO_USER_POOLS" in (old, new)


def _authoriser_calls(inputs: Properties) -> list[tuple[str, str]]:
    if inputs.get("type") in ("TOKEN", "REQUEST") and not inputs.get("authorizerUri"):
        return [("authorizerUri", "is required for a TOKEN or REQUEST authorizer")]
    return []


DESCRIPTIONS = (
    Description(
        token="aws:apigateway/restApi:RestApi",  # noqa: S106
        service="apigateway",
        id="{apiId}",
        create=Call(operation="create_rest_api", sends=EVERYTHING),
        read=(Call(operation="get_rest_api", params={"restApiId": "{id}"}), _read_root),
        steps=(
            Step(properties=_UNPATCHABLE, action=_refuse_lists),
            Step(
                properties=tuple(_API_PATHS),
                action=Patch(operation="update_rest_api", params={"restApiId": "{id}"}, paths=_API_PATHS),
            ),
        ),
        delete=Call(operation="delete_rest_api", params={"restApiId": "{id}"}),
        members={"policy": Member(sent="policy", from_api=_read_policy)},
        outputs={
            "apiId": "id",
            "arn": ARN + "/restapis/{apiId}",
            "executionArn": EXECUTE_ARN + "{apiId}",
            "rootResourceId": "rootResourceId",
            "createdDate": "createdDate",
        },
        tags=TAGS,
        unordered=frozenset({"binaryMediaTypes"}),
        same={"policy": same_policy},
    ),
    Description(
        token="aws:apigateway/restApiPolicy:RestApiPolicy",  # noqa: S106
        service="apigateway",
        id="{restApiId}",
        create=_put_policy,
        read=(Call(operation="get_rest_api", params={"restApiId": "{id}"}, pick="policy && @"),),
        steps=(Step(properties=("policy",), action=_put_policy),),
        delete=_delete_policy,
        members={"policy": Member(sent="policy", from_api=_read_policy)},
        same={"policy": same_policy},
    ),
    Description(
        token="aws:apigateway/resource:Resource",  # noqa: S106
        create=Call(operation="create_resource", sends=EVERYTHING),
        **_child(
            "resource",
            "resourceId",
            {"parentId": "/parentId", "pathPart": "/pathPart"},
            outputs={"path": "path"},
            members={"restApi": "restApiId"},
            moves=lambda _inputs, changed: ("path",) if changed & {"parentId", "pathPart"} else (),
        ),
    ),
    Description(
        token="aws:apigateway/method:Method",  # noqa: S106
        service="apigateway",
        id="agm-{restApi}-{resourceId}-{httpMethod}",
        create=Call(operation="put_method", sends=EVERYTHING),
        read=(Call(operation="get_method", params=_METHOD),),
        steps=(
            Step(
                properties=tuple(_METHOD_PATHS),
                action=Patch(operation="update_method", params=_METHOD, paths=_METHOD_PATHS),
            ),
        ),
        delete=Call(operation="delete_method", params=_METHOD),
        members={"restApi": "restApiId", "authorization": "authorizationType"},
        unordered=frozenset({"authorizationScopes"}),
    ),
    Description(
        token="aws:apigateway/integration:Integration",  # noqa: S106
        service="apigateway",
        id="agi-{restApi}-{resourceId}-{httpMethod}",
        create=_PUT_INTEGRATION,
        read=(Call(operation="get_integration", params=_METHOD),),
        steps=(Step(properties=EVERYTHING, action=_PUT_INTEGRATION),),
        delete=Call(operation="delete_integration", params=_METHOD),
        members={
            "restApi": "restApiId",
            "timeoutMilliseconds": "timeoutInMillis",
            # The answer calls the backend's method httpMethod, as the request calls the API's own.
            "httpMethod": Member(sent="httpMethod", read=""),
            "integrationHttpMethod": Member(sent="integrationHttpMethod", read="httpMethod"),
        },
        unordered=frozenset({"cacheKeyParameters"}),
    ),
    Description(
        token="aws:apigateway/authorizer:Authorizer",  # noqa: S106
        create=Call(operation="create_authorizer", sends=EVERYTHING),
        **_child(
            "authorizer",
            "authorizerId",
            {
                "authorizerCredentials": "/authorizerCredentials",
                "authorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds",
                "authorizerUri": "/authorizerUri",
                "identitySource": "/identitySource",
                "identityValidationExpression": "/identityValidationExpression",
                "name": "/name",
                "type": "/type",
            },
            outputs={"arn": ARN + "/restapis/{restApi}/authorizers/{ownId}"},
            members={"restApi": "restApiId"},
            unordered=frozenset({"providerArns"}),
            replace_if={"type": _changed_type},
            checks=(_authoriser_calls,),
        ),
    ),
    Description(
        token="aws:apigateway/deployment:Deployment",  # noqa: S106
        create=Call(operation="create_deployment", sends=("restApi", "description", "variables")),
        **_child(
            "deployment",
            "deploymentId",
            {"description": "/description"},
            outputs={"createdDate": "createdDate"},
            members={"restApi": "restApiId"},
            # A deployment does not tell its variables: they go to the stages made with it.
            local=frozenset({"triggers", "variables"}),
        ),
    ),
    Description(
        token="aws:apigateway/response:Response",  # noqa: S106
        service="apigateway",
        id="aggr-{restApiId}-{responseType}",
        create=_PUT_RESPONSE,
        read=(
            Call(
                operation="get_gateway_response",
                params={"restApiId": "{restApiId}", "responseType": "{responseType}"},
                # What is no longer customised is still there, as a default.
                pick="!defaultResponse && @ || `null`",
            ),
        ),
        steps=(Step(properties=EVERYTHING, action=_PUT_RESPONSE),),
        delete=Call(
            operation="delete_gateway_response",
            params={"restApiId": "{restApiId}", "responseType": "{responseType}"},
        ),
    ),
    Description(
        token="aws:apigateway/account:Account",  # noqa: S106
        service="apigateway",
        id="{account}",
        create=_put_account,
        read=(_read_account,),
        steps=(Step(properties=("cloudwatchRoleArn",), action=_put_account),),
        delete=_empty_account,
        outputs={"throttleSettings": "throttleSettings"},
    ),
    *apigateway_stages.DESCRIPTIONS,
)
