"""What can be seen to go wrong. A symptom says what is seen, never what to do: that is the runbook's."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """One metric over `minutes` consecutive one-minute periods, each at least `at_least`."""

    slug: str  # ends the alarm's name and is the heading in the runbook
    impact: str  # one sentence, from the user's side
    metric: str
    statistic: str  # Sum, Maximum, … or a percentile such as p95
    at_least: float
    minutes: int
    severity: Severity
    # What a minute without data points means: `notBreaching` where silence is good news.
    silence: Literal["notBreaching", "breaching"]


# AWS/Lambda and AWS/ApiGateway publish nothing for a minute without requests, AWS/DynamoDB nothing without
# throttling: silence is a quiet or a healthy minute. None of these can see that nobody reaches the API.
CRASHES = Symptom(
    slug="crashes",
    impact="Calls fail with 500: the function raised, ran out of memory or ran out of time.",
    metric="Errors",
    statistic="Sum",
    at_least=1,
    minutes=3,
    severity="page",
    silence="notBreaching",
)
THROTTLED = Symptom(
    slug="throttled",
    impact="Calls fail with 500 or 429: Lambda refuses to run more of the function at once.",
    metric="Throttles",
    statistic="Sum",
    at_least=1,
    minutes=3,
    severity="page",
    silence="notBreaching",
)
NEAR_TIMEOUT = Symptom(
    slug="near-timeout",
    impact="Calls are slow, and will fail when the function takes a little longer.",
    metric="Duration",
    statistic="Maximum",
    at_least=1,  # milliseconds; each function puts 80 % of its timeout here
    minutes=3,
    severity="ticket",
    silence="notBreaching",
)
SERVER_ERRORS = Symptom(
    slug="server-errors",
    impact="Publishers and consumers get answers of 5xx.",
    metric="5XXError",
    statistic="Sum",
    at_least=3,
    minutes=3,
    severity="page",
    silence="notBreaching",
)
SLOW_ANSWERS = Symptom(
    slug="slow-answers",
    impact="One call in twenty takes 5 seconds or more.",
    metric="Latency",
    statistic="p95",
    at_least=5000,  # milliseconds; a publish may take 20 seconds, most calls take under one
    minutes=15,
    severity="ticket",
    silence="notBreaching",
)
READS_THROTTLED = Symptom(
    slug="reads-throttled",
    impact="Reads are retried and slow, some fail with 429: DynamoDB refuses part of them.",
    metric="ReadThrottleEvents",
    statistic="Sum",
    at_least=1,
    minutes=5,
    severity="ticket",
    silence="notBreaching",
)
WRITES_THROTTLED = Symptom(
    slug="writes-throttled",
    impact="Publishing is slow, some of it fails with 429: DynamoDB refuses part of the writes.",
    metric="WriteThrottleEvents",
    statistic="Sum",
    at_least=1,
    minutes=5,
    severity="ticket",
    silence="notBreaching",
)
# AWS/SQS falls silent for a queue that nobody has used for six hours.
DEAD_LETTERS = Symptom(
    slug="dead-letters",
    impact="Work was given up and waits in the dead-letter queue for somebody to decide.",
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    at_least=1,
    minutes=1,
    severity="page",
    silence="notBreaching",
)
STALE_MESSAGES = Symptom(
    slug="stale-messages",
    impact="Changes take long to arrive: the oldest message waits although it should be done.",
    metric="ApproximateAgeOfOldestMessage",
    statistic="Maximum",
    at_least=1,  # seconds; each queue puts its own limit here
    minutes=5,
    severity="ticket",
    silence="notBreaching",
)
STREAM_BEHIND = Symptom(
    slug="stream-behind",
    impact="Changes of the entity table reach nobody; after 24 hours they would be lost.",
    metric="IteratorAge",
    statistic="Maximum",
    at_least=600_000,  # milliseconds
    minutes=5,
    severity="page",
    silence="notBreaching",
)
