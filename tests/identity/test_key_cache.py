import pytest

from registry.domain.keys import RegistryKey
from registry.services.key_cache import MAX_ENTRIES, KeyCache
from tests.support.keys import a_key

pytestmark = pytest.mark.unit


class Lookups:
    """A key table of one key, a clock, and a count of the questions asked."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.stored: dict[str, RegistryKey] = {"111111111111": a_key()}
        self.asked: list[str] = []
        self.cache = KeyCache(self.find, lambda: self.now_s)

    def find(self, access_key_id: str) -> RegistryKey | None:
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

    def find(_: str) -> RegistryKey | None:
        if isinstance(answer := next(answers), Exception):
            raise answer
        return a_key()

    cache = KeyCache(find, lambda: 0.0)
    with pytest.raises(RuntimeError):
        cache.get("111111111111")
    assert cache.get("111111111111") == a_key()
