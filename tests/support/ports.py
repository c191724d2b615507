"""Free ports of the loopback interface."""

import socket


def free_port_pair() -> int:
    """A port that is free, as is the one after it (the emulator's and the gateway's)."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise RuntimeError("no two neighbouring free ports on 127.0.0.1")
