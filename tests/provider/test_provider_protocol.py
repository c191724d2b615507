"""The plugin as a whole: configuration, previews, failures halfway, functions, and its process."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from localcloud.provider.archive import zip_bytes
from localcloud.provider.facts import all_facts
from localcloud.provider.values import UNKNOWN, from_struct, to_struct
from tests.provider.cases import World, function_inputs, text_archive
from tests.provider.conftest import ACCOUNT, REGION
from tests.provider.driver import Driver, Resource, serve, urn

pytestmark = pytest.mark.wire

QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture
def bare(cloud_environment: None) -> Iterator[Driver]:
    with serve() as driver:
        yield driver


def details(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(error.value.details())


# --- configuration
def test_credentials_of_another_account_are_refused_with_both_accounts(bare: Driver) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        bare.configure(region=REGION, allowedAccountIds='["999999999999"]')
    assert f"belong to AWS account {ACCOUNT}, and the provider allows only 999999999999" in details(refused)


@pytest.mark.parametrize("url", [None, "https://sts.amazonaws.com", "http://10.0.0.1:4566"])
def test_the_provider_works_against_this_machine_only(
    bare: Driver, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    if url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(grpc.RpcError) as refused:
        bare.configure(region=REGION)
    assert "works against the local cloud only" in details(refused)


def test_a_cloud_that_is_down_is_one_sentence(bare: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(grpc.RpcError) as refused:
        bare.configure(region=REGION)
    assert "is it up? (`make status`)" in details(refused)


def test_configuration_that_cannot_be_honoured_is_refused_by_name(bare: Driver) -> None:
    def failures(**config: Any) -> list[str]:
        request = provider_pb2.CheckRequest(
            urn="urn:pulumi:s::p::pulumi:providers:aws::it", news=to_struct(config)
        )
        return [failure.property for failure in bare.stub.CheckConfig(request).failures]

    assert failures(region=REGION, defaultTags='{"tags": {}}', skipCredentialsValidation="false") == []
    assert failures(region=REGION, assumeRoles='[{"roleArn": "a"}]', profile="x") == [
        "assumeRoles",
        "profile",
    ]
    assert failures() == ["region"]


def test_another_region_replaces_the_provider_and_other_tags_do_not(bare: Driver) -> None:
    def replaces(**news: Any) -> list[str]:
        request = provider_pb2.DiffRequest(old_inputs=to_struct({"region": REGION}), news=to_struct(news))
        return list(bare.stub.DiffConfig(request).replaces)

    assert replaces(region="eu-west-1") == ["region"]
    assert replaces(region=REGION, defaultTags="{}") == []


def test_resources_go_to_the_providers_region_or_to_their_own(bare: Driver, world: World) -> None:
    bare.configure(region="eu-west-1")
    bucket = bare.create("aws:s3/bucket:Bucket", "abroad", {})
    assert (bucket.inputs["region"], bucket.state["bucketRegion"]) == ("eu-west-1", "eu-west-1")
    queue = bare.create(QUEUE, "abroad", {})
    assert ":eu-west-1:" in queue.state["arn"]
    elsewhere = bare.create(QUEUE, "elsewhere", {"region": REGION})
    assert f":{REGION}:" in elsewhere.state["arn"]
    assert world.client("sqs").list_queues(QueueNamePrefix="elsewhere")["QueueUrls"] == [elsewhere.id]
    assert bare.read(queue).inputs == queue.inputs


# --- previews
def test_a_preview_makes_nothing_and_knows_no_outputs(world: World) -> None:
    seen = world.driver.preview_create(QUEUE, "preview", {"delaySeconds": 5})
    assert seen["delaySeconds"] == 5
    assert {seen[output] for output in all_facts()[QUEUE].outputs_only if output != "tagsAll"} == {UNKNOWN}
    assert not world.client("sqs").list_queues(QueueNamePrefix=seen["name"]).get("QueueUrls")


def test_a_preview_with_unknown_inputs_hands_them_on(world: World) -> None:
    inputs = {**function_inputs(world), "role": UNKNOWN, "environment": {"variables": {"TABLE": UNKNOWN}}}
    seen = world.driver.preview_create("aws:lambda/function:Function", "preview", inputs)
    assert (seen["role"], seen["environment"]["variables"]["TABLE"]) == (UNKNOWN, UNKNOWN)


def test_previewed_new_code_moves_the_version_and_new_tags_do_not(world: World) -> None:
    inputs = {**function_inputs(world), "publish": True}
    made = world.driver.create("aws:lambda/function:Function", "moving", inputs)
    assert (made.state["version"], made.state["qualifiedArn"]) == ("1", made.state["arn"] + ":1")
    code = world.driver.update(made, {**inputs, "code": text_archive(main="x = 1")}, preview=True)
    assert (code.state["version"], code.state["qualifiedInvokeArn"]) == (UNKNOWN, UNKNOWN)
    assert (code.state["arn"], code.state["invokeArn"]) == (made.state["arn"], made.state["invokeArn"])
    tags = world.driver.update(made, {**inputs, "tags": {"a": "b"}}, preview=True)
    assert tags.state["version"] == "1"


# --- functions of Lambda
def test_each_release_is_a_version_and_the_same_code_is_none(world: World) -> None:
    inputs = {**function_inputs(world), "publish": True}
    first = world.driver.create("aws:lambda/function:Function", "released", inputs)
    same = world.driver.update(first, {**inputs, "tags": {"a": "b"}})
    second = world.driver.update(same, {**inputs, "code": text_archive(main="x = 2")})
    third = world.driver.update(second, {**inputs, "code": text_archive(main="x = 2"), "timeout": 9})
    versions = [one.state["version"] for one in (first, same, second, third)]
    assert versions == ["1", "1", "2", "3"]
    assert second.state["codeSha256"] != first.state["codeSha256"] == same.state["codeSha256"]


def test_code_that_somebody_else_uploaded_shows_as_another_archive_and_is_put_back(world: World) -> None:
    inputs = function_inputs(world)
    made = world.driver.create("aws:lambda/function:Function", "hijacked", inputs)
    other = world.driver.create(
        "aws:lambda/function:Function", "other", {**inputs, "code": text_archive(main="x = 3")}
    )
    location = world.client("lambda").get_function(FunctionName=other.id)
    assert location["Configuration"]["CodeSha256"] != made.state["codeSha256"]
    zipped = zip_bytes(text_archive(main="x = 4"))
    world.client("lambda").update_function_code(FunctionName=made.id, ZipFile=zipped)
    seen = world.driver.read(made)
    assert list(world.driver.diff(seen, made.inputs).diffs) == ["code"]
    repaired = world.driver.update(seen, inputs)
    assert repaired.state["codeSha256"] == made.state["codeSha256"]


def test_the_emulator_runs_what_was_packed(world: World) -> None:
    made = world.driver.create("aws:lambda/function:Function", "runs", function_inputs(world))
    answer = world.client("lambda").invoke(FunctionName=made.id, Payload=b"{}")
    assert answer["Payload"].read() == b'{"hello": "world"}'


# --- failures
def test_what_fails_halfway_is_kept_with_its_id_and_put_right_by_the_next_update(world: World) -> None:
    """A function with an impossible reservation: it is made, and then the reservation is refused."""
    driver, token = world.driver, "aws:cloudwatch/logGroup:LogGroup"
    inputs = driver.check(token, "half", {"name": "half", "retentionInDays": 31})
    with pytest.raises(grpc.RpcError) as failed:
        driver.stub.Create(provider_pb2.CreateRequest(urn=urn(token, "half"), properties=to_struct(inputs)))
    trailer = dict(failed.value.trailing_metadata())["grpc-status-details-bin"]
    [detail] = status_pb2.Status.FromString(trailer).details
    assert isinstance(detail, any_pb2.Any)
    partial = provider_pb2.ErrorResourceInitFailed()
    assert detail.Unpack(partial)
    assert (partial.id, from_struct(partial.inputs)["retentionInDays"]) == ("half", 31)
    assert "creating logs LogGroup (half)" in partial.reasons[0]
    half = Resource(token, "half", from_struct(partial.inputs), from_struct(partial.properties), partial.id)
    assert driver.update(half, {"name": "half", "retentionInDays": 30}).state["retentionInDays"] == 30


def test_an_update_looks_at_the_cloud_and_not_only_at_what_the_program_changed(world: World) -> None:
    """The engine asks for one without any change when a creation had failed halfway."""
    inputs = {"delaySeconds": 5}
    made = world.driver.create(QUEUE, "unsettled", inputs)
    world.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"DelaySeconds": "7"})
    assert world.driver.update(made, inputs).state["delaySeconds"] == 5


def test_a_refusal_says_what_was_tried_and_the_clouds_own_words(world: World) -> None:
    inputs = {"role": "nobody", "policyArn": "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"}
    with pytest.raises(grpc.RpcError) as refused:
        world.driver.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "attached", inputs)
    assert details(refused).startswith("creating iam RolePolicyAttachment (attached): NoSuchEntity: ")


def test_an_update_of_what_is_gone_says_how_to_go_on(world: World) -> None:
    made = world.driver.create(QUEUE, "lost", {})
    world.client("sqs").delete_queue(QueueUrl=made.id)
    with pytest.raises(grpc.RpcError) as refused:
        world.driver.update(made, {"delaySeconds": 5})
    assert "it is gone from the cloud" in details(refused)


# --- deletion
def test_a_bucket_with_objects_goes_only_when_the_program_says_so(world: World) -> None:
    kept = world.driver.create("aws:s3/bucket:Bucket", "kept", {})
    world.client("s3").put_object(Bucket=kept.id, Key="a", Body=b"a")
    with pytest.raises(grpc.RpcError) as refused:
        world.driver.delete(kept)
    assert "BucketNotEmpty" in details(refused)
    forced = world.driver.update(kept, {"forceDestroy": True})
    world.client("s3").put_bucket_versioning(Bucket=kept.id, VersioningConfiguration={"Status": "Enabled"})
    world.client("s3").put_object(Bucket=kept.id, Key="a", Body=b"b")
    world.client("s3").delete_object(Bucket=kept.id, Key="a")
    world.driver.delete(forced)
    assert world.driver.read(forced).id == ""


def test_a_bucket_that_is_gone_takes_its_settings_with_it(world: World) -> None:
    driver = world.driver
    bucket = driver.create("aws:s3/bucket:Bucket", "going", {})
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    settings = [
        driver.create(token, "encrypted", {"bucket": bucket.id, "rules": rules}),
        driver.create(
            "aws:s3/bucketVersioning:BucketVersioning",
            "versioned",
            {"bucket": bucket.id, "versioningConfiguration": {"status": "Enabled"}},
        ),
        driver.create(
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "closed", {"bucket": bucket.id}
        ),
    ]
    driver.delete(bucket)
    assert [driver.read(setting).id for setting in settings] == ["", "", ""]
    for setting in settings:
        driver.delete(setting)


# --- import, functions
def test_an_import_needs_the_id_alone(world: World) -> None:
    made = world.driver.create(QUEUE, "imported", {"delaySeconds": 7, "tags": {"a": "b"}})
    seen = world.driver.read(Resource(QUEUE, "imported", {}, {}, made.id))
    assert (seen.id, seen.inputs["delaySeconds"], seen.inputs["tags"]) == (made.id, 7, {"a": "b"})
    program = world.driver.check(
        QUEUE, "imported", {"name": made.inputs["name"], "delaySeconds": 7, "tags": {"a": "b"}}
    )
    assert list(world.driver.diff(seen, program).diffs) == []


def test_a_child_of_an_api_is_imported_by_the_stock_providers_longer_id(world: World) -> None:
    long_id = f"{world.api.id}/{world.resource.id}"
    seen = world.driver.read(Resource("aws:apigateway/resource:Resource", "it", {}, {}, long_id))
    assert (seen.id, seen.inputs["restApi"], seen.inputs["pathPart"]) == (
        world.resource.id,
        world.api.id,
        "things",
    )


def test_functions_tell_who_and_where_and_others_are_refused_by_name(world: World) -> None:
    identity = world.driver.invoke("aws:index/getCallerIdentity:getCallerIdentity")
    assert identity["accountId"] == ACCOUNT
    assert world.driver.invoke("aws:index/getRegion:getRegion")["region"] == REGION
    partition = world.driver.invoke("aws:index/getPartition:getPartition")
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")
    with pytest.raises(grpc.RpcError) as refused:
        world.driver.invoke("aws:ec2/getAmi:getAmi")
    assert "aws:ec2/getAmi:getAmi is not supported" in details(refused)


@pytest.mark.parametrize("gateway", [None, "http://127.0.0.1:4567"])
def test_a_stages_url_is_the_local_gateways_where_there_is_one(
    world: World, monkeypatch: pytest.MonkeyPatch, gateway: str | None
) -> None:
    if gateway:
        monkeypatch.setenv("REGISTRY_GATEWAY_URL", gateway)
    api = world.api.id
    local, aws = (
        f"{gateway}/_aws/execute-api/{api}/test",
        f"https://{api}.execute-api.{REGION}.amazonaws.com/test",
    )
    assert world.driver.read(world.stage).state["invokeUrl"] == (local if gateway else aws)


# --- its process
def test_the_plugin_says_its_port_first_and_goes_when_its_parent_does() -> None:
    keeper = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'localcloud.provider']\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)\n"
        "print(p.stdout.readline().strip(), p.pid, flush=True)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", keeper], capture_output=True, text=True, timeout=30, check=True
    )
    port, _pid = told.stdout.split()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    states: list[grpc.ChannelConnectivity] = []
    channel.subscribe(states.append, try_to_connect=True)
    try:
        _until(lambda: any(s is grpc.ChannelConnectivity.TRANSIENT_FAILURE for s in states))
    finally:
        channel.close()


def _until(holds: Any, seconds: float = 10) -> None:
    import time

    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def test_the_plugin_starts_without_the_sdk() -> None:
    program = (
        "import sys\n"
        "import localcloud.provider.__main__\n"
        "heavy = [m for m in ('pulumi.output', 'pulumi_aws', 'boto3', 'botocore') if m in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
