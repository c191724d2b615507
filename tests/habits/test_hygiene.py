from pathlib import Path

import pytest

from tests.support.hygiene import offences

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "line",
    [
        "index = https://py" + "pi.org/simple",
        "https://files.python" + "hosted.org/x",
        "path: /wo" + "rk/main",
        "see /ro" + "ot/.cache",
    ],
)
def test_a_registry_host_or_machine_path_is_named_with_file_and_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(f"fine\n{line}\n")
    assert [found.split(": ")[0] for found in offences([str(file)])] == [f"{file}:2"]


def test_a_binary_is_an_offence_and_plain_text_is_none(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "text").write_text("nothing to see, not even a network/ path\n")
    assert offences([str(tmp_path / "program"), str(tmp_path / "text")]) == [
        f"{tmp_path / 'program'}: a binary file"
    ]
