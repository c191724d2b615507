"""What can go wrong between a person and their local cloud."""


class LocalCloudError(Exception):
    """`str()` is one sentence for the person at the keyboard that says what to do."""
