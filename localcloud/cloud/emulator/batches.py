"""A batch needs the right to the single operation, as on AWS; the emulator asks for one of its own making."""

from collections.abc import Callable

from ministack.core import iam_actions  # type: ignore[import-not-found]

RIGHTS = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def correct() -> None:
    iam_actions.extract_iam_action = naming_rights(iam_actions.extract_iam_action)


def naming_rights(find: Callable[..., str | None]) -> Callable[..., str | None]:
    """`find` gives the right that a request needs, as `sns:Publish`; None where it needs none."""

    def found(*request: object, **named: object) -> str | None:
        right = find(*request, **named)
        return None if right is None else RIGHTS.get(right, right)

    return found
