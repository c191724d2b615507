"""Where the local cloud keeps its files, and on which ports it listens: the one place that knows.

Everything a checkout makes lies under `.local/`. Tools (virtual environments, the Pulumi CLI) are shared by
all instances of a checkout; an instance (its state, secrets, logs, ports) can be put elsewhere, so a test
runs a second local cloud beside the developer's own:

- `REGISTRY_LOCAL_DIR`: the instance's folder (default `.local`)
- `REGISTRY_LOCAL_PORT`: the emulator's port (default 4566); the gateway has the next one
"""

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Places:
    """Paths and ports of one instance of the local cloud."""

    checkout: Path = CHECKOUT
    instance: Path
    emulator_port: int

    @property
    def gateway_port(self) -> int:
        return self.emulator_port + 1

    @property
    def emulator_url(self) -> str:
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    # Shared by every instance of this checkout.
    @property
    def program_python(self) -> Path:
        return self.checkout / ".venv" / "bin" / "python"

    @property
    def emulator_python(self) -> Path:
        return self.checkout / ".local" / "venvs" / "emulator" / "bin" / "python"

    # Of this instance alone.
    @property
    def pulumi(self) -> Path:
        """Holds `bin/` (CLI and language host) and `home/` (plugins, credentials)."""
        return self.instance / "pulumi"

    @property
    def state(self) -> Path:
        return self.instance / "state"

    @property
    def config(self) -> Path:
        return self.instance / "config"

    @property
    def cloud(self) -> Path:
        return self.instance / "cloud"

    @property
    def logs(self) -> Path:
        return self.instance / "logs"

    @property
    def run(self) -> Path:
        return self.instance / "run"

    @property
    def env_file(self) -> Path:
        """Leads to the stack that was deployed last."""
        return self.instance / "env"

    def env_file_of(self, stack: str) -> Path:
        return self.instance / f"env.{stack}"

    @property
    def credentials_file(self) -> Path:
        """A profile for each ready-made account, as AWS clients read it."""
        return self.instance / "credentials"


def places() -> Places:
    """The instance that the environment names. Raises ValueError when the port is no port."""
    instance = Path(os.environ.get("REGISTRY_LOCAL_DIR") or CHECKOUT / ".local")
    port = os.environ.get("REGISTRY_LOCAL_PORT", "4566")
    if not port.isdigit() or not 1024 <= int(port) <= 65534:
        raise ValueError(f"REGISTRY_LOCAL_PORT is {port!r}: a number from 1024 to 65534 is needed")
    return Places(instance=instance.resolve(), emulator_port=int(port))


def cache() -> Path:
    """Where builds that any checkout can share are kept, by version (the CLI, the functions' wheels)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "serverless-registry"
