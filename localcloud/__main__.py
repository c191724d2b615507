"""`python -m localcloud`: AWS on one machine, with the registry in it; `make help` lists the ways in."""

import argparse
import sys
from collections.abc import Sequence

from localcloud.cloud.errors import LocalCloudError
from localcloud.commands.accounts import onboard
from localcloud.commands.down import down, purge
from localcloud.commands.logs import logs
from localcloud.commands.stacks import destroy, preview, stack
from localcloud.commands.status import status
from localcloud.commands.up import up
from localcloud.engine import EngineError
from localcloud.places import Places, places


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 failed (one sentence on standard error), 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(words)
    try:
        _run(options, places())
    except (LocalCloudError, EngineError, ValueError) as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error
        print(f"localcloud: {what}. Make room or rights there and run this again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("localcloud: interrupted; running the command again finishes it.", file=sys.stderr)
        return 130
    return 0


def _run(options: argparse.Namespace, at: Places) -> None:
    match options.command:
        case "up":
            up(at, options.stage, options.region)
        case "down":
            down(at)
        case "purge":
            purge(at, sure=options.yes)
        case "status":
            status(at, as_json=options.json)
        case "logs":
            logs(at, options.names, lines=options.lines, follow=options.follow)
        case "stack":
            stack(at, options.stage, options.region)
        case "preview":
            preview(at, options.stage, options.region)
        case "onboard":
            onboard(at, options.stage, options.region, options.account)
        case "destroy":
            destroy(at, options.stage, options.region)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description="AWS on one machine, for the registry.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary)

    def staged(name: str, summary: str, *, region_required: bool) -> argparse.ArgumentParser:
        made = command(name, summary)
        made.add_argument("--stage", required=region_required, default="alpha", help="alpha when left out")
        made.add_argument("--region", required=region_required, help="one of the stage's regions")
        return made

    staged("up", "deploy a stage's region, its first when none is named", region_required=False)
    command("down", "stop the local cloud; what it holds is kept")
    purge_parser = command("purge", "stop the local cloud and delete what it holds")
    purge_parser.add_argument("--yes", action="store_true", help="do not ask")
    status_parser = command("status", "what runs, where, and is it healthy")
    status_parser.add_argument("--json", action="store_true", help="for programs")
    logs_parser = command("logs", "follow the logs")
    logs_parser.add_argument("names", nargs="*", help="emulator, gateway, functions; all when left out")
    logs_parser.add_argument("--lines", type=int, default=20, help="how many earlier ones of each (20)")
    logs_parser.add_argument(
        "--no-follow", dest="follow", action="store_false", help="end with the last line"
    )
    staged("stack", "create a stack", region_required=True)
    staged("preview", "preview every region of a stage, or one", region_required=False)
    onboarding = staged("onboard", "let the registry deploy into an account", region_required=False)
    onboarding.add_argument("--account", required=True, help="12 digits")
    staged("destroy", "delete what a stack deployed", region_required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
