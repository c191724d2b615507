"""Entry point: serve the engine that started this process, and go when it goes.

The port is the first line on standard output.
"""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from localcloud.engine.host import protocol

protocol.load_alone()

from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402 - after the stand-in for the SDK

from localcloud.provider.servicer import Provider  # noqa: E402

_WORKERS = 64
"""More than the engine's default of 8 at once; `pulumi up -p 64` keeps 54 of them busy."""


def main() -> None:
    """Serve until the engine asks to stop (SIGINT after Cancel), SIGTERM, or the engine is gone."""
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    server = grpc.server(
        ThreadPoolExecutor(max_workers=_WORKERS),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    threading.Thread(target=_warm_up, daemon=True).start()

    while not stop.wait(1) and os.getppid() == parent:
        pass
    server.stop(0.2).wait()
    os._exit(0)  # no worker that still waits for an answer may hold the process


def _warm_up() -> None:
    """Load what the first call will need while the engine is busy with the program."""
    import botocore.session  # noqa: PLC0415

    botocore.session.get_session()


if __name__ == "__main__":
    main()
