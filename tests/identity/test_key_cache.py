from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.keys import StoredKey
from registry.services.key_cache import MAX_ENTRIES, KeyCache
from tests.support.keys import a_key

pytestmark = pytest.mark.unit


START = datetime(2026, 11, 24, 6, 16, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Lookups:
    """A key table of one key, a clock, and a count of the questions asked."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.stored: dict[str, StoredKey] = {"111111111111": a_key()}
        self.asked: list[str] = []
        self.cache = KeyCache(self.find, clock=lambda: self.now_s, now=lambda: after(self.now_s))

    def find(self, access_key_id: str) -> StoredKey | None:
        self.asked.append(access_key_id)
        return self.stored.get(access_key_id)


@pytest.fixture
def lookups() -> Lookups:
    return Lookups()


def test_a_known_key_is_asked_for_once_a_minute(lookups: Lookups) -> None:
    for at in (0.0, 30.0, 59.9):
        lookups.now_s = at
        assert lookups.cache.get("111111111111") == a_key()
    assert len(lookups.asked) == 1
    lookups.now_s = 60.0
    lookups.cache.get("111111111111")
    assert len(lookups.asked) == 2


def test_a_key_that_is_gone_works_for_a_minute_at_most(lookups: Lookups) -> None:
    lookups.cache.get("111111111111")
    lookups.stored.clear()
    lookups.now_s = 59.9
    assert lookups.cache.get("111111111111") is not None
    lookups.now_s = 60.0
    assert lookups.cache.get("111111111111") is None


def test_use_does_not_make_a_key_live_longer(lookups: Lookups) -> None:
    lookups.cache.get("111111111111")
    lookups.stored.clear()
    for at in range(0, 60, 5):
        lookups.now_s = float(at)
        lookups.cache.get("111111111111")
    lookups.now_s = 60.0
    assert lookups.cache.get("111111111111") is None


def test_an_unknown_id_is_remembered_for_five_seconds(lookups: Lookups) -> None:
    for at in (0.0, 4.9):
        lookups.now_s = at
        assert lookups.cache.get("222222222222") is None
    assert lookups.asked == ["222222222222"]
    lookups.stored["222222222222"] = a_key("222222222222")
    lookups.now_s = 5.0
    assert lookups.cache.get("222222222222") == a_key("222222222222")


def test_a_flood_of_invented_ids_stays_bounded_and_pushes_no_known_key_out(lookups: Lookups) -> None:
    lookups.cache.get("111111111111")
    for number in range(3 * MAX_ENTRIES):
        lookups.cache.get(f"SARK{number:016d}")
    held = len(lookups.cache._known) + len(lookups.cache._unknown)
    assert held == MAX_ENTRIES + 1
    lookups.asked.clear()
    lookups.cache.get("111111111111")
    assert lookups.asked == []


def test_many_known_keys_stay_bounded(lookups: Lookups) -> None:
    for number in range(MAX_ENTRIES + 10):
        name = f"SARK{number:016d}"
        lookups.stored[name] = a_key(name)
        lookups.cache.get(name)
    assert len(lookups.cache._known) == MAX_ENTRIES


def test_a_failed_lookup_is_not_remembered() -> None:
    answers = iter([RuntimeError("down"), None])

    def find(_: str) -> StoredKey | None:
        if isinstance(answer := next(answers), Exception):
            raise answer
        return a_key()

    cache = KeyCache(find, clock=lambda: 0.0, now=lambda: START)
    with pytest.raises(RuntimeError):
        cache.get("111111111111")
    assert cache.get("111111111111") == a_key()


def test_a_key_that_ends_is_looked_up_again_the_moment_it_ends(lookups: Lookups) -> None:
    lookups.stored["111111111111"] = a_key(expires_at=after(20))
    lookups.cache.get("111111111111")
    renewed = a_key(expires_at=after(3600))
    lookups.stored["111111111111"] = renewed
    lookups.now_s = 19.9
    assert lookups.cache.get("111111111111") != renewed
    lookups.now_s = 20.0
    assert lookups.cache.get("111111111111") == renewed


@pytest.mark.parametrize("ended", [{"expires_at": START}, {"revoked_at": START}])
def test_an_ended_key_is_looked_up_every_five_seconds(lookups: Lookups, ended: dict[str, datetime]) -> None:
    lookups.stored["111111111111"] = a_key(**ended)
    for at in (0.0, 4.9):
        lookups.now_s = at
        lookups.cache.get("111111111111")
    assert len(lookups.asked) == 1
    lookups.now_s = 5.0
    lookups.cache.get("111111111111")
    assert len(lookups.asked) == 2
