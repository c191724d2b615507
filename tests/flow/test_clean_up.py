"""What goes with a deleted application, what stays because others need it, and what a crash leaves."""

import json
from datetime import timedelta
from typing import Any

import pytest

from registry.handlers import clean_up
from registry.services.collecting import Collector
from registry.stores.attributes import to_item
from registry.stores.holders import HolderStore
from registry.stores.objects import ObjectStore
from tests.flow.faults import Crash
from tests.flow.world import Context, Flow
from tests.support.entities import BUCKET, OWNER, PUBLISHER, TABLE, arn
from tests.wire.asking import CODE, FUNCTION, create
from tests.wire.service import PACKAGES

pytestmark = pytest.mark.unit

TWO_DAYS = timedelta(days=2)


def publish(flow: Flow, name: str, *, code: bytes = CODE, readme: str = "read me") -> str:
    """An application with a version of its own template; its ARN."""
    key = f"{name}.zip"
    uri = flow.service.upload(key, code)
    template = FUNCTION.format(uri=uri, bucket=PACKAGES, key=key) + f"Metadata: {{Of: {name}}}\n"
    made = create(
        flow.service.client(),
        name=name,
        SemanticVersion="1.0.0",
        TemplateBody=template,
        ReadmeBody=readme,
        LicenseBody=f"licence of {name}",
    )
    return str(made["ApplicationId"])


def children(flow: Flow) -> set[str]:
    """Partition keys under which versions and templates lie."""
    return {pk for pk, _ in flow.table() if pk.startswith("APP#")}


def application_id(flow: Flow, name: str) -> str:
    found = flow.service.store.find(arn(name))
    assert found is not None
    return found.id


def deletion(flow: Flow, application: str) -> Any:
    """Deletes and announces; the message."""
    flow.announce()
    flow.service.client().delete_application(ApplicationId=application)
    flow.announce()
    (message,) = flow.received("cleanup")
    return message


def objects(flow: Flow) -> set[str]:
    return flow.service.stored("blobs") | flow.service.stored("documents")


def used_bytes(flow: Flow) -> int:
    return int(flow.table()[f"ACCOUNT#{PUBLISHER}", "USAGE"]["storedBytes"]["N"])


def test_versions_templates_documents_and_code_of_a_deleted_application_go(flow: Flow) -> None:
    application = publish(flow, "hello")
    flow.put(
        to_item(
            {
                "PK": f"APP#{application_id(flow, 'hello')}",
                "SK": "TEMPLATE#1",
                "kind": "template",
                "semanticVersion": "1.0.0",
                "createdAt": "2026-11-24T06:16:00.000Z",
            }
        )
    )
    message = deletion(flow, application)
    flow.later = TWO_DAYS
    assert len(objects(flow)) == 4
    assert flow.deliver("cleanup", message) == []
    assert children(flow) == set()
    assert objects(flow) == set()


def test_objects_too_young_to_go_stay_for_the_sweep_and_cost_no_scan(flow: Flow) -> None:
    message = deletion(flow, publish(flow, "hello"))
    scans: list[Any] = []
    holders = clean_up.cleaning().holders
    holders._dynamodb.meta.events.register("before-call.dynamodb.Scan", lambda **_: scans.append(1))
    assert flow.deliver("cleanup", message) == []
    assert children(flow) == set()
    assert len(objects(flow)) == 4
    assert scans == []
    sweep(flow, after=TWO_DAYS)
    assert objects(flow) == set()


def sweep(flow: Flow, *, after: timedelta) -> None:
    flow.later = after
    aws = flow.service.aws
    collector = Collector(
        holders=HolderStore(aws["dynamodb"], table=TABLE),
        objects=ObjectStore(s3=aws["s3"], bucket=BUCKET, account=OWNER, now=flow.now),
    )
    collector.remove(collector.find())


def test_what_another_application_names_stays(flow: Flow) -> None:
    doomed = publish(flow, "doomed", code=CODE, readme="shared")
    publish(flow, "other", code=CODE, readme="shared")
    message = deletion(flow, doomed)
    theirs = len(objects(flow))
    flow.later = TWO_DAYS
    flow.deliver("cleanup", message)
    assert len(objects(flow)) == theirs - 2  # the template and the licence were its own
    client = flow.service.client()
    assert client.get_application(ApplicationId=str(arn("other")), SemanticVersion="1.0.0")["Version"]


def test_copies_of_consumers_stay_whoever_is_deleted(flow: Flow) -> None:
    s3 = flow.service.aws["s3"]
    s3.put_object(Bucket=BUCKET, Key="deploy/222222222222/sha256/abc", Body=b"x")
    message = deletion(flow, publish(flow, "hello"))
    flow.later = TWO_DAYS
    flow.deliver("cleanup", message)
    assert s3.head_object(Bucket=BUCKET, Key="deploy/222222222222/sha256/abc")


def test_an_application_created_again_under_the_name_keeps_everything(flow: Flow) -> None:
    message = deletion(flow, publish(flow, "hello"))
    publish(flow, "hello")
    flow.later = TWO_DAYS
    assert flow.deliver("cleanup", message) == []
    assert children(flow) == {f"APP#{application_id(flow, 'hello')}"}
    assert len(objects(flow)) == 4


