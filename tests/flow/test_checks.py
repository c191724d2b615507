"""Warnings that come after a publication: found by SAM's schema and cfn-lint, kept once, never in the way."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from registry.domain.checks_warnings import MAX_ADDED_BYTES, MAX_CHARACTERS, MAX_WARNINGS, merged
from registry.handlers import check_templates
from registry.services import checking_linters
from registry.services.checking import lintable
from registry.services.checking_linters import Linters
from registry.stores.items import MAX_ITEM_BYTES
from tests.flow.faults import Crash
from tests.flow.world import Flow
from tests.support.entities import REGION, arn
from tests.wire.asking import CODE, FUNCTION, QUEUE, create
from tests.wire.service import PACKAGES

pytestmark = pytest.mark.unit

SPOILT = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Nonsense: 1}}}"


class Found:
    """Linters that find what they are told to; `seen` are the templates they got."""

    def __init__(self, *findings: str) -> None:
        self.told = findings
        self.seen: list[Any] = []

    def findings(self, document: Any, *, within_s: float) -> tuple[str, ...]:
        self.seen.append(document)
        return self.told


@pytest.fixture
def linters(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Found:
    found = Found("cfn-lint E1: first", "cfn-lint W2: second")
    made = check_templates.checking()
    monkeypatch.setattr(check_templates, "checking", lambda: type(made)(**{**vars(made), "linters": found}))
    return found


def publish(flow: Flow, template: str = QUEUE, version: str = "1.0.0") -> Any:
    """The message that asks for the version's check."""
    create(flow.service.client(), SemanticVersion=version, TemplateBody=template)
    flow.announce()
    (message,) = flow.received("checks")
    return message


def version_item(flow: Flow) -> dict[str, Any]:
    ((_, item),) = [one for one in flow.table().items() if one[0][1].startswith("VERSION#")]
    return item


def warnings(flow: Flow) -> list[str]:
    return [one["S"] for one in version_item(flow)["warnings"]["L"]]


def test_findings_join_the_warnings_of_the_publication_and_the_check_is_dated(
    flow: Flow, linters: Found
) -> None:
    message = publish(flow)
    published = warnings(flow)
    assert "checkedAt" not in version_item(flow)
    assert flow.deliver("checks", message) == []
    assert warnings(flow) == [*published, *linters.told]
    assert version_item(flow)["checkedAt"]["S"].endswith("Z")


def test_nothing_else_of_the_version_changes(flow: Flow, linters: Found) -> None:
    message = publish(flow)
    before = version_item(flow)
    flow.deliver("checks", message)
    after = version_item(flow)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"warnings", "checkedAt"}


def test_a_message_that_comes_again_changes_nothing(flow: Flow, linters: Found) -> None:
    message = publish(flow)
    flow.deliver("checks", message)
    checked = version_item(flow)
    assert flow.deliver("checks", message, message) == []
    assert version_item(flow) == checked
    assert len(linters.seen) == 1


def test_two_workers_at_once_write_once(flow: Flow, linters: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    message = publish(flow)

    def check_meanwhile(document: Any, *, within_s: float) -> tuple[str, ...]:
        monkeypatch.setattr(linters, "findings", lambda document, within_s: ("the other's",))
        flow.deliver("checks", message)
        return ("too late",)

    monkeypatch.setattr(linters, "findings", check_meanwhile)
    assert flow.deliver("checks", message) == []
    assert "the other's" in warnings(flow)
    assert "too late" not in warnings(flow)


def test_a_version_whose_application_was_deleted_and_cleaned_up_is_not_made_again(
    flow: Flow, linters: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = publish(flow)

    def clean_up_meanwhile(document: Any, *, within_s: float) -> tuple[str, ...]:
        flow.service.client().delete_application(ApplicationId=str(arn("hello")))
        flow.announce()
        flow.deliver("cleanup", *flow.received("cleanup"))
        return ("too late",)

    monkeypatch.setattr(linters, "findings", clean_up_meanwhile)
    assert flow.deliver("checks", message) == []
    assert [sk for _, sk in flow.table() if sk.startswith("VERSION#")] == []
    assert flow.deliver("checks", message) == []


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_crash_at_any_call_and_the_message_again_end_in_the_same_state(
    flow: Flow, linters: Found, after: bool
) -> None:
    at, crashed = 0, True
    while crashed:
        flow.empty()
        message = publish(flow)
        published = warnings(flow)
        crashed = False
        flow.faults.arm(at, after=after)
        try:
            flow.deliver("checks", message)
        except Crash:
            crashed = True
        flow.faults.disarm()
        assert flow.deliver("checks", message) == []
        assert warnings(flow) == [*published, *linters.told]
        at += 1
    assert at > 3


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "application", "applicationId": str(arn("hello")), "rev": 1}, {"semanticVersion": "one"}],
)
def test_any_other_message_goes_to_the_dead_letters(
    flow: Flow, linters: Found, wrong: dict[str, Any]
) -> None:
    message = publish(flow)
    message["body"] = json.dumps({**json.loads(message["body"]), **wrong})
    assert flow.deliver("checks", message) == []
    assert len(flow.received("checks-dlq")) == 1


def test_linters_get_the_template_with_addresses_where_placeholders_are_stored(
    flow: Flow, linters: Found
) -> None:
    uri = flow.service.upload("code.zip", CODE)
    flow.deliver("checks", publish(flow, FUNCTION.format(uri=uri, bucket=PACKAGES, key="code.zip")))
    (document,) = linters.seen
    assert "<%" not in json.dumps(document)
    assert document["Resources"]["Hello"]["Properties"]["CodeUri"].startswith("s3://")
    assert set(document["Resources"]["Again"]["Properties"]["Code"]) == {"S3Bucket", "S3Key"}


