"""The helper as a command, and what makes its cache look old."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

HELPER = f"{sys.executable} -c 'from registry_cli.credentials.main import main; raise SystemExit(main())'"


def shorten(home: Path, minutes: float) -> None:
    """As if the grant had been made long ago."""
    (path,) = (home / "cache").glob("*.json")
    kept = json.loads(path.read_text())
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    path.write_text(json.dumps(kept | {"expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}))
