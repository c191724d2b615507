"""`stack`, `preview` and `destroy`: the engine on one stage's stacks in the local cloud."""

import io
import json
import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from localcloud.cloud import services
from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.exclusive import exclusive
from localcloud.commands.keys import forget_stack
from localcloud.commands.stages import choose_regions, find_stage, open_local_stack
from localcloud.engine import Stack, UpdateFailedError, ensure_pulumi, run_pulumi
from localcloud.places import Places

KINDS = ("create", "update", "replace", "delete", "same")
SHOWN = 20  # changes of a region, when several are previewed
SIGNS = {"create": "+", "update": "~", "delete": "-", "replace": "±"}


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What one region's preview found. `steps` are the changes; `problems` its errors."""

    region: str
    seconds: float
    summary: dict[str, int] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def stack(places: Places, stage: str, region: str) -> None:
    """Create the stack `<stage>-<region>` unless it exists; no file of the work tree changes."""
    file = find_stage(places, stage)
    chosen = choose_regions(file, region)[0]
    with exclusive(places):
        made = open_local_stack(places, ensure_pulumi(places), file, chosen)
    print(f"Stack {made.name} is there; its configuration is {made.config_file}.")


def preview(places: Places, stage: str, region: str | None) -> None:
    """Preview every region of a stage, or one, and print a table. Raises LocalCloudError when one fails."""
    file = find_stage(places, stage)
    with exclusive(places):
        toolchain = ensure_pulumi(places)
        services.start(places)
        found = []
        for chosen in choose_regions(file, region):
            found.append(_preview(open_local_stack(places, toolchain, file, chosen), chosen))
            _show_changes(stage, found[-1], most=SHOWN if region is None else None)
    Console(highlight=False).print(_table(found))
    if failed := [one.region for one in found if one.problems]:
        raise LocalCloudError(f"The preview of {stage} failed in {', '.join(failed)}: the errors are above.")


def destroy(places: Places, stage: str, region: str) -> None:
    """Delete what one stack deployed. A protected resource stops it before anything is deleted."""
    file = find_stage(places, stage)
    chosen = choose_regions(file, region)[0]
    with exclusive(places):
        toolchain = ensure_pulumi(places)
        services.start(places)
        opened = open_local_stack(places, toolchain, file, chosen)
        # The engine alone would delete what is not protected before it fails.
        run_pulumi(opened, "destroy", ["--preview-only"], stream=io.StringIO())
        run_pulumi(opened, "destroy")
        forget_stack(places, stage, chosen)


def _preview(opened: Stack, region: str) -> Preview:
    output = io.StringIO()
    started = time.monotonic()
    try:
        run_pulumi(opened, "preview", ["--json"], stream=output)
    except UpdateFailedError as error:
        return Preview(
            region=region,
            seconds=time.monotonic() - started,
            problems=_problems(output.getvalue()) or (str(error),),
        )
    report = _parse(output.getvalue())
    return Preview(
        region=region,
        seconds=time.monotonic() - started,
        summary=report.get("changeSummary") or {},
        steps=tuple(_step(step) for step in report.get("steps") or () if step["op"] in SIGNS),
    )


def _parse(output: str) -> dict[str, Any]:
    """The JSON object in the CLI's output; it may print warnings before."""
    start = output.find("{")
    try:
        report: dict[str, Any] = json.loads(output[start:]) if start >= 0 else {}
    except ValueError:
        return {}
    return report


def _problems(output: str) -> tuple[str, ...]:
    diagnostics = _parse(output).get("diagnostics") or ()
    errors = tuple(d["message"].strip() for d in diagnostics if d.get("severity") == "error")
    return errors or tuple(line for line in output.splitlines()[-20:] if line.strip())


def _step(step: dict[str, Any]) -> str:
    parts = step["urn"].split("::")
    return f"{SIGNS[step['op']]} {parts[2].split('$')[-1]} {parts[3]}"


def _show_changes(stage: str, found: Preview, *, most: int | None) -> None:
    print(f"{stage}-{found.region}")
    shown = found.steps[:most]
    rest = len(found.steps) - len(shown)
    more = (f"… and {rest} more: make preview STAGE={stage} REGION={found.region}",) if rest else ()
    for line in (*shown, *more, *found.problems):
        print("  " + line.replace("\n", "\n  "))


def _table(found: list[Preview]) -> Table:
    table = Table("region", *KINDS, "seconds", "result", box=None, header_style="bold", pad_edge=False)
    for one in found:
        counts = (str(one.summary.get(kind, 0)) for kind in KINDS)
        table.add_row(one.region, *counts, f"{one.seconds:.1f}", "failed" if one.problems else "ok")
    return table
