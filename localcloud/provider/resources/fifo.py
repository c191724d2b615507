"""What queues and topics share: being first-in-first-out shows in the name, and has attributes of its own."""

from localcloud.provider.values import Properties

_SUFFIX = ".fifo"
_LONGEST = 80
"""Characters of a queue's or a topic's name, the suffix included."""


def fifo_name(name: str, *, fifo: object) -> str:
    """`name` with the suffix when `fifo`, else without it."""
    stem = name.removesuffix(_SUFFIX)
    return stem[: _LONGEST - len(_SUFFIX)] + _SUFFIX if fifo else stem


def without_fifo(properties: Properties, switch: str) -> Properties:
    """A standard queue or topic refuses the attributes of a FIFO one, even when they say no."""
    if properties.get(switch):
        return properties
    fifo_only = (switch, "contentBasedDeduplication")
    return {name: value for name, value in properties.items() if name not in fifo_only}
