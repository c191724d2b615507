"""One command at a time may change an instance of the local cloud."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from localcloud.cloud.errors import LocalCloudError
from localcloud.places import Places


@contextmanager
def exclusive(places: Places) -> Iterator[None]:
    """Held by every command but status and logs. Raises LocalCloudError when another one is at work.

    The lock is the kernel's: it ends with the process, however that ends.
    """
    places.run.mkdir(parents=True, exist_ok=True)
    with (places.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError(
                f"Another command is changing the local cloud in {places.instance}: "
                "wait until it has ended and run this again."
            ) from error
        yield
