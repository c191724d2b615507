"""docs/api-coverage.md says what is so: its rows are the contract's, and the tests it names are there."""

import pytest

from tests.support.coverage import PAGE, ROOT, Row, items, rows_of

pytestmark = pytest.mark.wire
HINT = "run `make coverage`"


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Row]]:
    return rows_of(PAGE.read_text(encoding="utf-8"))


def test_the_page_has_a_row_for_all_that_the_contract_has(rows: dict[str, list[Row]]) -> None:
    shown = [(operation, row.kind, row.name) for operation, its in rows.items() for row in its]
    assert shown == [(item.operation, item.kind, item.name) for item in items()], HINT


def test_every_row_names_a_test_that_exists_or_says_why_there_is_none(rows: dict[str, list[Row]]) -> None:
    for operation, its in rows.items():
        for row in its:
            assert row.said != "**none**", f"{operation} {row.kind} {row.name} has no test"
            if row.test is not None:
                file, name = row.test
                assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{row.test}: {HINT}"