def test_the_real_linters_name_the_place_and_say_nothing_of_the_placeholders(flow: Flow) -> None:
    uri = flow.service.upload("code.zip", CODE)
    good = FUNCTION.format(uri=uri, bucket=PACKAGES, key="code.zip")
    spoilt = good.replace(
        "Handler: a.b, Runtime: python3.11, Fun", "Handler: a.b, Nonsense: 1, Runtime: python3.11, Fun"
    )
    spoilt += "  Api: {Type: AWS::Serverless::Api, Properties: {Bad: 1, StageName: x}}\n"
    flow.deliver("checks", publish(flow, spoilt))
    told = "\n".join(warnings(flow))
    assert "cfn-lint E3002 at Resources.Hello.Properties.Nonsense: " in told
    assert "SAM: [Resources.Api.Properties]" in told
    assert "CodeUri" not in told
    assert "S3Bucket" not in told


def test_a_nested_application_and_files_that_a_template_names_are_not_opened(
    flow: Flow, tmp_path: Any
) -> None:
    inner = tmp_path / "inner.json"
    inner.write_text(json.dumps({"Parameters": {"Secret": {"Type": "String"}}, "Resources": {}}))
    document = {
        "Resources": {"S": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": str(inner)}}}
    }
    assert "Secret" not in str(Linters(region=REGION).findings(document, within_s=60))


class _Endless(dict[str, Any]):
    """A template over which no linter comes to an end, and which swallows what it can."""

    def items(self) -> Any:
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue


def test_a_linter_that_does_not_end_is_stopped_and_the_version_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Linters, "_cfn_lint", lambda _, document: [*document.items()])
    linters = Linters(region=REGION)
    linters.findings({"Resources": {}}, within_s=60)  # imports them
    monkeypatch.setattr(checking_linters, "_sam", lambda _: [])
    began = time.monotonic()
    (said,) = linters.findings(_Endless(), within_s=1)
    assert said.startswith("cfn-lint was stopped")
    assert time.monotonic() - began < 20


def test_a_cold_start_leaves_the_linters_whole_however_little_time_there_is() -> None:
    """The first template comes with no time left to a sandbox that has imported nothing."""
    program = (
        "from registry.services.checking_linters import Linters\n"
        "linters = Linters(region='us-east-1')\n"
        "linters.findings({'Resources': {}}, within_s=0.01)\n"
        "spoilt = {'Resources': {'Q': {'Type': 'AWS::SQS::Queue', 'Properties': {'Nonsense': 1}}}}\n"
        "print(*linters.findings(spoilt, within_s=100))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=110
    )
    assert "cfn-lint E3002 at Resources.Q.Properties.Nonsense" in ran.stdout


def test_a_linter_that_fails_on_a_template_has_nothing_to_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(Linters, "_cfn_lint", fail)
    assert Linters(region=REGION).findings({"Resources": {}}, within_s=30) == ()
    assert "linter-failed" in capsys.readouterr().out


def test_a_region_that_cfn_lint_does_not_know_is_checked_as_another() -> None:
    found = Linters(region="xx-nowhere-9").findings(json.loads(json.dumps({"Resources": {}})), within_s=60)
    assert not any("xx-nowhere" in one for one in found)


def test_lintable_keeps_a_template_without_code_as_it_is() -> None:
    stored = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    assert lintable(json.dumps(stored).encode()) == stored


@pytest.mark.parametrize("room", [0, 1, 2, MAX_WARNINGS])
def test_no_more_warnings_are_kept_than_allowed_and_the_rest_is_counted(room: int) -> None:
    published = [f"p{number}" for number in range(MAX_WARNINGS - room)]
    fits = merged(published, [f"f{number}" for number in range(room)])
    assert list(fits) == published + [f"f{number}" for number in range(room)]
    over = merged(published, [f"f{number}" for number in range(room + 1)])
    assert len(over) == MAX_WARNINGS
    if room:
        assert over[-1] == "2 more findings are not kept"


def test_a_finding_is_cut_to_its_length_and_kept_once() -> None:
    assert merged(["p"], ["x" * (MAX_CHARACTERS + 1), "x" * (MAX_CHARACTERS + 2), "p"]) == (
        "p",
        "x" * MAX_CHARACTERS,
    )


@pytest.mark.parametrize(("count", "kept"), [(24, 24), (25, 23)])
def test_findings_take_no_more_bytes_than_the_item_has_left(count: int, kept: int) -> None:
    texts = [f"{number:03d}" + "x" * 497 for number in range(count)]
    said = merged([], texts)
    assert len([one for one in said if one in texts]) == kept
    assert sum(len(one.encode()) for one in said) <= MAX_ADDED_BYTES


def test_bytes_count_and_not_characters() -> None:
    said = merged([], [f"{number}" + "ä" * 490 for number in range(20)])
    assert sum(len(one.encode()) for one in said) <= MAX_ADDED_BYTES
    assert said[-1].endswith("more findings are not kept")


def test_the_largest_version_has_room_for_the_largest_findings(flow: Flow, linters: Found) -> None:
    message = publish(flow)
    item = version_item(flow)
    filler = MAX_ITEM_BYTES - len(json.dumps(item))
    flow.put({**item, "parameters": {"S": json.dumps("x" * filler)}})
    linters.told = tuple(f"{number:03d}" + "ä" * 250 for number in range(60))
    assert flow.deliver("checks", message) == []
    assert warnings(flow)[-1].endswith("more findings are not kept")
