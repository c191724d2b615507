"""How many messages wait where, in the queues that a stack deployed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localcloud.cloud.accounts import Home, stage_files
from localcloud.places import Places

_COUNTS = {"waiting": "ApproximateNumberOfMessages", "at_work": "ApproximateNumberOfMessagesNotVisible"}


def queues(places: Places, stack: str) -> list[dict[str, Any]]:
    """`queue`, `waiting` and `at_work` of each queue of the stack, by name; none where nobody answers."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second

    from localcloud.cloud.gateway.functions import connector  # noqa: PLC0415

    home = _home(places, stack)
    if home is None:
        return []
    client = connector(places.emulator_url)("sqs", home)
    try:
        prefix = f"sar-{stack.partition('-')[0]}-"
        pages = client.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
        urls = sorted(url for page in pages for url in page.get("QueueUrls", ()))
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda url: _queue(client, url), urls))
    except (BotoCoreError, ClientError):
        return []


def _home(places: Places, stack: str) -> Home | None:
    for file in stage_files([places.checkout]):
        for region in file.regions:
            if stack == f"{file.stage}-{region}":
                return Home(account=file.account, region=region)
    return None


def _queue(client: Any, url: str) -> dict[str, Any]:
    names = list(_COUNTS.values())
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    counts = {word: int(told[name]) for word, name in _COUNTS.items()}
    return {"queue": url.rpartition("/")[2], **counts}
