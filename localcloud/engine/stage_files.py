"""Local copies of the stage files.

The CLI writes a salt into any stage file that has none, even when it only reads; and the committed ones
name the keys of real accounts. So the local cloud works on copies, which have their own salt and
passphrase.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from localcloud.engine.errors import EngineError
from localcloud.engine.scratch import scratch_beside
from localcloud.places import Places

_ENCRYPTION = ("encryptionsalt", "secretsprovider", "encryptedkey")
_STRING = "tag:yaml.org,2002:str"


def prepare_stage_file(places: Places, stage: str, overrides: Mapping[str, Any] | None = None) -> Path:
    """Write the local copy of `Pulumi.<stage>.yaml` and return its absolute path.

    Each call takes the committed file afresh, and keeps of the earlier copy only its salt. `overrides`
    replaces or adds configuration values by their full key, e.g. {"registry:architecture": "arm64"}; None
    takes one out; the text of all others is kept as it is written. Raises EngineError when there is no such
    stage, the file is no mapping, or a value is encrypted for the real stage and not overridden.
    """
    source = places.checkout / f"Pulumi.{stage}.yaml"
    document = _read(source, stage)
    entries = [entry for entry in document.value if entry[0].value not in _ENCRYPTION]
    config = _config(entries)
    project = yaml.safe_load((places.checkout / "Pulumi.yaml").read_text())["name"]
    for key, value in (overrides or {}).items():
        config.value = [entry for entry in config.value if _full(entry[0].value, project) != key]
        if value is not None:
            config.value.append((_scalar(key), yaml.compose(json.dumps(value))))
    for key, value in config.value:
        if any(_encrypted(value)):
            raise EngineError(
                f"{source.name} holds {_full(key.value, project)} encrypted for the real stage, which the "
                "local cloud cannot read: give it a local value."
            )

    target = places.config / source.name
    if target.is_file() and (salt := (yaml.safe_load(target.read_text()) or {}).get("encryptionsalt")):
        entries.append((_scalar("encryptionsalt"), _scalar(salt)))
    document.value = entries
    text = yaml.serialize(document)
    if not target.is_file() or target.read_text() != text:
        _replace(target, text)
    return target.absolute()


def keep_salt(copy: Path, written: str) -> None:
    """Take over the salt that the CLI has `written` into another file of the same stage, unless there is one.

    Otherwise the CLI adds one at the first preview; and two at once would each add their own.
    """
    salt = (yaml.safe_load(written) or {}).get("encryptionsalt")
    document = _mapping(copy)
    if salt and "encryptionsalt" not in (key.value for key, _ in document.value):
        document.value.append((_scalar("encryptionsalt"), _scalar(salt)))
        _replace(copy, yaml.serialize(document))


def passphrase_file(places: Places) -> Path:
    """The file (mode 0600) with the passphrase of the copies and of the local state; made at random, once."""
    path = places.config / "passphrase"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = scratch_beside(path)
        scratch.unlink(missing_ok=True)
        with open(scratch, "w", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(scratch, path)  # unlike a rename, never over another process's
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.absolute()


def _read(source: Path, stage: str) -> yaml.MappingNode:
    if not source.is_file():
        stages = sorted(path.name.split(".")[1] for path in source.parent.glob("Pulumi.*.yaml"))
        known = ", ".join(stages) or "none"
        raise EngineError(f"There is no stage {stage}: {source.name} does not exist (there are: {known}).")
    return _mapping(source)


def _mapping(file: Path) -> yaml.MappingNode:
    try:
        document = yaml.compose(file.read_text()) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    except yaml.YAMLError as error:
        raise EngineError(f"{file.name} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(document, yaml.MappingNode):
        raise EngineError(f"{file.name} is not a mapping: it needs a `config:` section.")
    return document


def _config(entries: list[tuple[yaml.Node, yaml.Node]]) -> yaml.MappingNode:
    """The `config` mapping among the entries, which is added where it is missing or empty."""
    for key, value in entries:
        if key.value == "config" and isinstance(value, yaml.MappingNode):
            return value
    config = yaml.MappingNode("tag:yaml.org,2002:map", [])
    entries[:] = [entry for entry in entries if entry[0].value != "config"]
    entries.append((_scalar("config"), config))
    return config


def _encrypted(node: yaml.Node) -> Iterator[bool]:
    """True for each `{secure: …}` in the node."""
    if isinstance(node, yaml.MappingNode):
        if [key.value for key, _ in node.value] == ["secure"]:
            yield True
        for _, value in node.value:
            yield from _encrypted(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _encrypted(item)


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_STRING, text, style='"')


def _replace(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = scratch_beside(target)
    scratch.write_text(text)
    os.replace(scratch, target)
