"""The engine's questions to a language host, answered for Python."""

import json
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from localcloud.engine.host import virtualenv
from localcloud.engine.host.children import Children
from localcloud.engine.host.program import ALREADY_SHOWN
from localcloud.engine.pins import PULUMI_VERSION

_PROGRAM = Path(__file__).with_name("program.py")


class PythonRuntime(language_pb2_grpc.LanguageRuntimeServicer):
    """One engine's host. A method that it lacks answers "unimplemented", which the engine accepts."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self.children = Children()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, _context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine_address = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(
        self, _request: empty_pb2.Empty, _context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=PULUMI_VERSION)

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        plugins = _environment(request.info, context).plugins()
        return language_pb2.GetRequiredPackagesResponse(
            packages=[
                plugin_pb2.PackageDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        plugins = _environment(request.info, context).plugins()
        return language_pb2.GetRequiredPluginsResponse(
            plugins=[
                plugin_pb2.PluginDependency(
                    name=plugin.name, kind="resource", version=plugin.version, server=plugin.server
                )
                for plugin in plugins
            ]
        )

    def Run(
        self, request: language_pb2.RunRequest, _context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        try:
            environment = virtualenv.find(Path(request.info.root_directory), _options(request.info))
        except virtualenv.MissingVirtualEnvironmentError as error:
            return language_pb2.RunResponse(error=str(error))
        variables = environment.variables() | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [str(environment.python), "-u", str(_PROGRAM), self._program_request(request)]
        try:
            child = self.children.start(command, cwd=Path(request.pwd), environment=variables)
        except OSError as error:
            if self.children.stopped:
                return language_pb2.RunResponse(bail=True)
            return language_pb2.RunResponse(error=f"{environment.python} cannot be started: {error}")
        code = self.children.wait(child)
        if self.children.stopped or code == ALREADY_SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=_ending(code))

    def _program_request(self, request: language_pb2.RunRequest) -> str:
        return json.dumps(
            {
                "program": str(Path(request.info.program_directory, request.info.entry_point)),
                "args": list(request.args),
                "pwd": request.pwd,
                "settings": {
                    "monitor": request.monitor_address,
                    "engine": self._engine_address,
                    "project": request.project,
                    "stack": request.stack,
                    "organization": request.organization,
                    "root_directory": request.info.root_directory,
                    "parallel": request.parallel,
                    "dry_run": request.dryRun,
                },
            }
        )

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Installs nothing: the environment belongs to `make setup`, which installs by hash."""
        folder = _environment(request.info, context).folder
        yield language_pb2.InstallDependenciesResponse(stdout=f"Using the environment at {folder}\n".encode())

    def About(
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        python = _environment(request.info, context).python
        version = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
        return language_pb2.AboutResponse(
            executable=str(python), version=version.stdout.removeprefix("Python").strip()
        )

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        packages = _environment(request.info, context).packages(transitive=request.transitiveDependencies)
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=name, version=version) for name, version in packages.items()
            ]
        )

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Runs a policy pack (kind `analyzer`) or another plugin in Python, and streams its output."""
        environment = _environment(request.info, context)
        folder = Path(request.info.program_directory)
        arguments = (
            ["-m", "pulumi.policy", *request.args, str(folder)]
            if request.kind == "analyzer"
            else [str(folder / request.info.entry_point), *request.args]
        )
        variables = environment.variables() | dict(
            variable.split("=", 1) for variable in request.env if "=" in variable
        )
        child = self.children.start(
            [str(environment.python), "-u", *arguments], cwd=folder, environment=variables, piped=True
        )
        context.add_callback(lambda: self.children.terminate(child))
        yield from _output(child)
        yield language_pb2.RunPluginResponse(exitcode=self.children.wait(child))

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.children.stop()
        return empty_pb2.Empty()


def _options(info: language_pb2.ProgramInfo) -> dict[str, Any]:
    return json_format.MessageToDict(info.options)


def _environment(
    info: language_pb2.ProgramInfo, context: grpc.ServicerContext
) -> virtualenv.VirtualEnvironment:
    try:
        return virtualenv.find(Path(info.root_directory), _options(info))
    except virtualenv.MissingVirtualEnvironmentError as error:
        _abort(context, str(error))


def _abort(context: grpc.ServicerContext, reason: str) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, reason)
    raise AssertionError("abort raises")


def _ending(code: int) -> str:
    """What the person is told about an exit code; empty for a good one."""
    if code < 0:
        return f"Program was ended by signal {signal.Signals(-code).name}"
    return f"Program exited with non-zero exit code: {code}" if code else ""


def _output(child: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """What the child writes, as it comes, until both its streams are closed."""
    chunks: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()

    def pump(name: str, stream: IO[bytes]) -> None:
        while chunk := stream.read1(65536):  # type: ignore[attr-defined]
            chunks.put(language_pb2.RunPluginResponse(**{name: chunk}))
        chunks.put(None)

    streams = {"stdout": child.stdout, "stderr": child.stderr}
    for name, stream in streams.items():
        threading.Thread(target=pump, args=(name, stream), daemon=True).start()
    for _ in streams:
        yield from iter(chunks.get, None)
