"""`python -m tests.support.coverage`: runs the tests over the wire, and writes docs/api-coverage.md.

Each test's requests and answers are written down (tests/support/witness.py): the table says what really went
over the wire, not what somebody meant to test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.openapi.additions import Difference, additions
from tests.support.contract import Operation, contract
from tests.support.edges import edges
from tests.support.witness import RECORD_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api-coverage.md"
FOLDERS = ("tests/wire", "tests/sharing", "tests/deploying")
# They send anything at all and look at little of the answers, or read this very page.
NOT_COUNTED = ("tests/wire/test_fuzz.py", "tests/wire/test_costs.py", "tests/wire/test_coverage.py")
_NONE = "**none**"
_ROW = re.compile(r"^\| (asked|answered|refused) \| `([^`]+)` \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
_TEST = re.compile(r"\[(\w+)\]\(\.\./([\w/]+\.py)\)")


@dataclass(frozen=True, kw_only=True, order=True)
class Item:
    """`kind`: asked, answered or refused; `name`: a member, or status and error type."""

    operation: str
    kind: str
    name: str


def items() -> list[Item]:
    """All that the contract has, in its order."""
    return [item for operation in contract().operations.values() for item in _items_of(operation)]


def _items_of(operation: Operation) -> Iterator[Item]:
    said = operation.said
    asked = [one["name"] for one in said.get("parameters", ())]
    schema = contract().asked_schema(operation)
    asked += [] if schema is None else _members(schema)
    yield from (Item(operation=operation.name, kind="asked", name=name) for name in asked)
    content = said["responses"][str(operation.success)].get("content", {}).get("application/json")
    answered = [] if content is None else _members(contract().schema(content["schema"]))
    yield from (Item(operation=operation.name, kind="answered", name=name) for name in answered)
    for status in said["responses"]:
        if not status.startswith("2"):
            types = contract().document["components"]["responses"][status]["headers"]["x-amzn-ErrorType"]
            for one in types["schema"]["enum"]:
                if (int(status), one) not in _shared():
                    yield Item(operation=operation.name, kind="refused", name=f"{status} {one}")


def _members(schema: Mapping[str, Any], inside: str = "") -> list[str]:
    found = []
    for name, reference in schema["properties"].items():
        found.append(f"{inside}{name}")
        member = contract().schema(reference)
        where = f"{inside}{name}."
        if member.get("type") == "array":
            member, where = contract().schema(member["items"]), f"{inside}{name}[]."
        if member.get("type") == "object":
            found += _members(member, where)
    return found


def _shared() -> set[tuple[int, str]]:
    """Errors that are made in one place for all operations: the edge, the signature, the rates, the rest."""
    rows = {(row.status, row.type) for row in additions().errors if row.operation == "*"}
    rows |= {(403, "ForbiddenException"), (500, "InternalServerErrorException")}
    return rows - {(403, "AccessDeniedException")}


def covered(record: Iterable[str]) -> dict[Item, set[str]]:
    """Item -> the tests that it went over the wire in."""
    found: dict[Item, set[str]] = {}
    for line in record:
        said = json.loads(line)
        kind, names = ("refused", [f"{said['status']} {said['kind']}"])
        if not said["kind"]:
            kind, names = "answered", said["answered"]
        for one in [(kind, name) for name in names] + [("asked", name) for name in said["asked"]]:
            item = Item(operation=said["operation"], kind=one[0], name=one[1])
            found.setdefault(item, set()).add(said["test"])
    return found


def page(found: Mapping[Item, set[str]]) -> str:
    breadth: dict[str, int] = {}
    for tests in found.values():
        for test in tests:
            breadth[test] = breadth.get(test, 0) + 1
    lines = [_head(found)]
    for operation in contract().operations.values():
        lines.append(f"\n### {operation.name}: `{operation.method} {operation.path}`\n")
        lines.append("| what | which | tests | for example |\n|---|---|---|---|")
        for item in _items_of(operation):
            tests = found.get(item, set())
            # The one that is about least besides says most.
            example = min(tests, key=lambda test: (breadth[test], test), default=None)
            shown = _linked(example) if example else _reason(item)
            lines.append(f"| {item.kind} | `{item.name}` | {len(tests) or '–'} | {shown} |")
    return "\n".join([*lines, _differences(), ""])


def _head(found: Mapping[Item, set[str]]) -> str:
    rows = []
    for kind in ("asked", "answered", "refused"):
        every = [item for item in items() if item.kind == kind]
        seen = sum(item in found for item in every)
        never = sum(item not in found and _reason(item) != _NONE for item in every)
        rows.append(f"| {kind} | {len(every)} | {seen} | {never} |")
    number, outside = len(list(edges())), sum(not edge.inside for edge in edges())
    operations = {item.operation for item in found}
    return f"""# API coverage

