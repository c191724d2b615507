"""The 200 real SAM applications that lie beside the repository, in `../shared/corpus`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "sam-apps.jsonl"
DEFAULT_AUTHOR = "Serverless Land"
MAX_DESCRIPTION = 256
# It nests a template of its own folder as an application, which AWS refuses too (docs/adr/0022).
NESTING_LOCAL_TEMPLATES = {"stepfunctions-fargate-lambda"}

# Where a template names code that `sam package` would put into S3.
_CODE = {"CodeUri", "ContentUri"}


def applications() -> list[dict[str, Any]]:
    """Each as the corpus has it: name, description, authors, source_url, readme, template and more."""
    return [dict(one) for one in _read()]


def prepared(app: dict[str, Any], bucket: str, key: str) -> dict[str, Any]:
    """`app` as it can be published: with author, its description cut, local code paths put into S3.

    Each of them becomes the address of one stub object; no other character changes.
    """
    authors = ", ".join(app.get("authors") or ())[:127]
    return app | {
        "author": authors or DEFAULT_AUTHOR,
        "description": (app["description"] or app["title"])[:MAX_DESCRIPTION],
        "template": _packaged(app["template"], f"s3://{bucket}/{key}"),
    }


@cache
def _read() -> list[dict[str, Any]]:
    if not CORPUS.is_file():
        raise FileNotFoundError(
            f"the corpus of real applications is missing: {CORPUS} (it lies beside the repository)"
        )
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def _packaged(template: str, address: str) -> str:
    local: list[yaml.ScalarNode] = []
    _collect(yaml.compose(template, Loader=yaml.CSafeLoader), local)
    for node in sorted(local, key=lambda one: -one.start_mark.index):
        template = template[: node.start_mark.index] + f'"{address}"' + template[node.end_mark.index :]
    return template


def _collect(node: Any, local: list[yaml.ScalarNode]) -> None:
    """The scalars in `node` that name local code."""
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _collect(child, local)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in _CODE and _is_local(value):
                local.append(value)
            _collect(value, local)


def _is_local(node: Any) -> bool:
    return (
        isinstance(node, yaml.ScalarNode)
        and not node.tag.startswith("!")
        and not node.value.startswith(("s3://", "https://"))
    )
