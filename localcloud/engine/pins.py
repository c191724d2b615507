"""The versions that the engine is built from: the one place that names them in code.

`tools/go.mod` pins the same CLI version and `requirements/program.in` the SDK of the same number; a test
compares them.
"""

PULUMI_VERSION = "3.259.0"
"""The CLI that is built where none is installed."""

PULUMI_MINIMUM = (3, 259)
"""Oldest CLI on PATH that will do: the minor release of the SDK, which may use what this engine brought."""

GO_MINIMUM = (1, 26, 6)
"""Oldest Go that compiles that CLI (`tools/go.mod` says so too)."""
