"""Which API an id names, where it lives, and what its stage has deployed."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from botocore.exceptions import ClientError

from localcloud.cloud.accounts import Home
from localcloud.cloud.gateway.definitions import Api, Stage, load_api, load_stage
from localcloud.cloud.gateway.functions import Connect

T = TypeVar("T")

STAGE_AGE_S = 1.0  # how long a new deployment may take to be seen


@dataclass(frozen=True, kw_only=True)
class Deployed:
    api: Api
    stage: Stage


class Directory:
    """Finds and remembers deployed APIs. Calls block: run them in a thread.

    An API is read when a stage's deployment is first seen; later changes do not show until the next
    deployment, as on AWS. What is not found is not remembered.
    """

    def __init__(self, connect: Connect, homes: Callable[[], Iterable[Home]]) -> None:
        self._connect = connect
        self._homes = homes
        self._owners: dict[str, Home] = {}
        self._stages: dict[tuple[str, str], tuple[float, Stage]] = {}
        self._apis: dict[tuple[str, str], Api] = {}
        self._lock = threading.Lock()

    def find(self, api_id: str, stage_name: str) -> Deployed | None:
        """None when no known account has this API, or the API has no such stage."""
        with self._lock:
            home = self._owners.get(api_id) or self._search(api_id)
            stage = self._stage(home, api_id, stage_name) if home else None
            if home is None or stage is None:
                return None
            key = (api_id, stage.deployment)
            if key not in self._apis:
                self._apis = {k: v for k, v in self._apis.items() if k[0] != api_id or self._in_use(k)}
                self._apis[key] = load_api(self._connect("apigateway", home), home, api_id)
            return Deployed(api=self._apis[key], stage=stage)

    def _search(self, api_id: str) -> Home | None:
        for home in self._homes():
            client = self._connect("apigateway", home)
            if _or_none(partial(client.get_rest_api, restApiId=api_id)):
                self._owners[api_id] = home
                return home
        return None

    def _stage(self, home: Home, api_id: str, name: str) -> Stage | None:
        read, stage = self._stages.get((api_id, name), (0.0, None))
        if stage is not None and time.monotonic() - read < STAGE_AGE_S:
            return stage
        stage = _or_none(partial(load_stage, self._connect("apigateway", home), api_id, name))
        if stage is None:
            self._stages.pop((api_id, name), None)
            self._owners.pop(api_id, None)  # the API itself may be gone
        else:
            self._stages[api_id, name] = (time.monotonic(), stage)
        return stage

    def _in_use(self, key: tuple[str, str]) -> bool:
        return any(
            api_id == key[0] and stage.deployment == key[1]
            for (api_id, _), (_, stage) in self._stages.items()
        )


def _or_none(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise
