"""Free ports of the loopback interface."""

import random
import socket

# Below those that the kernel gives to outgoing connections, one of which would take a port before its server.
LOWEST, HIGHEST = 10_000, 32_000


def free_port_pair() -> int:
    """A port that is free, as is the one after it (the emulator's and the gateway's)."""
    for _ in range(100):
        port = random.SystemRandom().randrange(LOWEST, HIGHEST, 2)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two neighbouring free ports on 127.0.0.1")
