"""Makes the emulator's function processes more like Lambda's; imported by every Python the emulator starts.

The emulator runs functions with its own interpreter and hands them its environment: a package missing from a
function's archive would be found among the emulator's, and its settings would leak. Both are taken away.
"""

import os
import sys
from typing import Any

EMULATOR_ONLY = "LOCALCLOUD_EMULATOR_ONLY"  # names of the variables that are the emulator's own


class _Answers:
    """The pipe on which a function process answers.

    After each invocation the emulator waits 50 ms for a first line on standard error, but 5 ms once there was
    one. So an empty line, which leaves no trace in the log, goes before each answer.
    """

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._started = False

    def flush(self) -> None:
        if self._started:
            print(file=sys.__stderr__, flush=True)
        self._started = True  # the first answer only tells that the process is ready
        self._pipe.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)


def _become_function() -> None:
    sys.path[:] = [
        path for path in sys.path if "site-packages" not in path and path != os.path.dirname(__file__)
    ]
    for name in os.environ.pop(EMULATOR_ONLY, "").split(","):
        os.environ.pop(name, None)
    sys.stdout = _Answers(sys.stdout)


if "_LAMBDA_FUNCTION_ARN" in os.environ:
    _become_function()
