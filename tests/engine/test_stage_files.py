"""The local copies of the stage files."""

import os
import stat
import threading
from pathlib import Path

import pytest
import yaml

from localcloud.engine import EngineError, prepare_stage_file
from localcloud.engine.stage_files import passphrase_file
from localcloud.places import Places

pytestmark = pytest.mark.unit

COMMITTED = """\
# comment
secretsprovider: awskms://alias/x?region=us-east-1
encryptedkey: AQ==
config:
  # quoted digits stay text
  registry:owner: "012345678901"
  plain: 012345678901
  registry:on: yes
  registry:regions: [us-east-1, 'eu-west-1']
  registry:architecture: x86_64
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "Pulumi.yaml").write_text("name: registry\nruntime: python\n")
    (tmp_path / "Pulumi.alpha.yaml").write_text(COMMITTED)
    (tmp_path / "Pulumi.beta.yaml").write_text("")
    return Places(checkout=tmp_path, instance=tmp_path / ".local", emulator_port=7100)


def config(path: Path) -> dict[str, object]:
    read: dict[str, object] = yaml.safe_load(path.read_text())["config"]
    return read


def test_values_are_copied_as_they_are_written_and_the_real_encryption_is_left_out(places: Places) -> None:
    copy = prepare_stage_file(places, "alpha")
    assert copy.is_absolute()
    assert copy.is_relative_to(places.config)
    text = copy.read_text()
    assert 'registry:owner: "012345678901"' in text
    assert "plain: 012345678901" in text
    assert "registry:on: yes" in text
    assert "'eu-west-1'" in text
    assert set(yaml.safe_load(text)) == {"config"}
    assert (places.checkout / "Pulumi.alpha.yaml").read_text() == COMMITTED


def test_an_override_of_none_takes_a_value_out(places: Places) -> None:
    copy = prepare_stage_file(places, "alpha", {"registry:plain": None, "registry:absent": None})
    assert {"plain", "registry:plain", "registry:absent"}.isdisjoint(config(copy))
    assert "registry:owner" in config(copy)


def test_each_call_takes_the_committed_file_afresh_and_keeps_only_the_salt(places: Places) -> None:
    copy = prepare_stage_file(places, "alpha", {"registry:architecture": "arm64"})
    with copy.open("a") as file:
        file.write("encryptionsalt: v1:abc=:v1:def+/:ghi\n")
    (places.checkout / "Pulumi.alpha.yaml").write_text(
        "config: {registry:new: 1}\nencryptionsalt: v1:other\n"
    )
    assert prepare_stage_file(places, "alpha") == copy
    assert yaml.safe_load(copy.read_text()) == {
        "config": {"registry:new": 1},
        "encryptionsalt": "v1:abc=:v1:def+/:ghi",
    }


def test_an_unchanged_copy_is_not_written_again(places: Places) -> None:
    copy = prepare_stage_file(places, "alpha")
    before = copy.stat()
    assert prepare_stage_file(places, "alpha").stat().st_ino == before.st_ino


@pytest.mark.parametrize("key", ["registry:owner", "registry:plain"])
def test_an_override_replaces_a_value_however_its_key_is_spelled(places: Places, key: str) -> None:
    read = config(prepare_stage_file(places, "alpha", {key: "123"}))
    assert read[key] == "123"
    assert "plain" not in read if key == "registry:plain" else read["plain"]
    assert len(read) == 5


def test_an_override_adds_values_of_any_shape(places: Places) -> None:
    shaped = {"a": [1, True, None, "yes", "012"], "b": {"c": "é"}}
    copy = prepare_stage_file(places, "beta", {"registry:shaped": shaped})
    assert config(copy) == {"registry:shaped": shaped}


@pytest.mark.parametrize("value", ["{secure: AAAB}", "[{secure: AAAB}]", "{deep: {er: {secure: AAAB}}}"])
def test_a_value_encrypted_for_the_real_stage_is_refused_by_name_unless_overridden(
    places: Places, value: str
) -> None:
    (places.checkout / "Pulumi.alpha.yaml").write_text(f"config:\n  token: {value}\n")
    with pytest.raises(EngineError, match=r"Pulumi\.alpha\.yaml holds registry:token encrypted"):
        prepare_stage_file(places, "alpha")
    assert config(prepare_stage_file(places, "alpha", {"registry:token": "t"})) == {"registry:token": "t"}


def test_an_unknown_stage_is_refused_with_the_known_ones(places: Places) -> None:
    with pytest.raises(EngineError, match=r"no stage delta: .*\(there are: alpha, beta\)"):
        prepare_stage_file(places, "delta")


@pytest.mark.parametrize("text", ["- a\n", "config: {\n"])
def test_a_broken_stage_file_is_named(places: Places, text: str) -> None:
    (places.checkout / "Pulumi.alpha.yaml").write_text(text)
    with pytest.raises(EngineError, match=r"Pulumi\.alpha\.yaml is not"):
        prepare_stage_file(places, "alpha")


def test_the_passphrase_is_made_once_for_this_user_alone(places: Places) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(passphrase_file(places).read_text())) for _ in range(8)
    ]
    old = os.umask(0)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        os.umask(old)
    assert len(set(made)) == 1
    assert len(made[0]) >= 32
    assert stat.S_IMODE(passphrase_file(places).stat().st_mode) == 0o600
    assert [path.name for path in places.config.iterdir()] == ["passphrase"]
