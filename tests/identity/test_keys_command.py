"""`registry keys …` as an operator types it, against moto."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from registry.stores.keys import KeyStore
from registry_cli.main import main
from tests.support.keys import REGION, TABLE, a_key

pytestmark = pytest.mark.unit

STAGE = ("--stage", "alpha", "--region", REGION)
SECRET = "local-secret-0123456789"


@pytest.fixture
def seed(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """What `make up` runs every time: the same id with a given secret."""

    def run(secret: str = SECRET, *more: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
        words = ("keys", "create", "--account", "111111111111", "--access-key-id", "111111111111")
        return main([*words, "--secret-from-stdin", "--json", *more, *STAGE])

    return run


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    said: dict[str, str] = json.loads(capsys.readouterr().out)
    return said


def test_a_created_key_is_stored_and_its_secret_shown_exactly_once(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "create", "--account", "222222222222", *STAGE]) == 0
    shown = capsys.readouterr().out
    (record,) = store.list()
    key = store.find(record.access_key_id)
    assert key is not None
    assert shown.count(key.secret) == 1
    assert len(key.secret) == 40
    assert (record.account, record.actions, record.expires_at) == ("222222222222", ("*",), None)
    assert record.principal == f"arn:aws:serverlessrepo:us-east-1:222222222222:key/{record.access_key_id}"
    assert main(["keys", "list", *STAGE]) == 0
    listed = capsys.readouterr().out
    assert record.access_key_id in listed
    assert key.secret not in listed


def test_json_holds_the_secret_under_the_name_the_aws_cli_uses(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["keys", "create", "--account", "222222222222", "--expires-in", "90d", "--json", *STAGE])
    said = result(capsys)
    key = store.find(said["accessKeyId"])
    assert key is not None
    assert said["secretAccessKey"] == key.secret
    assert said["result"] == "created"
    assert key.record.expires_at is not None
    assert abs(key.record.expires_at - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=2)


def test_the_seed_creates_once_and_is_unchanged_after(
    store: KeyStore, seed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seed() == 0
    assert result(capsys)["result"] == "created"
    first = list(store.list())
    assert seed() == 0
    said = result(capsys)
    assert said["result"] == "unchanged"
    assert SECRET not in str(said)
    assert list(store.list()) == first


@pytest.mark.parametrize(
    ("secret", "more", "said"),
    [
        ("another-secret-0123456789", (), "with another secret"),
        (SECRET, ("--actions", "GetApplication"), "with other actions"),
        (SECRET, ("--principal", "arn:x"), "with another principal"),
        (SECRET, ("--expires-in", "1d"), "with another expiry"),
    ],
)
def test_a_differing_seed_is_refused_until_it_may_replace(
    store: KeyStore,
    seed: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    secret: str,
    more: tuple[str, ...],
    said: str,
) -> None:
    seed()
    capsys.readouterr()
    assert seed(secret, *more) == 1
    heard = capsys.readouterr()
    assert said in heard.err
    assert "--replace" in heard.err
    assert secret not in heard.err + heard.out
    assert seed(secret, *more, "--replace") == 0
    assert result(capsys)["result"] == "replaced"
    key = store.find("111111111111")
    assert key is not None
    assert key.secret == secret


def test_a_revoked_key_comes_back_only_by_replace(
    store: KeyStore, seed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    seed()
    assert main(["keys", "revoke", "111111111111", *STAGE]) == 0
    assert seed() == 1
    assert "and is revoked" in capsys.readouterr().err
    assert seed(SECRET, "--replace") == 0
    assert next(store.list()).revoked_at is None


def test_list_is_a_table_for_people_and_json_for_programs(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "list", *STAGE]) == 0
    assert capsys.readouterr().out == "No keys.\n"
    store.add(a_key(expires_at=datetime(2026, 11, 2, tzinfo=UTC)))
    store.add(a_key("SARK234567ABCDEFGHIJ", account="000000000001", actions=("GetApplication",)))
    main(["keys", "list", *STAGE])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "accessKeyId", "kind", "account", "state", "actions", "created", "expires", "principal", "description"
    ]  # fmt: skip
    assert [row.split()[:5] for row in rows] == [
        ["SARK234567ABCDEFGHIJ", "registry-key", "000000000001", "active", "GetApplication"],
        ["111111111111", "registry-key", "111111111111", "expired", "*"],
    ]
    main(["keys", "list", "--json", *STAGE])
    assert [key["expires"] for key in json.loads(capsys.readouterr().out)] == [
        "never",
        "2026-11-02T00:00:00Z",
    ]


def test_rotate_makes_a_successor_and_lets_the_old_key_end(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(a_key(actions=("GetApplication",)))
    assert main(["keys", "rotate", "111111111111", "--grace", "2h", "--json", *STAGE]) == 0
    said = result(capsys)
    new, old = store.find(said["accessKeyId"]), store.find("111111111111")
    assert new is not None
    assert old is not None
    assert new.secret == said["secretAccessKey"] != old.secret
    assert (new.record.account, new.record.principal, new.record.actions) == (
        old.record.account,
        old.record.principal,
        old.record.actions,
    )
    assert old.record.expires_at is not None
    assert timedelta(hours=1) < old.record.expires_at - datetime.now(UTC) <= timedelta(hours=2)


def test_rotate_keeps_the_lifetime_and_never_lengthens_the_old_key(
    store: KeyStore, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    store.add(a_key(created_at=now - timedelta(days=29), expires_at=now + timedelta(hours=1)))
    assert main(["keys", "rotate", "111111111111", "--grace", "7d", "--json", *STAGE]) == 0
    new, old = store.find(result(capsys)["accessKeyId"]), store.find("111111111111")
    assert new is not None
    assert new.record.expires_at is not None
    assert abs(new.record.expires_at - now - timedelta(days=29, hours=1)) < timedelta(minutes=2)
    assert old is not None
    assert old.record.expires_at == now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("revoke", "SARK234567ABCDEFGHIJ"), "no active key SARK234567ABCDEFGHIJ"),
        (("rotate", "SARK234567ABCDEFGHIJ"), "does not exist: create a new one with `registry keys create`"),
        (("create", "--account", "12"), "account '12' is not 12 digits"),
        (("create", "--account", "1" * 12, "--actions", "Get"), "unknown actions Get; known are"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_1(
    store: KeyStore, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main(["keys", *words, *STAGE]) == 1
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith("registry: ")
    assert heard.err.count("\n") == 1
    assert said in heard.err
    assert list(store.list()) == []


@pytest.mark.parametrize("missing", ["table", "key"])
def test_a_stage_that_is_not_deployed_is_said_so(
    store: KeyStore, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    if missing == "table":
        boto3.client("dynamodb", REGION).delete_table(TableName=TABLE)
    else:
        boto3.client("kms", REGION).delete_alias(AliasName="alias/sar-alpha-keys")
    assert main(["keys", "create", "--account", "1" * 12, *STAGE]) == 1
    heard = capsys.readouterr().err
    assert "stage alpha is not deployed in us-east-1" in heard
    assert "deploy stack alpha-us-east-1 first" in heard


def test_what_aws_forbids_names_the_call_and_the_cure(
    store: KeyStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "Scan")

    monkeypatch.setattr("registry.stores.keys.KeyStore.list", forbidden)
    assert main(["keys", "list", *STAGE]) == 1
    assert "may not do Scan (not you). Use an operator's role" in capsys.readouterr().err


def test_an_unreachable_endpoint_is_one_sentence(
    store: KeyStore, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry_cli.stage.boto3.Session.client", _nobody_listens)
    assert main(["keys", "list", *STAGE]) == 1
    heard = capsys.readouterr().err
    assert "AWS_ENDPOINT_URL" in heard
    assert heard.count("\n") == 1


def _nobody_listens(*_: object, **__: object) -> None:
    from botocore.exceptions import EndpointConnectionError

    raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("keys",),
        ("keys", "list"),
        ("keys", "list", "--stage", "Alpha!"),
        ("keys", "list", "--stage", "alpha", "--region", "here"),
        ("keys", "create", *STAGE),
        ("keys", "create", "--account", "1" * 12, "--expires-in", "soon", *STAGE),
        ("keys", "create", "--account", "1" * 12, "--expires-in", "0d", *STAGE),
    ],
)
def test_wrong_usage_is_exit_code_2(
    cloud: None, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 2
    assert "usage: registry" in capsys.readouterr().err
