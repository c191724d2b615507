"""What a stage file may ask for besides sizes: consumers, rights by role, limits, a name of its own."""

import json
from typing import Any

import pytest

from infra.service import flow
from infra.settings import Mistake, load, settings_of
from infra.sharing import ACTIONS
from registry.domain import keys
from tests.infra.recording import Deployed, config_of, run

pytestmark = pytest.mark.infra

NAMED = {"name": "apps.{region}.example.com", "zoneId": "Z0123456789"}
CERTIFICATE = "arn:aws:acm:us-east-1:100000000001:certificate/1"


def deployed(**options: Any) -> Deployed:
    return run(lambda: flow.deploy(load()), config=_config(**options))


def _config(**options: Any) -> dict[str, str]:
    return config_of("alpha") | {f"registry:{key}": json.dumps(value) for key, value in options.items()}


def _readers(stack: Deployed) -> dict[str, dict[str, Any]]:
    policy = stack.of("s3/bucketPolicy:BucketPolicy")["assets"].document("policy")
    return {one["Sid"]: one for one in policy["Statement"] if one["Effect"] == "Allow"}


def test_without_consumers_nobody_else_reads_the_bucket(alpha: Deployed) -> None:
    assert _readers(alpha) == {}


def test_each_consumer_reads_its_own_copies_and_nothing_else() -> None:
    stack = deployed(consumerAccounts=["222222222222"], consumerOrganizations=["o-abcdefghij"])
    readers = _readers(stack)
    assert set(readers) == {"ConsumersAccounts", "ConsumersOrganizations"}
    own = ["arn:aws:s3/bucket:Bucket:assets/deploy/${aws:PrincipalAccount}/*"]
    for statement in readers.values():
        assert (statement["Action"], statement["Resource"]) == (["s3:GetObject"], own)
    assert readers["ConsumersAccounts"]["Principal"] == {"AWS": ["arn:aws:iam::222222222222:root"]}
    assert readers["ConsumersOrganizations"]["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": ["o-abcdefghij"]}
    }


def test_the_roles_of_consumers_may_read_and_deploy_unless_patterns_say_otherwise() -> None:
    stack = deployed(consumerAccounts=["222222222222"], consumerOrganizations=["o-abcdefghij"])
    patterns = json.loads(_environment(stack, "exchange-tokens")["ROLE_PATTERNS"])
    assert [one["account"] for one in patterns] == ["222222222222", "o-abcdefghij"]
    for one in patterns:
        assert one["role"] == "*"
        assert "CreateCloudFormationChangeSet" in one["actions"]
        assert not {"*", "CreateApplication", "DeleteApplication"} & set(one["actions"])
    chosen = [{"account": "*", "role": "publisher-*", "actions": ["*"]}]
    assert (
        json.loads(_environment(deployed(rolePatterns=chosen), "exchange-tokens")["ROLE_PATTERNS"]) == chosen
    )


def test_limits_reach_the_function_over_their_defaults() -> None:
    stack = deployed(limits={"nestingDepth": 2, "requestsPerSecond": {"default": 5, "GetApplication": 50}})
    limits = json.loads(_environment(stack, "sdk-api")["LIMITS"])
    assert limits["nestingDepth"] == 2
    assert limits["publicApplicationsPerAccount"] == 100
    assert limits["requestsPerSecond"] == {"default": 5, "GetApplication": 50}


def test_a_name_of_its_own_has_a_proved_certificate_and_an_alias() -> None:
    stack = deployed(customDomain=NAMED)
    domain = stack.of("apigateway/domainName:DomainName")["sdk"].inputs
    assert domain["domainName"] == "apps.us-east-1.example.com"
    assert domain["securityPolicy"] == "TLS_1_2"
    assert domain["endpointConfiguration"]["types"] == "REGIONAL"
    assert stack.of("acm/certificate:Certificate")["sdk"].inputs["validationMethod"] == "DNS"
    mapping = stack.of("apigateway/basePathMapping:BasePathMapping")["sdk"].inputs
    assert (mapping["stageName"], mapping.get("basePath")) == ("alpha", None)
    records = stack.of("route53/record:Record")
    assert set(records) == {"sdk-a", "sdk-aaaa", "sdk-proof"}
    assert {records[name].inputs["type"] for name in ("sdk-a", "sdk-aaaa")} == {"A", "AAAA"}
    assert domain["regionalCertificateArn"] == "arn:acm"  # of the validation, so that it waits for the proof
    assert stack.outputs["sdk_api_url"] == "https://apps.us-east-1.example.com"


