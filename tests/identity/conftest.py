"""Stage alpha's key table and keys' key as the program makes them, in moto; and the Auth Lambda upon them."""

import json
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from registry.handlers import authorize, exchange_tokens
from registry.stores.keys import KeyStore
from registry.stores.organizations import OrganizationStore
from registry_cli.credentials import exchange
from registry_cli.credentials.main import main
from tests.support.keys import ENTITY_TABLE, REGION, TABLE
from tests.support.proofs import CI_USER, PUBLISHER_ROLE, SESSION, USER, token_event
from tests.support.sts import StandInSts, stand_in_sts
from tests.support.token_server import TokenServer, token_server

PATTERNS = [
    {"account": "111111111111", "role": "registry-publisher-*", "actions": ["*"]},
    {"account": "111111111111", "role": "user/ci/*", "actions": ["GetApplication", "ListApplications"]},
    {"account": "o-1234567890", "role": "*", "actions": ["GetApplication"]},
]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def kms_key(cloud: None) -> str:
    kms = boto3.client("kms", REGION)
    made = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/sar-alpha-keys", TargetKeyId=made["KeyId"])
    return made["Arn"]


@pytest.fixture
def store(kms_key: str) -> KeyStore:
    dynamodb = boto3.client("dynamodb", REGION)
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "accessKeyId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "accessKeyId", "AttributeType": "S"}],
    )
    return KeyStore(dynamodb, boto3.client("kms", REGION), table=TABLE, kms_key=kms_key)


@pytest.fixture
def auth_lambda(
    store: KeyStore, kms_key: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    monkeypatch.setenv("KEY_TABLE", TABLE)
    monkeypatch.setenv("KEYS_KMS_KEY", kms_key)
    authorize.identity.cache_clear()
    yield lambda event: authorize.handler(event, None)
    authorize.identity.cache_clear()


@pytest.fixture
def sts() -> Iterator[StandInSts]:
    """Knows a user and a session, and whose they are."""
    with stand_in_sts() as standing_in:
        standing_in.knows(USER, CI_USER)
        standing_in.knows(SESSION, PUBLISHER_ROLE)
        yield standing_in


@pytest.fixture
def organizations(cloud: None) -> OrganizationStore:
    dynamodb = boto3.client("dynamodb", REGION)
    dynamodb.create_table(
        TableName=ENTITY_TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
    )
    return OrganizationStore(dynamodb, table=ENTITY_TABLE)


@pytest.fixture
def exchange_lambda(
    store: KeyStore,
    organizations: OrganizationStore,
    kms_key: str,
    sts: StandInSts,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., tuple[int, dict[str, str], Any]]]:
    """Takes a body and gives status, headers and the answer's JSON."""
    for name, value in {
        "KEY_TABLE": TABLE,
        "KEYS_KMS_KEY": kms_key,
        "ENTITY_TABLE": ENTITY_TABLE,
        "STAGE": "alpha",
        "ROLE_PATTERNS": json.dumps(PATTERNS),
        "AWS_ENDPOINT_URL_STS": sts.url,
    }.items():
        monkeypatch.setenv(name, value)
    exchange_tokens.exchange.cache_clear()

    def ask(body: object, **about: Any) -> tuple[int, dict[str, str], Any]:
        answer = exchange_tokens.handler(token_event(body, **about), None)
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    yield ask
    exchange_tokens.exchange.cache_clear()


@pytest.fixture
def registry(
    exchange_lambda: Callable[..., Any], sts: StandInSts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TokenServer]:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")  # the server's stdout is the helper's here
    with token_server(exchange_lambda) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Profiles `user` (long-lived keys), `session` (with a token) and `empty`; an empty cache; no pauses."""
    (tmp_path / "config").write_text(
        textwrap.dedent(f"""\
        [profile user]
        aws_access_key_id = {USER.access_key_id}
        aws_secret_access_key = {USER.secret}
        [profile session]
        aws_access_key_id = {SESSION.access_key_id}
        aws_secret_access_key = {SESSION.secret}
        aws_session_token = {SESSION.session_token}
        [profile empty]
        output = json
        """)
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("REGISTRY_CREDENTIALS_RUNNING", "restored when the test ends")
    monkeypatch.delenv("REGISTRY_CREDENTIALS_RUNNING")
    monkeypatch.setattr(exchange, "_FIRST_PAUSE_S", 0.0)
    return tmp_path


@pytest.fixture
def run(
    registry: TokenServer, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Runs the helper; the JSON it printed, or its sentence when it failed."""

    def run(*words: str, endpoint: str = "") -> Any:
        monkeypatch.delenv("REGISTRY_CREDENTIALS_RUNNING", raising=False)
        code = main([*words, "--endpoint", endpoint or registry.url, "--cache", str(home / "cache")])
        out, err = capsys.readouterr()
        if code == 0:
            return json.loads(out)
        assert out == ""
        assert err.startswith("registry-credentials: "), err
        assert err.count("\n") == 1, "one sentence"
        return err

    return run
