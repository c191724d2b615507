"""The language host by itself, asked over gRPC as the engine asks it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from localcloud.engine.pins import PULUMI_VERSION
from localcloud.places import CHECKOUT
from tests.engine.projects import eventually

pytestmark = pytest.mark.engine


class Host:
    """A host in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "localcloud.engine.host", "127.0.0.1:1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.asks = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def close(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def host() -> Iterator[Host]:
    started = Host()
    yield started
    started.close()


def program(folder: Path, virtualenv: str = "") -> language_pb2.ProgramInfo:
    options = struct_pb2.Struct()
    options["virtualenv"] = virtualenv or str(CHECKOUT / ".venv")
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(folder), entry_point=".", options=options
    )


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A policy pack's folder, with a stand-in for the module that runs packs."""
    stand_in = tmp_path / "stand-in" / "pulumi" / "policy"
    stand_in.mkdir(parents=True)
    (stand_in.parent / "__init__.py").touch()
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text(
        "import os, pathlib, sys, time\n"
        "print(4711, flush=True)\n"
        "print(os.getcwd(), sys.argv[1:], os.environ['EXTRA'], file=sys.stderr, flush=True)\n"
        "pathlib.Path('running').write_text(str(os.getpid()))\n"
        "while pathlib.Path('keep').exists(): time.sleep(0.02)\n"
        "sys.exit(5)\n"
    )
    (tmp_path / "pack").mkdir()
    return tmp_path / "pack"


def plugin_request(pack: Path) -> language_pb2.RunPluginRequest:
    return language_pb2.RunPluginRequest(
        info=program(pack),
        kind="analyzer",
        args=["127.0.0.1:2"],
        env=[f"PYTHONPATH={pack.parent / 'stand-in'}", "EXTRA=a=b"],
    )


def test_a_policy_pack_runs_in_its_folder_and_its_output_and_exit_code_are_streamed(
    host: Host, pack: Path
) -> None:
    answers = list(host.asks.RunPlugin(plugin_request(pack), timeout=30))
    assert b"".join(answer.stdout for answer in answers) == b"4711\n"
    told = b"".join(answer.stderr for answer in answers).decode()
    assert told == f"{pack} ['127.0.0.1:2', '{pack}'] a=b\n"
    assert answers[-1].WhichOneof("output") == "exitcode"
    assert answers[-1].exitcode == 5


def test_a_policy_pack_ends_with_the_call(host: Host, pack: Path) -> None:
    (pack / "keep").touch()
    call = host.asks.RunPlugin(plugin_request(pack), timeout=30)
    assert eventually(lambda: (pack / "running").exists() and (pack / "running").read_text())
    pid = int((pack / "running").read_text())
    call.cancel()  # type: ignore[no-untyped-call]
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())


def test_cancel_ends_what_runs_and_refuses_what_comes(host: Host, pack: Path) -> None:
    (pack / "keep").touch()
    call = host.asks.RunPlugin(plugin_request(pack), timeout=30)
    assert eventually((pack / "running").exists)
    host.asks.Cancel(empty_pb2.Empty(), timeout=10)
    assert [answer.exitcode for answer in call][-1] == -signal.SIGTERM
    run = host.asks.Run(language_pb2.RunRequest(info=program(pack), pwd=str(pack)), timeout=10)
    assert run.bail


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_host_leaves_in_order_when_it_is_asked(host: Host, number: signal.Signals) -> None:
    host.process.send_signal(number)
    assert host.process.wait(10) == 0


def test_the_required_packages_are_those_installed_in_the_environment(host: Host, tmp_path: Path) -> None:
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    for name, text in {
        "pulumi_aws": '{"resource": true, "name": "aws", "version": "7.1.0"}',
        "pulumi_mirror": '{"resource": true, "name": "mirror", "version": "1.0.0", "server": "http://x"}',
        "pulumi_tool": '{"resource": false, "name": "tool"}',
    }.items():
        (site / name).mkdir(parents=True)
        (site / name / "pulumi-plugin.json").write_text(text)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    info = program(tmp_path, ".venv")
    packages = host.asks.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info)).packages
    expected = [("aws", "resource", "7.1.0", ""), ("mirror", "resource", "1.0.0", "http://x")]
    assert [(p.name, p.kind, p.version, p.server) for p in packages] == expected
    plugins = host.asks.GetRequiredPlugins(language_pb2.GetRequiredPluginsRequest(info=info)).plugins
    assert [(p.name, p.kind, p.version, p.server) for p in plugins] == expected


def test_every_question_about_a_missing_environment_is_answered_with_the_remedy(
    host: Host, tmp_path: Path
) -> None:
    info = program(tmp_path, "nowhere")
    questions = [
        lambda: host.asks.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info)),
        lambda: list(host.asks.InstallDependencies(language_pb2.InstallDependenciesRequest(info=info))),
        lambda: host.asks.About(language_pb2.AboutRequest(info=info)),
        lambda: list(host.asks.RunPlugin(language_pb2.RunPluginRequest(info=info, kind="analyzer"))),
    ]
    for question in questions:
        with pytest.raises(grpc.RpcError, match="FAILED_PRECONDITION") as caught:
            question()  # type: ignore[no-untyped-call]
        assert f"no virtual environment at {tmp_path / 'nowhere'}: run `make setup`" in str(caught.value)


def test_without_the_option_the_environment_is_uvs_or_dot_venv(host: Host, tmp_path: Path) -> None:
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path))
    with pytest.raises(grpc.RpcError) as caught:
        host.asks.About(language_pb2.AboutRequest(info=info))
    expected = os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    assert f"no virtual environment at {tmp_path / expected}" in str(caught.value)


def test_the_host_names_the_version_it_was_made_for(host: Host) -> None:
    assert host.asks.GetPluginInfo(empty_pb2.Empty()).version == PULUMI_VERSION


def test_the_host_does_without_the_whole_sdk(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from localcloud.engine.host import protocol\n"
        "protocol.load_alone()\n"
        "from localcloud.engine.host import runtime\n"
        "assert 'pulumi.output' not in sys.modules and 'pulumi.runtime.stack' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
