import json

import pytest

from registry import log

pytestmark = pytest.mark.unit


def test_a_line_is_one_json_object_with_the_correlation_id(capsys: pytest.CaptureFixture[str]) -> None:
    log.correlate("c-1")
    log.event("request-refused", level="WARNING", rule="signature", text="two\nlines")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {
        "level": "WARNING",
        "event": "request-refused",
        "requestId": "c-1",
        "rule": "signature",
        "text": "two\nlines",
    }


@pytest.mark.parametrize(
    ("configured", "written"),
    [("DEBUG", 4), ("INFO", 3), ("warning", 2), ("ERROR", 1), ("nonsense", 3), (None, 3)],
)
def test_log_level_is_the_least_that_is_written(
    configured: str | None, written: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if configured is None:
        monkeypatch.delenv("LOG_LEVEL", raising=False)
    else:
        monkeypatch.setenv("LOG_LEVEL", configured)
    for level in log.LEVELS:
        log.event("tried", level=level)
    assert len(capsys.readouterr().out.splitlines()) == written


def test_a_failure_carries_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        log.failure("request-failed", error, operation="GetApplication")
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["error"], line["message"], line["operation"]) == (
        "ERROR",
        "ValueError",
        "broken",
        "GetApplication",
    )
    assert "test_log.py" in line["trace"]
