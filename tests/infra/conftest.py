"""Every stack of the four stage files, constructed once."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest
import yaml

from infra.service import flow
from infra.settings import load
from tests.infra.recording import ROOT, STAGES, Deployed, config_of, run


def stacks() -> list[tuple[str, str]]:
    """(stage, region) of every stack there is."""
    return [
        (stage, region)
        for stage in STAGES
        for region in yaml.safe_load((ROOT / f"Pulumi.{stage}.yaml").read_text())["config"][
            "registry:regions"
        ]
    ]


@pytest.fixture(scope="session", autouse=True)
def an_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spares each run of the program the packaging, which has tests of its own."""
    archive = tmp_path_factory.mktemp("archive") / "functions.zip"
    archive.write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "build_archive", lambda *_args, **_options: archive)
        yield


@pytest.fixture(scope="session")
def deployed() -> Callable[[str, str], Deployed]:
    """deployed(stage, region): the whole program, constructed once for each stack."""

    @cache
    def deploy(stage: str, region: str) -> Deployed:
        config = config_of(stage)
        return run(
            lambda: flow.deploy(load()),
            stack=f"{stage}-{region}",
            config=config,
            account=config["registry:ownerAccount"],
        )

    return deploy


@pytest.fixture(params=stacks(), ids="-".join)
def stack(request: pytest.FixtureRequest, deployed: Callable[[str, str], Deployed]) -> Deployed:
    return deployed(*request.param)


@pytest.fixture
def alpha(deployed: Callable[[str, str], Deployed]) -> Deployed:
    return deployed("alpha", "us-east-1")


@pytest.fixture
def prod(deployed: Callable[[str, str], Deployed]) -> Deployed:
    return deployed("prod", "eu-west-1")
