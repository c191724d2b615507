"""From what the cloud holds to the inputs that a program would write for it.

The cloud's values go into the last inputs, so that a difference from the program shows; where both mean the
same, the program's own spelling stays, so that nothing else does.
"""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.diffing import Comparison
from localcloud.provider.values import DEFAULTS, Properties, Value, is_archive, is_zero


def observe(comparison: Comparison, inputs: Properties, actual: Properties) -> Properties:
    """The last `inputs` (none at an import) with the cloud's values in them."""
    facts, computed = comparison.facts, comparison.facts.optional_computed | comparison.description.computed
    importing = not inputs
    seen: Properties = {DEFAULTS: inputs.get(DEFAULTS, [])}
    for name, schema in facts.inputs.items():
        old, new = inputs.get(name), actual.get(name)
        if name in comparison.description.local or name == "region":
            value = old if old is not None else new
        elif old is None and (_is_left_out(new) if importing else is_zero(new) or name in computed):
            value = None
        else:
            value = _merge(comparison, old, new, name, schema)
        if value is not None:
            seen[name] = value
    if "tagsAll" in actual:
        seen["tagsAll"] = actual["tagsAll"]
    return seen


def _is_left_out(value: Value) -> bool:
    """What a program that imports the resource would not write."""
    return value is None or (not isinstance(value, bool | int | float) and is_zero(value))


def _merge(comparison: Comparison, old: Value, new: Value, pattern: str, schema: Any) -> Value:
    if old is not None and new is not None and comparison.same(pattern, old, new):
        return old
    if is_archive(old):
        return new if is_archive(new) else old
    if isinstance(old, dict) and isinstance(new, dict):
        return _merge_object(comparison, old, new, pattern, schema)
    if isinstance(old, list) and isinstance(new, list):
        return _merge_list(comparison, old, new, pattern, schema[0] if isinstance(schema, list) else None)
    if is_zero(new) and is_zero(old) and not isinstance(new, int):
        return old
    return new


def _merge_object(
    comparison: Comparison, old: Properties, new: Properties, pattern: str, schema: Any
) -> Properties:
    is_map = isinstance(schema, dict) and "*" in schema
    merged: Properties = {DEFAULTS: old[DEFAULTS]} if DEFAULTS in old else {}
    for key in [*(k for k in old if k != DEFAULTS), *(k for k in new if k not in old)]:
        below = pattern if is_map else f"{pattern}.{key}"
        computed = comparison.facts.optional_computed | comparison.description.computed
        if key not in old and not is_map and (is_zero(new[key]) or below in computed):
            continue
        inner = schema.get("*", schema.get(key)) if isinstance(schema, dict) else None
        value = _merge(comparison, old.get(key), new.get(key), below, inner)
        if value is not None:
            merged[key] = value
    return merged


def _merge_list(
    comparison: Comparison, old: list[Value], new: list[Value], pattern: str, schema: Any
) -> list[Value]:
    """The members of `new`; where the order means nothing, in the order of `old`."""
    item = f"{pattern}[]"
    if pattern not in comparison.description.unordered:
        pairs: Iterable[tuple[Value, Value]] = (
            (old[i] if i < len(old) else None, v) for i, v in enumerate(new)
        )
        return [_merge(comparison, before, after, item, schema) for before, after in pairs]
    rest, merged = list(new), []
    for before in old:
        candidates = [after for after in rest if _alike(comparison, before, after, item, schema)]
        if candidates:
            rest.remove(candidates[0])
            merged.append(_merge(comparison, before, candidates[0], item, schema))
    return merged + rest


def _alike(comparison: Comparison, before: Value, after: Value, item: str, schema: Any) -> bool:
    """Equal, or objects of one name."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in ("name", "id"):
            if key in before and key in after:
                return bool(before[key] == after[key])
        return bool(_merge(comparison, before, after, item, schema) == before)
    return comparison.same(item, before, after)
