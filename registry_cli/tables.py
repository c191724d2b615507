"""Plain text columns for a terminal; programs ask for --json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def as_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> str:
    """Left-aligned, two blanks between, column names on top."""
    lines = [list(columns), *([row[column] for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
