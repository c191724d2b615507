"""Entry point: serve the engine that started this process, and go when it goes.

The last argument is the engine's address; options before it (tracing, verbosity) are the stock host's and are
not used. The port is the first line on standard output.
"""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from localcloud.engine.host import protocol

protocol.load_alone()

from pulumi.runtime.proto import language_pb2_grpc  # noqa: E402 - after the stand-in for the SDK

from localcloud.engine.host.runtime import PythonRuntime  # noqa: E402

_WORKERS = 16
"""Run and RunPlugin hold a worker each as long as they last; one update needs two, a policy pack one more."""


def main() -> None:
    """Serve until the engine asks to stop (SIGINT after Cancel), SIGTERM, or the engine is gone."""
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    runtime = PythonRuntime(sys.argv[-1] if len(sys.argv) > 1 else "")
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_WORKERS),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(runtime, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    while not stop.wait(1) and os.getppid() == parent:
        pass
    runtime.children.stop()
    server.stop(0.2).wait()
    os._exit(0)  # no worker that still waits for a reply may hold the process


if __name__ == "__main__":
    main()
