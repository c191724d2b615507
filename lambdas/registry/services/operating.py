"""What an operator does about an application that must not be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from registry.domain.applications import Application, Intervention, TakenDown, timestamp
from registry.domain.arns import ApplicationArn
from registry.domain.policy import missing
from registry.errors import Conflict, Invalid
from registry.stores.applications import ApplicationStore, Stale

MAX_REASON = 500
_TRIES = 4


@dataclass(frozen=True, kw_only=True)
class Operating:
    """Each intervention stays in the application's history. `by`: the operator's ARN.

    Raises NotFound, Invalid for what is so already or for a reason of other than 1 to 500 characters,
    Conflict when others always were faster.
    """

    applications: ApplicationStore
    now: Callable[[], datetime]

    def take_down(self, arn: ApplicationArn, *, by: str, reason: str) -> Application:
        """From now on nobody can see, change or deploy it, its owner included."""
        return self._intervene(arn, "take-down", by=by, reason=reason)

    def restore(self, arn: ApplicationArn, *, by: str, reason: str) -> Application:
        """As it was: versions, policy and all."""
        return self._intervene(arn, "restore", by=by, reason=reason)

    def _intervene(self, arn: ApplicationArn, action: str, *, by: str, reason: str) -> Application:
        if not 1 <= len(reason) <= MAX_REASON:
            raise Invalid(f"the reason must have 1 to {MAX_REASON} characters; it has {len(reason)}")
        done = Intervention(action=action, at=timestamp(self.now()), by=by, reason=reason)
        for _ in range(_TRIES):
            seen = self.applications.find(arn)
            if seen is None:
                raise missing(arn)
            try:
                return self.applications.change(seen, _changes(seen, done))
            except Stale:
                continue
        raise Conflict(f"Application {arn} is being changed by others at this moment. Try again.")


def _changes(seen: Application, done: Intervention) -> dict[str, Any]:
    down = seen.taken_down
    if done.action == "take-down":
        if down is not None:
            raise Invalid(f"{seen.arn} was taken down already, at {down.at} by {down.by}: {down.reason}")
        mark = asdict(TakenDown(reason=done.reason, at=done.at, by=done.by))
    elif down is None:
        raise Invalid(f"{seen.arn} is not taken down")
    else:
        mark = None
    return {"takenDown": mark, "history": [asdict(one) for one in (*seen.history, done)]}
