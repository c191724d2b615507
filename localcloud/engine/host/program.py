"""Runs one Pulumi program. Started by the host, by file name, in the program's own virtual environment.

The one argument is a JSON object: `program` (file or folder), `args`, `pwd` and `settings`, which is what
`pulumi.runtime.Settings` takes. The configuration comes in `PULUMI_CONFIG` and `PULUMI_CONFIG_SECRET_KEYS`,
as the SDK expects it. Only the SDK and the standard library may be imported here: nothing else is known to
be installed.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ALREADY_SHOWN = 32
"""Exit code: the error has been shown, the host need not add to it (the stock host's convention)."""


def main() -> int:
    """Run the program that the argument describes; the exit code."""
    _end_with_parent(os.getppid())
    request: dict[str, Any] = json.loads(sys.argv[1])
    try:
        import pulumi  # noqa: PLC0415 - a missing SDK is told in words
    except ImportError:
        print(
            f"The Pulumi SDK is not installed in {sys.prefix}: install the project's requirements.",
            file=sys.stderr,
        )
        return 1

    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(pulumi.runtime.Settings(**request["settings"]))
    program: str = request["program"]
    os.chdir(request["pwd"])
    sys.argv = [program, *request["args"]]
    sys.path[0] = request["pwd"]  # was this file's folder

    # A failed program leaves futures that nobody awaits; asyncio's complaints would bury the error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with ThreadPoolExecutor(max_workers=4 * max(request["settings"]["parallel"], 1)) as executor:
        loop.set_default_executor(executor)
        try:
            loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(program)))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return 1
        except Exception:  # whatever it is, the person wants to see it
            pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback(program)}")
            return ALREADY_SHOWN
        finally:
            loop.close()
    return 0


def _run(program: str) -> None:
    path = Path(program)
    if path.is_dir() and not (path / "__main__.py").is_file():
        import pulumi  # noqa: PLC0415

        pulumi.log.error(f"unable to find main python program `__main__.py` in `{path.resolve()}`")
        sys.exit(ALREADY_SHOWN)
    runpy.run_path(program, run_name="__main__")


def _own_traceback(program: str) -> str:
    """The current exception's traceback, from the program's first frame on."""
    path = Path(program).resolve()
    main_file = path / "__main__.py" if path.is_dir() else path
    frames = traceback.extract_tb(sys.exc_info()[2])
    first = next((i for i, frame in enumerate(frames) if Path(frame.filename).resolve() == main_file), 0)
    return traceback.format_exc(limit=first - len(frames))


def _end_with_parent(parent: int) -> None:
    """Leave when the host is gone, however it went: nobody else would stop this process."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
