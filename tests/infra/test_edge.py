"""The SDK API as API Gateway is told of it."""

import json
from dataclasses import replace

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
    assert set(methods) == set(integrations) == {"sdk-root", "sdk-proxy"}
    for name, method in methods.items():
        assert method.inputs["httpMethod"] == "ANY"
        assert method.inputs["authorization"] == "CUSTOM"
        assert method.inputs["authorizerId"] == "sdk-id"
        assert integrations[name].inputs["type"] == "AWS_PROXY"
        assert integrations[name].inputs["integrationHttpMethod"] == "POST"
        assert integrations[name].inputs["uri"] == "arn:aws:lambda/alias:Alias:sdk-api:invoke"
    assert alpha.of("apigateway/resource:Resource")["sdk-proxy"].inputs["pathPart"] == "{proxy+}"


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
    (settings,) = (
        one.inputs["settings"] for one in prod.of("apigateway/methodSettings:MethodSettings").values()
    )
    assert settings == {
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


def test_functions_get_what_the_contract_promises(alpha: Deployed) -> None:
    functions = {name: one.inputs for name, one in alpha.of("lambda/function:Function").items()}
    assert set(functions) == {"authorize", "sdk-api"}
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
    }


def test_functions_are_as_functions_toml_and_the_stage_file_say(alpha: Deployed, prod: Deployed) -> None:
    manifest = read_manifest()
    for name, spec in manifest.functions.items():
        for stack, concurrency in ((alpha, -1), (prod, 300)):
            function = stack.of("lambda/function:Function")[name.replace("_", "-")].inputs
            assert function["handler"] == spec.handler
            assert function["memorySize"] == spec.memory_mb
            assert function["timeout"] == spec.timeout_s
            assert function["runtime"] == "python3.11"
            assert function["architectures"] == ["x86_64"]
            assert function["reservedConcurrentExecutions"] == concurrency
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
    }
    assert told == {
        ("arn:aws:sns/topic:Topic:page", "on-call@example.com"),
        ("arn:aws:sns/topic:Topic:ticket", "team@example.com"),
        ("arn:aws:sns/topic:Topic:ticket", "lead@example.com"),
    }