Written by `make coverage`, which runs the tests and writes down what goes over the wire; not to be edited.
`tests/wire/test_coverage.py` keeps it current. The contract: [sdk.yaml](../contracts/openapi/sdk.yaml).

| what | in the contract | in tests | never there, and why is said |
|---|---|---|---|
| operations | {len(contract().operations)} | {len(operations)} | 0 |
{chr(10).join(rows)}

`asked` and `answered` count members, those of nested objects too; `refused` counts the errors of each
operation that are its own. Besides:

- {number} values at the edges of every constraint, {outside} of them outside
  ([test_constraints](../tests/wire/test_constraints.py));
- every answer of every test is judged by the contract,
  and [test_fuzz](../tests/wire/test_fuzz.py) asks at random;
- the tests of [tests/wire](../tests/wire) run in-process and, from the same source, against the deployed
  stack ([test_operations](../tests/e2e/test_operations.py)).

## Operations"""


def _linked(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name.rpartition('::')[2]}](../{path})"


def _reason(item: Item) -> str:
    for one in additions().differences:
        if one.absent and _is_about(one, item):
            return f"{one.says}: {one.why}"
    return _NONE


def _is_about(difference: Difference, item: Item) -> bool:
    operation, _, member = difference.of.partition(".")
    inside = item.name == member or item.name.startswith((f"{member}.", f"{member}["))
    return operation in ("*", item.operation) and bool(member) and inside


def _differences() -> str:
    more = additions()
    errors = [f"| {row.operation} | {row.status} {row.type} | {row.why} |" for row in more.errors]
    constraints = [
        f"| `{member}` | {_rule(row)} | {row['from']} | {row.get('why', '')} |"
        for member, row in more.constraints.items()
        if not row.keys() <= {"example", "from", "why"}
    ]
    others = [f"| `{row.of}` | {row.says} | {row.why} |" for row in more.differences]
    return "\n".join(
        [
            "\n## What differs from AWS, and why\n",
            "| where | what | why |\n|---|---|---|", *others,
            "\n### Errors beyond the model\n",
            "`*`: made in one place for every operation, and tested there (`tests/identity`,",
            "`tests/localcloud`, `tests/infra`, [test_bad_input](../tests/wire/test_bad_input.py)).\n",
            "| operation | error | why |\n|---|---|---|", *errors,
            "\n### Constraints beyond the model's\n",
            "The model documents its own in text; the contract reads them there. `from`: whose rule it is.\n",
            "| member | rule | from | why |\n|---|---|---|---|", *constraints,
        ]
    )  # fmt: skip


def _rule(row: Mapping[str, Any]) -> str:
    said = {name: value for name, value in row.items() if name not in ("from", "why", "example")}
    shown = ", ".join(f"{name} {json.dumps(value)}" for name, value in said.items())
    return f"`{shown}`".replace("|", "\\|")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the page; `test` is (file, function), None where there is none."""

    kind: str
    name: str
    test: tuple[str, str] | None
    said: str


def rows_of(text: str) -> dict[str, list[Row]]:
    """Operation -> its rows."""
    found: dict[str, list[Row]] = {}
    for section in text.split("\n### ")[1:]:
        rows = []
        for kind, name, _, example in _ROW.findall(section):
            link = _TEST.fullmatch(example)
            rows.append(Row(kind=kind, name=name, test=(link[2], link[1]) if link else None, said=example))
        if rows:
            found[section.partition(":")[0]] = rows
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        record = Path(scratch) / "record"
        folders = [folder for folder in FOLDERS if (ROOT / folder).is_dir()]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *folders, *(f"--ignore={one}" for one in NOT_COUNTED)],
            cwd=ROOT,
            env={**os.environ, RECORD_VARIABLE: str(record)},
            check=False,
        )
        if done.returncode != 0:
            print("the tests failed; the page stays as it is")
            return 1
        with record.open(encoding="utf-8") as lines:
            found = covered(lines)
    PAGE.write_text(page(found), encoding="utf-8")
    missing = [item for item in items() if item not in found and _reason(item) == _NONE]
    print(f"{PAGE.name}: {len(items())} rows, {len(missing)} without a test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
