"""What can go wrong between this repository and the Pulumi engine; each text is one sentence and a remedy."""


class EngineError(Exception):
    """Base of every failure here; `str()` is meant for the person at the keyboard."""


class ToolchainError(EngineError):
    """The Pulumi CLI could not be found, built or placed."""


class StackLockedError(EngineError):
    """Another live process is changing the stack."""

    def __init__(self, stack: str) -> None:
        super().__init__(
            f"Stack {stack} is being changed by another process: wait for it to end, or stop it with Ctrl-C, "
            "and run this again."
        )


class UpdateFailedError(EngineError):
    """The CLI ended with an error of its own, which it has already shown.

    `exit_code` is the CLI's; `output` is the end of what it printed (at most 200 lines).
    """

    def __init__(self, message: str, *, exit_code: int, output: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.output = output


class UnexpectedChangesError(UpdateFailedError):
    """`--expect-no-changes` was given and there were changes (exit code 7)."""


class UpdateCancelledError(UpdateFailedError):
    """The update was interrupted by a signal and ended in order: lock released, no process left."""
