"""The two background processes of the local cloud: the emulator and the gateway."""

import hashlib
import http.client
import json
import os
import shutil
import socket
import sys
from pathlib import Path

from localcloud.cloud import function_runtime, processes
from localcloud.cloud.accounts import MEMBERS, ORGANIZATION, READY_MADE, stage_files
from localcloud.cloud.errors import LocalCloudError
from localcloud.cloud.processes import Service
from localcloud.places import Places


def emulator(places: Places) -> Service:
    """ministack, bound to loopback, its state under the instance's `cloud/`.

    AUTH makes it check what AWS checks: policies of roles and users, bucket policies across accounts.
    """
    cloud = places.cloud
    settings = {
        "AUTH": "true",
        "LOCALCLOUD_ORGANIZATION": ORGANIZATION,
        "LOCALCLOUD_ORGANIZATION_MEMBERS": ",".join(MEMBERS),
        "LOCALCLOUD_PUBLISHERS": ",".join(READY_MADE.values()),
        "LOCALCLOUD_REGISTRY_ACCOUNTS": ",".join(
            file.account for file in stage_files([places.checkout, places.config])
        ),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(places.emulator_port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_HOST": "127.0.0.1",
        "PERSIST_STATE": "1",
        "PYTHONPATH": function_runtime.__path__[0],
        "S3_DATA_DIR": str(cloud / "s3"),
        "S3_PERSIST": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(cloud / "state"),
    }
    return Service(
        name="emulator",
        command=[str(places.emulator_python), str(Path(__file__).with_name("emulator"))],
        environment={
            **settings,
            "LOCALCLOUD_EMULATOR_ONLY": ",".join([*settings, "LOCALCLOUD_CODE"]),
            "HOME": str(cloud),
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "TMPDIR": str(cloud / "tmp"),
            "TZ": "UTC",
            "LOCALCLOUD_CODE": _code(),
        },
        log=places.logs / "emulator.log",
        record=places.run / "emulator.json",
        healthy=lambda: _answers(places.emulator_port, "/_ministack/ready"),
        prepare=lambda: _prepare_emulator(places),
    )


def gateway(places: Places) -> Service:
    """API Gateway's data plane for every account of the stage files and the ready-made ones."""
    return Service(
        name="gateway",
        command=[
            sys.executable, "-m", "localcloud.cloud.gateway", "--port", str(places.gateway_port),
            "--emulator", places.emulator_url, str(places.checkout), str(places.config),
        ],
        environment={
            "HOME": str(places.cloud),
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "TZ": "UTC",
            "LOCALCLOUD_CODE": _code(),
        },
        log=places.logs / "gateway.log",
        record=places.run / "gateway.json",
        healthy=lambda: _answers(places.gateway_port, "/_health"),
        prepare=lambda: _check_port("gateway", places.gateway_port),
    )  # fmt: skip


def start(places: Places) -> list[str]:
    """Bring both up, whatever was running; the names of those that had to be started.

    Raises LocalCloudError.
    """
    if not places.emulator_python.exists():
        raise LocalCloudError(
            f"The emulator's environment {places.emulator_python.parent.parent} is missing: run `make setup`"
        )
    try:
        both = (emulator(places), gateway(places))
        return [service.name for service in both if processes.ensure(service)]
    except OSError as error:
        raise LocalCloudError(
            f"The local cloud could not be started in {places.instance} ({error.strerror or error}): "
            "make room or rights there and run it again"
        ) from error


def stop(places: Places) -> list[str]:
    """End both, the gateway first; the names of those that were running. The emulator's state is kept."""
    return [service.name for service in (gateway(places), emulator(places)) if processes.stop(service)]


def needs_refresh(places: Places, stack: str) -> bool:
    """Whether the emulator may have lost resources that the stack's state still lists.

    The emulator saves its state when it is stopped in order; killed, it forgets what came after its start.
    """
    healed = _healed(places)
    return healed is not None and stack not in healed


def refreshed(places: Places, stack: str) -> None:
    """The stack's state has been compared with the emulator since."""
    healed = _healed(places)
    if healed is not None:
        _loss(places).write_text(json.dumps(sorted({*healed, stack})))


def _code() -> str:
    """A digest of the code that the services run: when it changes, they are started anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _loss(places: Places) -> Path:
    """Exists after the emulator lost state; lists the stacks that were put right since."""
    return places.state / "emulator-lost-state.json"


def _healed(places: Places) -> list[str] | None:
    try:
        healed: list[str] = json.loads(_loss(places).read_text())
    except (OSError, ValueError):
        return None
    return healed


def _prepare_emulator(places: Places) -> None:
    _check_port("emulator", places.emulator_port)
    killed = emulator(places).record.exists()
    emptied = not any((places.cloud / "state").glob("*"))
    if (killed or emptied) and places.state.exists():
        _loss(places).write_text("[]")
    # Unpacked archives of functions: a killed emulator leaves them behind.
    shutil.rmtree(places.cloud / "tmp", ignore_errors=True)
    for folder in ("tmp", "state", "s3"):
        (places.cloud / folder).mkdir(parents=True, exist_ok=True)
    places.cloud.chmod(0o700)


def _check_port(name: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LocalCloudError(
                f"Port {port}, which the {name} needs, is taken by another program: stop that, "
                "or choose another pair of ports with REGISTRY_LOCAL_PORT=…"
            ) from error


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
