"""The SDK API as API Gateway is told of it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.functions import read_manifest
from infra.patterns import rest_api
from infra.patterns.gateway_responses import GATEWAY_RESPONSES
from infra.service import flow
from infra.settings import load
from tests.infra.recording import Deployed, config_of, run

pytestmark = pytest.mark.infra


def test_every_path_and_method_goes_through_the_authoriser_to_the_live_function(alpha: Deployed) -> None:
    methods = alpha.of("apigateway/method:Method")
    integrations = alpha.of("apigateway/integration:Integration")
    assert set(methods) == set(integrations) == {"sdk-root", "sdk-proxy", "sdk-auth-token"}
    for name in ("sdk-root", "sdk-proxy"):
        method = methods[name]
        assert method.inputs["httpMethod"] == "ANY"
        assert method.inputs["authorization"] == "CUSTOM"
        assert method.inputs["authorizerId"] == "sdk-id"
        assert integrations[name].inputs["type"] == "AWS_PROXY"
        assert integrations[name].inputs["integrationHttpMethod"] == "POST"
        assert integrations[name].inputs["uri"] == "arn:aws:lambda/alias:Alias:sdk-api:invoke"
    assert alpha.of("apigateway/resource:Resource")["sdk-proxy"].inputs["pathPart"] == "{proxy+}"


def test_only_the_exchange_of_tokens_is_open_to_strangers(alpha: Deployed) -> None:
    method = alpha.of("apigateway/method:Method")["sdk-auth-token"].inputs
    assert (method["httpMethod"], method["authorization"]) == ("POST", "NONE")
    integration = alpha.of("apigateway/integration:Integration")["sdk-auth-token"].inputs
    assert integration["uri"] == "arn:aws:lambda/alias:Alias:exchange-tokens:invoke"
    parts = alpha.of("apigateway/resource:Resource")
    assert [parts[name].inputs["pathPart"] for name in ("sdk-auth", "sdk-auth-token")] == ["auth", "token"]
    limits = alpha.of("apigateway/methodSettings:MethodSettings")["sdk-auth-token"].inputs
    assert limits["methodPath"] == "auth/token/POST"
    assert limits["settings"]["throttlingRateLimit"] == 5


def test_the_authoriser_runs_for_each_request(alpha: Deployed) -> None:
    (authorizer,) = alpha.of("apigateway/authorizer:Authorizer").values()
    assert authorizer.inputs["type"] == "REQUEST"
    assert authorizer.inputs["authorizerResultTtlInSeconds"] == 0
    # The client's request always has a method: no header can be missing and cost it a 401.
    assert authorizer.inputs["identitySource"] == "context.httpMethod"
    assert authorizer.inputs["authorizerUri"] == "arn:aws:lambda/alias:Alias:authorize:invoke"


def test_what_the_gateway_itself_answers_has_the_form_of_the_service(alpha: Deployed) -> None:
    answers = {
        one.inputs["responseType"]: one.inputs for one in alpha.of("apigateway/response:Response").values()
    }
    assert set(answers) >= {"THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"}
    for answer in answers.values():
        (header, value), *more = answer["responseParameters"].items()
        assert (header, more) == ("gatewayresponse.header.x-amzn-ErrorType", [])
        assert value.startswith("'")
        assert value.endswith("Exception'")
        body = answer["responseTemplates"]["application/json"].replace("$context.error.messageString", '"m"')
        assert set(json.loads(body)) == {"errorCode", "message"}
    assert answers["THROTTLED"]["responseParameters"]["gatewayresponse.header.x-amzn-ErrorType"] == (
        "'TooManyRequestsException'"
    )
    assert answers["THROTTLED"]["statusCode"] == "429"


def test_the_access_log_holds_no_credential(alpha: Deployed) -> None:
    (stage,) = alpha.of("apigateway/stage:Stage").values()
    logged = stage.inputs["accessLogSettings"]["format"]
    assert stage.inputs["accessLogSettings"]["destinationArn"] == "arn:aws:cloudwatch/logGroup:LogGroup:sdk"
    for word in ("authorization", "header", "querystring", "signature", "secret", "body"):
        assert word not in logged.lower()
    assert stage.inputs["xrayTracingEnabled"] is True
    assert stage.inputs["stageName"] == "alpha"


def test_the_stage_is_throttled_measured_and_never_traces_data(prod: Deployed) -> None:
    everything = prod.of("apigateway/methodSettings:MethodSettings")["sdk"].inputs
    assert everything["methodPath"] == "*/*"
    assert everything["settings"] == {
        "metricsEnabled": True,
        "loggingLevel": "OFF",
        "dataTraceEnabled": False,
        "throttlingRateLimit": 500,
        "throttlingBurstLimit": 1000,
    }


def _trigger(stack: Deployed) -> str:
    (deployment,) = stack.of("apigateway/deployment:Deployment").values()
    return str(deployment.inputs["triggers"]["definition"])


def test_a_changed_answer_of_the_gateway_is_deployed_anew(
    alpha: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = (replace(GATEWAY_RESPONSES[0], status=503), *GATEWAY_RESPONSES[1:])
    monkeypatch.setattr(rest_api, "GATEWAY_RESPONSES", changed)
    config = config_of("alpha")
    again = run(lambda: flow.deploy(load()), config=config)
    assert _trigger(again) != _trigger(alpha)


def test_the_same_definition_is_not_deployed_anew(alpha: Deployed, prod: Deployed) -> None:
    assert _trigger(alpha) == _trigger(prod)


def _functions(stack: Deployed) -> dict[str, dict[str, Any]]:
    """By noun."""
    made = (one.inputs for one in stack.of("lambda/function:Function").values())
    return {function["name"].split("-", 2)[2]: function for function in made}


def test_functions_get_what_the_contract_promises(alpha: Deployed) -> None:
    functions = _functions(alpha)
    assert set(functions) == {name.replace("_", "-") for name in read_manifest().functions}
    assert functions["authorize"]["environment"]["variables"] == {
        "STAGE": "alpha",
        "LOG_LEVEL": "DEBUG",
        "KEY_TABLE": "sar-alpha-keys",
        "KEYS_KMS_KEY": "arn:aws:kms/key:Key:keys",
    }
    assert functions["sdk-api"]["environment"]["variables"] == {
        "STAGE": "alpha",
        "LOG_LEVEL": "DEBUG",
        "ENTITY_TABLE": "sar-alpha-entities",
        "ASSETS_BUCKET": "sar-alpha-assets-100000000001-us-east-1",
        "TOKENS_KMS_KEY": "arn:aws:kms/key:Key:tokens",
        "AUTHORIZE_FUNCTION": "arn:aws:lambda/alias:Alias:authorize",
        "PARTITION": "aws",
        "ACCOUNT_ID": "100000000001",
        "LINKS_ROLE": "arn:aws:iam/role:Role:links",
        "DEPLOYMENT_ROLE": "serverless-registry-deployment",
        "LIMITS": (
            '{"publicApplicationsPerAccount":100,"storedBytesPerAccount":5368709120,"nestingDepth":5,'
            '"allowedResourceTypes":[],"requestsPerSecond":{"default":10}}'
        ),
    }
    assert functions["exchange-tokens"]["environment"]["variables"] == {
        "STAGE": "alpha",
        "LOG_LEVEL": "DEBUG",
        "KEY_TABLE": "sar-alpha-keys",
        "KEYS_KMS_KEY": "arn:aws:kms/key:Key:keys",
        "ENTITY_TABLE": "sar-alpha-entities",
        "ROLE_PATTERNS": "[]",
    }


def test_functions_are_as_functions_toml_and_the_stage_file_say(alpha: Deployed, prod: Deployed) -> None:
    manifest = read_manifest()
    for name, spec in manifest.functions.items():
        for stack in (alpha, prod):
            function = _functions(stack)[name.replace("_", "-")]
            reserved = name in {"authorize", "sdk_api"} and stack is prod
            assert function["handler"] == spec.handler
            assert function["memorySize"] == spec.memory_mb
            assert function["timeout"] == spec.timeout_s
            assert function["runtime"] == "python3.11"
            assert function["architectures"] == ["x86_64"]
            assert function["reservedConcurrentExecutions"] == (300 if reserved else -1)
            assert function["publish"] is True
            assert function["tracingConfig"] == {"mode": "Active"}


def test_live_is_the_version_just_published(alpha: Deployed) -> None:
    for alias in alpha.of("lambda/alias:Alias").values():
        assert (alias.inputs["name"], alias.inputs["functionVersion"]) == ("live", "7")


def test_a_partition_reaches_every_arn_that_the_program_writes() -> None:
    config = config_of("alpha")
    china = run(lambda: flow.deploy(load()), config=config, partition="aws-cn")
    written = json.dumps([one.inputs.get("policy", "") for one in china.resources])
    assert "arn:aws:s3:::" not in written
    assert "arn:aws-cn:s3:::*/*" in written
    assert (
        china.of("lambda/function:Function")["sdk-api"].inputs["environment"]["variables"]["PARTITION"]
        == "aws-cn"
    )


def test_people_are_subscribed_by_severity() -> None:
    config = config_of("alpha") | {
        "registry:pageEmails": '["on-call@example.com"]',
        "registry:ticketEmails": '["team@example.com", "lead@example.com"]',
    }
    stack = run(lambda: flow.deploy(load()), config=config)
    told = {
        (one.inputs["topic"], one.inputs["endpoint"])
        for one in stack.of("sns/topicSubscription:TopicSubscription").values()
        if one.inputs["protocol"] == "email"
    }
    assert told == {
        ("arn:aws:sns/topic:Topic:page", "on-call@example.com"),
        ("arn:aws:sns/topic:Topic:ticket", "team@example.com"),
        ("arn:aws:sns/topic:Topic:ticket", "lead@example.com"),
    }
