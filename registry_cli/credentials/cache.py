"""What the registry granted earlier, kept between runs: one small file a grant, for its owner alone."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

_OLD_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Grant:
    """`expiration` is `2026-11-24T07:16:00Z`, else ValueError. The secret is a registry key's, or None."""

    access_key_id: str
    expiration: str
    secret_access_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _ = self.ends_at

    @property
    def ends_at(self) -> datetime:
        return datetime.strptime(self.expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def default_folder() -> Path:
    """`$XDG_CACHE_HOME/registry-credentials`, in ~/.cache when that is not set."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-credentials"


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Of one grant: which, is said by `about`. The folder, which must be there, is the grants' own."""

    folder: Path
    about: tuple[str, ...]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Waits for other processes that want a grant; whoever dies lets go."""
        with os.fdopen(os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def read(self) -> Grant | None:
        """None when there is none, or none that can be read."""
        try:
            return Grant(**json.loads(self._path().read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, grant: Grant) -> None:
        """Replaces the file at once; it is readable by its owner alone (0600) at every moment."""
        path = self._path()
        scratch = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as written:
            json.dump(asdict(grant), written)
        scratch.replace(path)
        self._forget_old()

    def _forget_old(self) -> None:
        """Temporary credentials come with ever new ids, and their grants never again."""
        for path in self.folder.glob("*.json"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > _OLD_S:
                    path.unlink()

    def _path(self) -> Path:
        return self.folder / f"{sha256(chr(10).join(self.about).encode()).hexdigest()[:32]}.json"