def test_a_certificate_that_is_given_is_used_as_it_is() -> None:
    stack = deployed(customDomain={**NAMED, "certificateArn": CERTIFICATE})
    domain = stack.of("apigateway/domainName:DomainName")["sdk"].inputs
    assert domain["regionalCertificateArn"] == CERTIFICATE
    assert stack.of("acm/certificate:Certificate") == {}
    assert set(stack.of("route53/record:Record")) == {"sdk-a", "sdk-aaaa"}


def test_a_stage_of_one_region_may_have_a_name_without_it() -> None:
    config = _config(customDomain={**NAMED, "name": "apps.example.com"}, regions=["us-east-1"])
    named = settings_of("alpha-us-east-1", config).custom_domain
    assert named is not None
    assert named.host("us-east-1") == "apps.example.com"


def test_the_program_and_the_functions_know_the_same_operations() -> None:
    assert set(ACTIONS) == set(keys.ACTIONS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"consumerAccounts": ["22222222222"]}, "registry:consumerAccounts.0 is '22222222222'"),
        ({"consumerOrganizations": ["o-short"]}, "registry:consumerOrganizations.0 is 'o-short'"),
        ({"limits": {"nestingDepth": 0}}, "registry:limits.nestingDepth is 0"),
        ({"limits": {"nestingDepth": 11}}, "registry:limits.nestingDepth is 11"),
        ({"limits": {"nestingDeep": 2}}, "registry:limits.nestingDeep is not a setting"),
        ({"limits": {"requestsPerSecond": {"default": 0}}}, "at least 1 request a second"),
        (
            {"limits": {"requestsPerSecond": {"GetAplication": 1}}},
            "'GetAplication' is not an operation of the API: do you mean GetApplication?",
        ),
        (
            {"limits": {"requestsPerSecond": {"*": 1}}},
            "'*' is not an operation of the API: there are default, ",
        ),
        ({"limits": 5}, "registry:limits is '5': it must be an object"),
        ({"rolePatterns": {"account": "*"}}, "registry:rolePatterns is {'account': '*'}: it must be a list"),
        ({"consumerAccounts": [222222222222]}, "is 222222222222: it must be text, so put it in quotes"),
        ({"limits": {"allowedResourceTypes": ["Lambda"]}}, "registry:limits.allowedResourceTypes.0"),
        ({"rolePatterns": [{"account": "1", "role": "*", "actions": ["*"]}]}, "rolePatterns.0.account"),
        ({"rolePatterns": [{"account": "*", "role": "a/b", "actions": ["*"]}]}, "without its path"),
        ({"rolePatterns": [{"account": "*", "role": "*", "actions": []}]}, "rolePatterns.0.actions"),
        (
            {"rolePatterns": [{"account": "*", "role": "*", "actions": ["CreateAplication"]}]},
            "'CreateAplication' is not an operation of the API: do you mean CreateApplication?",
        ),
        (
            {"rolePatterns": [{"account": "*", "role": "*", "actions": ["*", "GetApplication"]}]},
            "`*` stands for every operation",
        ),
        ({"customDomain": {"name": "apps.example.com"}}, "registry:customDomain.zoneId is missing"),
        (
            {"customDomain": {**NAMED, "name": "apps.example.com"}},
            "registry:customDomain.name is 'apps.example.com': the stage has 2 regions",
        ),
        (
            {"customDomain": {**NAMED, "certificateArn": CERTIFICATE.replace("us-east-1", "eu-west-1")}},
            "API Gateway takes certificates of its own region, us-east-1, alone",
        ),
        ({"customDomain": {**NAMED, "name": "https://apps.example.com"}}, "registry:customDomain.name"),
        ({"customDomain": {**NAMED, "certificateArn": "mine"}}, "registry:customDomain.certificateArn"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_setting(options: dict[str, Any], words: str) -> None:
    with pytest.raises(Mistake) as mistake:
        settings_of("alpha-us-east-1", _config(**options))
    assert words in str(mistake.value)
    assert len(str(mistake.value).splitlines()) == 1


def _environment(stack: Deployed, function: str) -> dict[str, str]:
    variables: dict[str, str] = stack.of("lambda/function:Function")[function].inputs["environment"][
        "variables"
    ]
    return variables
