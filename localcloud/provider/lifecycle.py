"""Create, read, update and delete any described resource.

The cloud is always asked: an update compares what is wanted with what is there, so a half-made resource or
one that was changed behind our back is put right whatever the state says.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.provider.cloud import CloudError, explain, is_gone
from localcloud.provider.description import EVERYTHING, OWN_TAGS, Call
from localcloud.provider.diffing import Comparison, touched
from localcloud.provider.job import PATIENCE_S, POLL_S, Job, operation_input, tag_list, tag_map
from localcloud.provider.mapping import dig, fields, fill, unfill
from localcloud.provider.observing import observe
from localcloud.provider.settings import Settings
from localcloud.provider.values import UNKNOWN, Properties, Value, is_zero, plain


class PartialError(Exception):
    """The resource exists, and is not what was asked for. The next update may put it right."""

    def __init__(self, id_: str, properties: Properties, reason: str) -> None:
        super().__init__(reason)
        self.id, self.properties = id_, properties


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the cloud holds: `inputs` as a program would write them, `properties` all there is to know."""

    id: str
    properties: Properties
    inputs: Properties


def create(job: Job) -> tuple[str, Properties]:
    """Make the resource; its id and properties. Raises PartialError once there is something to keep track
    of.
    """
    answer = job.run(job.description.create)
    made = job.learn(answer if isinstance(answer, dict) else {})
    made = made.having(id=str(fill(job.description.id, made.scope)))
    try:
        made.wait()
        for step in job.description.steps:
            if step.on_create and any(not is_zero(job.properties.get(name)) for name in step.properties):
                made.having(changed=frozenset(step.properties)).run(step.action)
                made.wait()
        _tag_created(made)
        if job.description.finish:
            job.description.finish(made)
        found = _ask(made)
    except Exception as trouble:
        raise PartialError(made.id, {**job.properties, **made.found}, explain(trouble)) from trouble
    if found is None:
        raise PartialError(made.id, {**job.properties, **made.found}, "was made, and is not to be found")
    return made.id, _state(found, job.properties)


def read(job: Job, comparison: Comparison, settings: Settings, *, inputs: Properties) -> Seen | None:
    """What the cloud holds now, null when nothing.

    `inputs` (none at an import) lend their spelling, not values.
    """
    located = locate(job)
    found = _ask(located)
    if found is None:
        return None
    actual = _state(found, located.properties)
    if "tags" in job.facts.inputs:
        actual["tags"] = settings.own_tags(actual.get("tagsAll") or {}, inputs.get("tags") or {}) or None
    properties = {key: value for key, value in actual.items() if value is not None}
    observed = observe(comparison, inputs, actual)
    if job.description.observe:
        observed |= job.description.observe(located.properties, actual)
    return Seen(id=located.id, properties=properties, inputs=observed)


def update(job: Job, comparison: Comparison) -> Properties:
    """Make the resource what `job.properties` say; all its properties. A step that fails leaves the rest
    undone.
    """
    located = locate(job)
    found = _ask(located)
    if found is None:
        raise CloudError(
            "it is gone from the cloud: `pulumi refresh` drops it from the state, and `up` makes it anew"
        )
    actual = observe(comparison, job.old, _state(found, located.properties))
    told = touched(comparison.differences(job.old, job.properties))
    seen = touched(comparison.differences(actual, job.properties))
    outputs = {name: value for name, value in found.found.items() if name not in job.facts.inputs}
    work = found.having(properties=job.properties, old=plain(actual), changed=told | seen, found=outputs)
    for step in job.description.steps:
        if work.changed & set(step.properties) or (work.changed and step.properties == EVERYTHING):
            work.run(step.action)
            work.wait()
    _retag(work, found.found.get("tagsAll") or {})
    if job.description.finish:
        job.description.finish(work)
    after = _ask(work.having(found={}))
    if after is None:
        raise CloudError("it vanished during the update")
    return _state(after, job.properties)


def delete(job: Job) -> None:
    """Remove the resource; one that is gone already is fine."""
    located = locate(job)
    try:
        located.having(found=_knowledge(located)).run(job.description.delete)
    except Exception as trouble:
        if not is_gone(trouble):
            raise
    if job.description.lingers:
        _wait_gone(located)


