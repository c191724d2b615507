"""How many AWS calls each request may cost."""

from collections.abc import Iterator

import pytest

from tests.support.contract import contract
from tests.wire.request_costs import Cost, measured

pytestmark = pytest.mark.wire

READ = {"dynamodb GetItem", "dynamodb Query"}


@pytest.fixture(scope="module")
def costs() -> Iterator[dict[str, Cost]]:
    return {cost.request: cost for cost in measured()}


def matching(costs: dict[str, Cost], start: str) -> list[dict[str, int]]:
    found = [
        calls for name, cost in costs.items() if name.startswith(start) for calls in (cost.cold, cost.warm)
    ]
    assert found
    return found


def test_an_application_is_read_in_two_reads_and_nothing_else(costs: dict[str, Cost]) -> None:
    for calls in matching(costs, "GetApplication,"):
        assert calls.keys() <= READ
        assert sum(calls.values()) == 2


def test_a_page_of_applications_is_one_query_and_the_token_key_is_made_once(costs: dict[str, Cost]) -> None:
    assert matching(costs, "ListApplications, all") == [{"dynamodb Query": 1}] * 2
    assert matching(costs, "ListApplications, a page") == [
        {"dynamodb Query": 1, "kms GenerateMac": 1},
        {"dynamodb Query": 1},
    ]


def test_dependencies_of_an_application_that_nests_nothing_are_two_reads(costs: dict[str, Cost]) -> None:
    assert (
        matching(costs, "ListApplicationDependencies") == [{"dynamodb GetItem": 1, "dynamodb Query": 1}] * 2
    )


def test_creation_with_a_version_is_one_transaction_and_one_put_or_copy_for_each_stored_document(
    costs: dict[str, Cost],
) -> None:
    for calls in matching(costs, "CreateApplication, version, licence, readme, new code"):
        assert calls["dynamodb TransactWriteItems"] == 1
        assert calls["s3 PutObject"] == 3  # template, licence, readme
        assert calls["s3 CopyObject"] == 1  # one object, though the template names it twice
        assert calls["s3 GetObject"] == 1


def test_code_that_is_kept_already_is_not_copied_again(costs: dict[str, Cost]) -> None:
    for calls in matching(costs, "CreateApplicationVersion"):
        assert "s3 CopyObject" not in calls
        assert calls["dynamodb TransactWriteItems"] == 1
        assert "dynamodb PutItem" not in calls


def test_a_delete_is_one_conditional_write(costs: dict[str, Cost]) -> None:
    assert matching(costs, "DeleteApplication") == [{"dynamodb DeleteItem": 1}] * 2


def test_keys_are_looked_up_once_in_a_new_sandbox(costs: dict[str, Cost]) -> None:
    for cost in costs.values():
        assert cost.key_lookup == {"dynamodb GetItem": 1, "kms Decrypt": 1}


def test_every_operation_is_counted(costs: dict[str, Cost]) -> None:
    assert {name.split(",")[0].split(" ")[0] for name in costs} == contract().operations.keys()


def test_a_policy_is_read_in_one_read_and_written_in_one_more(costs: dict[str, Cost]) -> None:
    assert matching(costs, "GetApplicationPolicy") == [{"dynamodb GetItem": 1}] * 2
    for calls in matching(costs, "PutApplicationPolicy"):
        assert (calls["dynamodb GetItem"], calls["dynamodb UpdateItem"]) == (1, 1)


def test_a_template_once_made_is_read_in_two_reads(costs: dict[str, Cost]) -> None:
    _, warm = matching(costs, "GetCloudFormationTemplate")
    assert warm == {"dynamodb GetItem": 2}


def test_a_consumers_copies_are_made_once(costs: dict[str, Cost]) -> None:
    cold, warm = matching(costs, "CreateCloudFormationTemplate")
    assert cold["s3 CopyObject"] == 1
    assert "s3 CopyObject" not in warm
    for calls in matching(costs, "CreateCloudFormationChangeSet"):
        assert not [name for name in calls if name.startswith("s3")]
        assert calls["cloudformation CreateChangeSet"] == 1
