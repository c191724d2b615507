"""lambdas/functions.toml: all that the program knows about the functions besides their source."""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.settings import ROOT, Mistake

FUNCTIONS_FILE = ROOT / "lambdas" / "functions.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FunctionSpec(_Strict):
    """`handler`: dotted path to the callable. `archive`: its name among the archives. Memory also sets the
    share of processor.
    """

    archive: str = "registry"
    handler: Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$")]
    memory_mb: Annotated[int, Field(ge=128, le=10_240)]
    timeout_s: Annotated[int, Field(ge=1, le=900)]


class ArchiveSpec(_Strict):
    """`requirements`: the hash-pinned lock, relative to the file; `aws_services`: botocore models to keep;
    `compressed`: deflated, for what is too large otherwise.
    """

    requirements: Path
    aws_services: Annotated[tuple[str, ...], Field(min_length=1)]
    compressed: bool = False


class Manifest(_Strict):
    archives: dict[str, ArchiveSpec]
    functions: dict[str, FunctionSpec]

    @model_validator(mode="after")
    def _archives_exist(self) -> Self:
        for name, spec in self.functions.items():
            if spec.archive not in self.archives:
                raise ValueError(f"functions.{name}.archive is {spec.archive!r}, and [archives] has no such")
        return self


def read_manifest(path: Path = FUNCTIONS_FILE) -> Manifest:
    """Raises Mistake: what is wrong with the file, in one sentence for each fault."""
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text()))
    except (OSError, tomllib.TOMLDecodeError) as trouble:
        raise Mistake(f"{path.name} cannot be read: {trouble}") from None
    except ValidationError as refused:
        faults = (": ".join(filter(None, [".".join(map(str, e["loc"])), e["msg"]])) for e in refused.errors())
        raise Mistake("\n".join(f"{path.name}: {fault}" for fault in faults)) from None
    archives = {
        name: spec.model_copy(update={"requirements": (path.parent / spec.requirements).resolve()})
        for name, spec in manifest.archives.items()
    }
    return manifest.model_copy(update={"archives": archives})
