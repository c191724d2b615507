"""Licence identifiers of the SPDX list (spdx.org/licenses)."""

from __future__ import annotations

from functools import cache

from registry.errors import Invalid

# Deprecated ids of a licence with its exception, which the package's index writes as expressions.
_COMPOUND = (
    "GPL-2.0-with-autoconf-exception",
    "GPL-2.0-with-bison-exception",
    "GPL-2.0-with-classpath-exception",
    "GPL-2.0-with-font-exception",
    "GPL-2.0-with-GCC-exception",
    "GPL-3.0-with-autoconf-exception",
    "GPL-3.0-with-GCC-exception",
    "eCos-2.0",
)


def check_spdx_id(text: str) -> None:
    """Raises Invalid unless `text` is the id of one licence; deprecated ids such as GPL-2.0 still are ids."""
    meant = _known_ids().get(text.lower())
    if meant == text:
        return
    hint = f"; did you mean {meant}?" if meant else " (see spdx.org/licenses)"
    raise Invalid(f"spdxLicenseId {text[:64]!r} is not the SPDX id of a licence{hint}")


@cache
def _known_ids() -> dict[str, str]:
    """Lower-case id to the id as SPDX spells it."""
    from license_expression import get_license_index  # 37 ms: only publishers pay for it

    found = {spdx_id.lower(): spdx_id for spdx_id in _COMPOUND}
    for entry in get_license_index():
        if entry.get("is_exception"):
            continue
        for spdx_id in (entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ())):
            if spdx_id and not spdx_id.startswith("LicenseRef-"):
                found[spdx_id.lower()] = spdx_id
    return found
