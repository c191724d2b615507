"""The terms in which `resources/<service>.py` describes a resource type."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.provider.values import Properties, Same, Value

if TYPE_CHECKING:
    from localcloud.provider.job import Job

EVERYTHING = ("*",)
"""All properties that the operation's input has a member for."""
OWN_TAGS = "localcloud:"
"""Begins the names of tags that no program sees: they keep at the cloud what the emulator forgets."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call.

    `params` are templates over the job's scope (`{id}`, `{arn}`, any property); `sends` names the properties
    that go along, by their members. `pick` is a JMESPath template into the answer; null there means "gone".
    `every` asks for all pages. `clears` sends an empty value for a property that the program has dropped.
    """

    operation: str
    params: Mapping[str, Any] = field(default_factory=dict)
    sends: tuple[str, ...] = ()
    pick: str = "@"
    every: bool = False
    clears: bool = False


@dataclass(frozen=True, kw_only=True)
class Patch:
    """An API Gateway update: one patch operation per changed property, at the path given for it."""

    operation: str
    params: Mapping[str, Any]
    paths: Mapping[str, str]


Hook = Callable[["Job"], Any]
"""What no table can say. As a reader it returns API members, null for gone."""
Action = Call | Patch | Hook


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an update does when one of `properties` has changed, and a creation when one of them is set."""

    properties: tuple[str, ...]
    action: Action
    on_create: bool = False


@dataclass(frozen=True, kw_only=True)
class Member:
    """Where a property lives in the API, and in which form.

    Paths are dotted; `read` is the answer's, if different, and "" where no answer tells it.
    """

    sent: str
    read: str | None = None
    to_api: Callable[[Value], Any] | None = None
    from_api: Callable[[Any], Value] | None = None


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tagging calls of a service; where keys and values go is read from botocore's model.

    `read` None: the resource's own description holds its tags.
    """

    write: str
    drop: str
    by: Mapping[str, str]
    read: str | None = None
    on_create: bool = True


Complaint = tuple[str, str]
"""A property path, and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """One resource type.

    `id`, and `outputs` with a brace in them, are templates; other outputs are paths into what was read.
    `members` holds only what botocore's model does not tell by its names. `local` properties exist in this
    provider alone. `ready` is a JMESPath condition on what the first reader returns. Paths in `unordered`,
    `same` and `computed` write `[]` for any index.

    Hooks: `autoname` gives a name made by Check the form that the service wants (again, for a name that has
    it); `finish` ends a creation and an update; `moves` names the outputs that an update changes, given the
    inputs and the changed ones; `observe` turns what the state held and what the cloud holds into inputs that
    show a drift.
    """

    token: str
    service: str
    id: str
    create: Action
    read: tuple[Action, ...]
    delete: Action
    steps: tuple[Step, ...] = ()
    finish: Hook | None = None
    members: Mapping[str, str | Member] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Tags | None = None
    import_id: str = "{id}"
    local: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    same: Mapping[str, Same] = field(default_factory=dict)
    ready: str = ""
    lingers: bool = False
    model: tuple[str, ...] = ()
    checks: tuple[Callable[[Properties], Iterable[Complaint]], ...] = ()
    replace_if: Mapping[str, Callable[[Value, Value], bool]] = field(default_factory=dict)
    moves: Callable[[Properties, frozenset[str]], Iterable[str]] | None = None
    autoname: Callable[[str, Properties], str] | None = None
    observe: Callable[[Properties, Properties], Properties] | None = None

    @property
    def label(self) -> str:
        """For messages: `SQS Queue`."""
        return f"{self.service} {self.token.rpartition(':')[2]}"

    def member(self, path: str) -> Member:
        known = self.members.get(path, path.rpartition(".")[2])
        return known if isinstance(known, Member) else Member(sent=known)
