"""What the exchange answered, looked at."""

from collections.abc import Callable
from typing import Any

from registry.stores.keys import KeyStore

# Status, headers, the body's JSON.
Answer = tuple[int, dict[str, str], Any]
Exchange = Callable[..., Answer]


def refused(answer: Answer, store: KeyStore) -> tuple[int, str, str]:
    """Status, error type, message; and nothing was stored."""
    status, headers, said = answer
    assert list(store.list()) == []
    assert said["errorCode"] == str(status)
    return status, headers["x-amzn-ErrorType"], said["message"]