def test_a_message_about_an_application_that_is_there_removes_nothing_and_says_so(flow: Flow) -> None:
    application = publish(flow, "hello")
    message = deletion(flow, publish(flow, "other"))
    event = json.loads(message["body"])
    wrong = {
        **message,
        "body": json.dumps({**event, "applicationId": application, "id": application_id(flow, "hello")}),
    }
    flow.later = TWO_DAYS
    assert flow.deliver("cleanup", wrong) == []
    (letter,) = flow.received("cleanup-dlq")
    assert "nothing was removed" in letter["messageAttributes"]["reason"]["stringValue"]
    assert f"APP#{application_id(flow, 'hello')}" in children(flow)


@pytest.mark.parametrize(
    "wrong", [{"change": "updated"}, {"kind": "version", "semanticVersion": "1.0.0"}, {"applicationId": "x"}]
)
def test_any_other_message_goes_to_the_dead_letters(flow: Flow, wrong: dict[str, Any]) -> None:
    message = deletion(flow, publish(flow, "hello"))
    message["body"] = json.dumps({**json.loads(message["body"]), **wrong})
    assert flow.deliver("cleanup", message) == []
    assert len(flow.received("cleanup-dlq")) == 1
    assert children(flow) != set()


def test_the_bytes_are_given_back_once_however_often_the_message_comes(flow: Flow) -> None:
    publish(flow, "other")
    others = used_bytes(flow)
    message = deletion(flow, publish(flow, "hello"))
    assert used_bytes(flow) > others > 0
    for _ in range(3):
        assert flow.deliver("cleanup", message) == []
        assert used_bytes(flow) == others


def test_two_workers_on_the_same_message_give_the_bytes_back_once(flow: Flow) -> None:
    """The second has read the version before the first removes it."""
    message = deletion(flow, publish(flow, "hello"))
    holders = HolderStore(flow.service.aws["dynamodb"], table=TABLE)
    (late,) = holders.children(json.loads(message["body"])["id"])
    flow.deliver("cleanup", message)
    holders.remove(late)
    assert used_bytes(flow) == 0


def test_the_sweep_gives_back_what_no_message_came_for(flow: Flow) -> None:
    deletion(flow, publish(flow, "hello"))
    assert used_bytes(flow) > 0
    for _ in range(2):
        sweep(flow, after=TWO_DAYS)
        assert children(flow) == set()
        assert used_bytes(flow) == 0


def test_when_the_time_is_up_the_message_comes_back_and_what_is_left_is_done_then(flow: Flow) -> None:
    message = deletion(flow, publish(flow, "hello"))
    flow.later = TWO_DAYS
    assert flow.deliver("cleanup", message, context=Context(left_s=5)) == [message["messageId"]]
    assert children(flow) != set()
    assert flow.deliver("cleanup", message) == []
    assert children(flow) == set()


def test_an_object_made_young_while_the_table_is_read_stays(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publication of the same content, between the question who names it and its removal."""
    flow.service.aws["s3"].put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    message = deletion(flow, publish(flow, "hello"))
    flow.later = TWO_DAYS
    cleaning = clean_up.cleaning()
    real = cleaning.holders.everything

    def read_then_publish() -> Any:
        yield from real()
        flow.later = timedelta(0)  # the object's age, seen from here, is that of one written just now

    monkeypatch.setattr(cleaning.holders, "everything", read_then_publish)
    assert flow.deliver("cleanup", message) == []
    assert len(objects(flow)) == 4


def test_a_table_too_large_to_be_read_leaves_no_children_and_the_objects_to_the_sweep(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock passes half of the time while the table is read."""
    publish(flow, "other")
    others = used_bytes(flow)
    message = deletion(flow, publish(flow, "hello", code=b"PK\x03\x04 of its own"))
    flow.later = TWO_DAYS
    cleaning = clean_up.cleaning()
    passed = [0.0]
    real = cleaning.holders.everything

    def read_slowly() -> Any:
        for one in real():
            passed[0] += 148
            yield one

    monkeypatch.setattr(cleaning.holders, "everything", read_slowly)
    slow = type(cleaning)(**{**vars(cleaning), "clock": lambda: passed[0]})
    monkeypatch.setattr(clean_up, "cleaning", lambda: slow)
    before = objects(flow)
    assert flow.deliver("cleanup", message) == []
    assert children(flow) == {f"APP#{application_id(flow, 'other')}"}
    assert used_bytes(flow) == others
    assert objects(flow) == before
    sweep(flow, after=TWO_DAYS)
    assert len(objects(flow)) == 4


def test_older_versions_of_an_object_do_not_come_back_when_it_goes(flow: Flow) -> None:
    s3 = flow.service.aws["s3"]
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    message = deletion(flow, publish(flow, "hello"))
    for digest in flow.service.stored("documents"):
        s3.put_object(Bucket=BUCKET, Key=f"documents/sha256/{digest}", Body=b"again")
    flow.later = TWO_DAYS
    assert flow.deliver("cleanup", message) == []
    assert objects(flow) == set()


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_crash_at_any_call_and_the_message_again_end_in_the_same_state(flow: Flow, after: bool) -> None:
    at, crashed = 0, True
    while crashed:
        flow.empty()
        publish(flow, "other", readme="shared")
        others = used_bytes(flow)
        application = publish(flow, "hello", readme="shared", code=b"PK\x03\x04 of its own")
        message = deletion(flow, application)
        flow.later = TWO_DAYS
        crashed = False
        flow.faults.arm(at, after=after)
        try:
            flow.deliver("cleanup", message)
        except Crash:
            crashed = True
        flow.faults.disarm()
        assert flow.deliver("cleanup", message) == []
        assert children(flow) == {f"APP#{application_id(flow, 'other')}"}
        assert len(objects(flow)) == 4
        assert used_bytes(flow) == others
        at += 1
    assert at > 10
