"""`status`: what runs, where, and is it healthy."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from localcloud.cloud import processes, services
from localcloud.commands.keys import SDK_ENDPOINT, read_env
from localcloud.commands.queues import queues
from localcloud.places import Places


def status(places: Places, *, as_json: bool) -> None:
    """Print tables for people, or one JSON object: services, stacks, queues, sdk_api_url, env_file."""
    report = _report(places)
    if as_json:
        print(json.dumps(report, indent=2))
        return
    console = Console(highlight=False)
    console.print(_table(("service", "state", "process", "address", "log"), report["services"]))
    console.print(_table(("stack", "resources", "updated"), report["stacks"]))
    if report["queues"]:
        console.print(_table(("stack", "queue", "waiting", "at_work"), report["queues"]))
    print(f"SDK API: {report['sdk_api_url'] or 'not deployed: make up'}")


def _report(places: Places) -> dict[str, Any]:
    known = (
        (services.emulator(places), places.emulator_url),
        (services.gateway(places), places.gateway_url),
    )
    env = read_env(places.env_file)
    found = [_service(service, url) for service, url in known]
    stacks = [_stack(path) for path in sorted(_stack_files(places))]
    answers = found[0]["state"] == "running"
    return {
        "services": found,
        "stacks": stacks,
        "queues": [
            {"stack": name, **queue}
            for name in (stack["stack"] for stack in stacks if answers)
            for queue in queues(places, name)
        ],
        "sdk_api_url": env.get(SDK_ENDPOINT),
        "env_file": str(places.env_file) if env else None,
    }


def _service(service: processes.Service, url: str) -> dict[str, Any]:
    found = processes.running(service)
    state = "stopped" if found is None else "running" if service.healthy() else "does not answer"
    return {
        "service": service.name,
        "state": state,
        "process": found.pid if found else None,
        "address": url,
        "log": str(service.log),
    }


def _stack_files(places: Places) -> list[Path]:
    return list((places.state / ".pulumi" / "stacks" / "registry").glob("*.json"))


def _stack(path: Path) -> dict[str, Any]:
    latest = json.loads(path.read_text()).get("checkpoint", {}).get("latest") or {}
    return {
        "stack": path.stem,
        "resources": len(latest.get("resources") or ()),
        "updated": (latest.get("manifest") or {}).get("time", "")[:19],
    }


def _table(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("-" if row[column] is None else str(row[column]) for column in columns))
    return table