def locate(job: Job) -> Job:
    """`job` with what its id tells. An import may give the id in the longer form that names the parents."""
    described = job.description
    longer = unfill(described.import_id, job.id) if described.import_id != "{id}" else {}
    short = longer.pop("id", job.id)
    if longer.keys() - job.properties.keys():
        job = job.having(id=short, properties={**longer, **job.properties})
    told = unfill(described.id, job.id)
    known = {name: value for name, value in told.items() if name in job.facts.inputs}
    return job.having(properties={**job.properties, **known})


def _knowledge(job: Job) -> Mapping[str, Any]:
    """What outputs the templates tell (ARNs, most of all) without asking the cloud."""
    return job.learn({}).found


def _ask(job: Job) -> Job | None:
    """A job that knows what the cloud knows, null when the resource is gone."""
    told = _told_by_id(job)
    job = job.having(found={**job.found, **told})
    for index, reader in enumerate(job.description.read):
        try:
            answer = job.wait() if index == 0 and job.description.ready else job.run(reader)
        except Exception as trouble:
            if not is_gone(trouble):
                raise
            answer = None
        if answer is None and index == 0:
            return None
        job = job.learn(answer or {})
    # Again, for an answer may use a name of ours for something else.
    return _ask_tags(job.having(found={**job.found, **told}))


def _told_by_id(job: Job) -> dict[str, str]:
    """The properties and outputs that make up the id."""
    told = unfill(job.description.id, job.id)
    return {
        name: value for name, value in told.items() if name in {*job.facts.inputs, *job.facts.outputs_only}
    }


def _ask_tags(job: Job) -> Job:
    tags = job.description.tags
    if tags is None or not tags.read:
        return (
            job
            if tags is None
            else job.having(found={**job.found, "tagsAll": job.found.get("tagsAll") or {}})
        )
    try:
        answer = job.run(Call(operation=tags.read, params=tags.by))
    except Exception as trouble:
        if not is_gone(trouble):
            raise
        answer = {}
    held = next((dig(answer, name) for name in ("tags", "taglist") if dig(answer, name)), None) or {}
    seen = {key: value for key, value in tag_map(held).items() if not key.startswith(OWN_TAGS)}
    return job.having(found={**job.found, "tagsAll": seen})


def _tag_created(job: Job) -> None:
    tags = job.description.tags
    if tags and not tags.on_create and job.properties.get("tagsAll"):
        _retag(job, {})


def _retag(job: Job, before: Mapping[str, str]) -> None:
    tags, wanted = job.description.tags, job.properties.get("tagsAll") or {}
    if tags is None:
        return
    gone = sorted(before.keys() - wanted.keys())
    new = {key: value for key, value in wanted.items() if before.get(key) != value}
    scope = job.scope
    if gone:
        shape = operation_input(job.client, tags.drop)
        key = next(name for name in shape.members if name.lower() in ("tagkeys", "keys"))
        getattr(job.client, tags.drop)(**fill(dict(tags.by), scope), **{key: gone})
    if new:
        shape = operation_input(job.client, tags.write)
        key = next(name for name in shape.members if name.lower() == "tags")
        getattr(job.client, tags.write)(
            **fill(dict(tags.by), scope), **{key: tag_list(new, shape.members[key])}
        )


def _wait_gone(job: Job) -> None:
    end = time.monotonic() + PATIENCE_S
    while job.exists():
        if time.monotonic() > end:
            raise CloudError(f"still there {PATIENCE_S:.0f} s after its deletion")
        time.sleep(POLL_S)


def _state(found: Job, properties: Mapping[str, Value]) -> Properties:
    """What goes into the state: the cloud's values, and of `properties` only those that no cloud knows."""
    own = {"region", "tags", *found.description.local, *fields(found.description.import_id)}
    kept = {name: value for name, value in properties.items() if name in own}
    return {**kept, **found.found}


def foreseen(job: Job, state: Properties, changed: frozenset[str]) -> Properties:
    """What preview shows after an update: the inputs wanted, and of the outputs those that will not move."""
    moving = set(job.description.moves(job.properties, changed)) if job.description.moves else set()
    kept = {
        name: value
        for name, value in state.items()
        if name in job.facts.outputs_only or name in job.facts.optional_computed
    }
    return {**kept, **job.properties, **dict.fromkeys(moving, UNKNOWN)}


def expected(job: Job) -> Properties:
    """What preview shows after a creation: the inputs wanted, and everything that the cloud decides as
    unknown.
    """
    decided = {
        *job.facts.outputs_only,
        *(p for p in job.facts.optional_computed if "." not in p and "[" not in p),
    }
    return {**dict.fromkeys(decided, UNKNOWN), **job.properties}
