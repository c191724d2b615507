"""`registry take-down` and `registry restore`: an application out of everybody's reach, and back."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime

from registry.domain.applications import Application
from registry.domain.arns import ApplicationArn
from registry.errors import Invalid
from registry.services.operating import Operating
from registry.stores.applications import ApplicationStore
from registry_cli.stage import Stage, add_stage_arguments
from registry_cli.tables import as_table

_COLUMNS = ("at", "action", "by", "reason")


class TakeDown:
    """From now on every operation refuses the application: to its owner with the reason."""

    def add_parser(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        _add_parser(subparsers, "take-down", "nobody can see, change or deploy an application any more")

    def run(self, args: argparse.Namespace) -> int:
        operating, by = _operating(args)
        _tell(operating.take_down(args.application, by=by, reason=args.reason), "is taken down", args)
        return 0


class Restore:
    """The application is again what it was: versions, policy and all."""

    def add_parser(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        _add_parser(subparsers, "restore", "undo a take-down")

    def run(self, args: argparse.Namespace) -> int:
        operating, by = _operating(args)
        _tell(operating.restore(args.application, by=by, reason=args.reason), "is restored", args)
        return 0


def _add_parser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> None:
    parser = subparsers.add_parser(name, help=what)
    parser.add_argument("application", type=_arn, metavar="ARN", help="the application's ARN")
    parser.add_argument("--reason", required=True, help="for its owner and the record, 500 characters")
    add_stage_arguments(parser)


def _operating(args: argparse.Namespace) -> tuple[Operating, str]:
    """With who is operating. Raises Invalid for an application of another region."""
    stage, arn = Stage.of(args), args.application
    if arn.region != stage.region:
        raise Invalid(f"{arn} is in {arn.region}, not in {stage.region}: add --region {arn.region}.")
    store = ApplicationStore(
        stage.session.client("dynamodb"),
        table=stage.named("entities"),
        partition=stage.partition,
        region=stage.region,
    )
    by = stage.session.client("sts").get_caller_identity()["Arn"]
    return Operating(applications=store, now=lambda: datetime.now(UTC)), by


def _tell(application: Application, outcome: str, args: argparse.Namespace) -> None:
    history = [asdict(one) for one in application.history]
    if args.json:
        said = {
            "applicationId": str(application.arn),
            "takenDown": application.taken_down is not None,
            "history": history,
        }
        print(json.dumps(said, indent=2))
        return
    print(f"{application.arn} {outcome}. What operators did to it:")
    print(as_table(_COLUMNS, history))


def _arn(text: str) -> ApplicationArn:
    try:
        return ApplicationArn.parse(text)
    except Invalid as fault:
        raise argparse.ArgumentTypeError(fault.message) from None
