"""What STS is asked, and which answers of it are an identity (CVE-2020-16250)."""

import pytest

from registry.handlers import exchange_tokens
from registry.stores.keys import KeyStore
from tests.identity.answers import Exchange, refused
from tests.support.proofs import PUBLISHER_ROLE, USER, Ask
from tests.support.signing import ClientKey
from tests.support.sts import ANSWER, StandInSts, Told

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "added",
    [
        {"iam_request_url": "https://sts.example.com/"},
        {"url": "https://sts.example.com/"},
        {"body": "Action=AssumeRoleWithWebIdentity"},
        {"method": "GET"},
        {"query": "Action=GetSessionToken"},
    ],
)
def test_cve_2020_16250_the_caller_does_not_choose_what_sts_is_asked(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, added: dict[str, str]
) -> None:
    status, kind, message = refused(exchange_lambda(Ask().request() | added), store)
    assert (status, kind) == (400, "BadRequestException")
    assert next(iter(added)) in message
    assert sts.asked == []


@pytest.mark.parametrize(
    "name", ["accept", "host", "content-type", "x-forwarded-host", "X-Amz-Security-Token"]
)
def test_cve_2020_16250_no_other_header_reaches_sts(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, name: str
) -> None:
    ask = Ask().request()
    ask["proof"] = {n: v for n, v in ask["proof"].items() if n != name.lower()} | {name: "application/json"}
    status, kind, message = refused(exchange_lambda(ask), store)
    assert (status, kind) == (400, "BadRequestException")
    assert f"proof.{name} is not taken over" in message
    assert sts.asked == []


LENIENT = [
    ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").replace("CallerIdentityR", "SessionTokenR"),
    '{"sub": "' + ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").replace('"', "'") + '"}',
    "<html>" + ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111") + "</html>",
    ANSWER.format(arn=PUBLISHER_ROLE, account="222222222222"),
    ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111</Account><Account>222222222222"),
    ANSWER.format(arn=PUBLISHER_ROLE, account=""),
    ANSWER.format(
        arn="arn:aws:s3::111111111111:assumed-role/registry-publisher-ci/x", account="111111111111"
    ),
    ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").replace("2011-06-15", "2010-01-01"),
    '<!DOCTYPE x [<!ENTITY a "1">]>' + ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111"),
    ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111")[:-10],
    "",
]


@pytest.mark.parametrize("content", LENIENT, ids=range(len(LENIENT)))
def test_cve_2020_16250_only_the_one_form_of_answer_is_an_identity(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, content: str
) -> None:
    sts.instead = Told(status=200, content=content.encode())
    assert refused(exchange_lambda(Ask().request()), store)[:2] == (503, "ServiceUnavailableException")


def test_an_answer_that_is_not_xml_by_its_type_is_no_identity(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts
) -> None:
    good = ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").encode()
    sts.instead = Told(status=200, content=good, headers={"Content-Type": "application/json"})
    assert refused(exchange_lambda(Ask().request()), store)[0] == 503


@pytest.mark.parametrize(("padding", "status"), [(0, 201), (1, 503)])
def test_an_answer_has_4_kb_at_most(
    exchange_lambda: Exchange, sts: StandInSts, padding: int, status: int
) -> None:
    good = ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").encode()
    sts.instead = Told(status=200, content=good + b" " * (4096 - len(good) + padding))
    assert exchange_lambda(Ask().request())[0] == status


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_of_sts_is_not_followed(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, code: int
) -> None:
    sts.instead = Told(status=code, content=b"", headers={"Location": f"{sts.url}/elsewhere"})
    assert refused(exchange_lambda(Ask().request()), store)[0] == 503
    assert [asked.path for asked in sts.asked] == ["/"]


@pytest.mark.parametrize("code", [201, 204, 400, 500, 503])
def test_any_other_status_of_sts_is_no_identity(
    exchange_lambda: Exchange, store: KeyStore, sts: StandInSts, code: int
) -> None:
    good = ANSWER.format(arn=PUBLISHER_ROLE, account="111111111111").encode()
    sts.instead = Told(status=code, content=b"" if code == 204 else good)
    assert refused(exchange_lambda(Ask().request()), store)[0] == 503


def test_sts_out_of_reach_is_a_503(
    exchange_lambda: Exchange, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    exchange_tokens.exchange.cache_clear()
    status, kind, message = refused(exchange_lambda(Ask().request()), store)
    assert (status, kind) == (503, "ServiceUnavailableException")
    assert "STS" in message


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (ClientKey(access_key_id=USER.access_key_id, secret="not the secret" * 3), "SignatureDoesNotMatch"),
        (ClientKey(access_key_id="AKIAI44QH8DHBEXAMPLE", secret=USER.secret), "InvalidClientTokenId"),
    ],
)
def test_nobody_registers_for_a_key_id_that_is_not_proven_to_be_theirs(
    exchange_lambda: Exchange, store: KeyStore, key: ClientKey, code: str
) -> None:
    status, kind, message = refused(exchange_lambda(Ask(key=key).request()), store)
    assert (status, kind) == (403, "UnrecognizedClientException")
    assert message.endswith(f"{code}.")


def test_a_host_of_sts_other_than_the_regions_own_is_refused_by_sts(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    """The signature covers the host: one made for the global endpoint is not one for this region's."""
    assert refused(exchange_lambda(Ask(sts_host="sts.amazonaws.com").request()), store)[0] == 403


def test_another_action_under_the_same_signature_scheme_is_refused_by_sts(
    exchange_lambda: Exchange, store: KeyStore
) -> None:
    other = Ask(body=b"Action=AssumeRole&Version=2011-06-15")
    assert refused(exchange_lambda(other.request()), store)[0] == 403
