"""lambdas/functions.toml: all that the program knows about the functions besides their source."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.settings import ROOT, Mistake

FUNCTIONS_FILE = ROOT / "lambdas" / "functions.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FunctionSpec(_Strict):
    """`handler`: dotted path to the callable. Memory also sets the share of processor."""

    handler: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$")]
    memory_mb: Annotated[int, Field(ge=128, le=10_240)]
    timeout_s: Annotated[int, Field(ge=1, le=900)]


class ArchiveSpec(_Strict):
    """`requirements`: the hash-pinned lock, relative to the file; `aws_services`: botocore models to keep."""

    requirements: Path
    aws_services: Annotated[tuple[str, ...], Field(min_length=1)]


class Manifest(_Strict):
    archive: ArchiveSpec
    functions: dict[str, FunctionSpec]


def read_manifest(path: Path = FUNCTIONS_FILE) -> Manifest:
    """Raises Mistake: what is wrong with the file, in one sentence for each fault."""
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as trouble:
        raise Mistake(f"{path.name} cannot be read: {trouble}") from None
    except ValidationError as refused:
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in refused.errors())
        raise Mistake("\n".join(f"{path.name}: {fault}" for fault in faults)) from None
    lock = (path.parent / manifest.archive.requirements).resolve()
    archive = manifest.archive.model_copy(update={"requirements": lock})
    return manifest.model_copy(update={"archive": archive})
