"""How Lambda works off a DynamoDB stream; the emulator's own way retries one failed batch for ever.

A batch is tried again from the first record that failed (`ReportBatchItemFailures`), in halves where the
mapping says so, and given up after its retries or its age, to a queue, a topic or, with its records, a
bucket. Between tries it waits 1, 2, 4 … 60 seconds, and other mappings go on. What nobody has read outlives
a stop of the emulator.
"""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn  # type: ignore[import-not-found]
from ministack.core.responses import new_uuid, request_scope  # type: ignore[import-not-found]
from ministack.services import dynamodb, lambda_svc, s3  # type: ignore[import-not-found]

SHARD = "shardId-00000000000000000000-00000000"
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Batch:
    """`records` of the stream from `position` on, before any filter. `tries` have failed at this position."""

    position: int
    records: list[Any]
    tries: int


@dataclass(frozen=True, kw_only=True)
class Retry:
    """What is known of the batch that failed last; `size` None: as the mapping says."""

    position: int
    tries: int
    size: int | None


_retries: dict[str, Retry] = {}


def correct() -> None:
    lambda_svc._poll_dynamodb_streams = pump
    dynamodb.get_state = with_streams(dynamodb.get_state)
    dynamodb.load_persisted_state = restoring_streams(dynamodb.load_persisted_state)


def with_streams(get_state: Callable[[], Any]) -> Callable[[], Any]:
    """`get_state` is what the emulator saves of DynamoDB; mappings' positions it saves elsewhere."""
    return lambda: {
        **get_state(),
        "stream_records": copy.deepcopy(dynamodb._stream_records),
        "stream_trimmed": copy.deepcopy(dynamodb._stream_trimmed),
        "stream_sequence": dynamodb._stream_seq_counter,
    }


def restoring_streams(load: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`load` takes the saved state up."""

    def loaded(data: Any) -> Any:
        if data and "stream_records" in data:
            dynamodb._stream_records.update(data["stream_records"])
            dynamodb._stream_trimmed.update(data["stream_trimmed"])
            dynamodb._stream_seq_counter = data["stream_sequence"]
        return load(data)

    return loaded


def pump() -> bool:
    """Start the next batch of every mapping that has one and is not at work; whether there was any."""
    found = [_begin(account, region, mapping) for account, region, mapping in lambda_svc._iter_all_esms()]
    return any(found)


def _begin(account: str, region: str, mapping: Any) -> bool:
    with request_scope(account, region):
        id_ = mapping["UUID"]
        waits = lambda_svc._esm_backoff_until.get(id_, 0) > time.time()
        table = _table(mapping)
        if table is None or waits or lambda_svc._esm_inflight.get(id_, 0):
            return False
        function, _ = lambda_svc._get_func_record_for_qualifier(
            mapping["FunctionName"], mapping.get("Qualifier")
        )
        position = _position(mapping, table)
        retry = _retries.get(id_)
        if retry is None or retry.position != position:
            retry = Retry(position=position, tries=0, size=None)
        size = retry.size or mapping.get("BatchSize") or 100
        records = dynamodb.stream_records_since(table, position, size)
        if not records or function is None:
            return False
        batch = Batch(position=position, records=records, tries=retry.tries)
        lambda_svc._dispatch_esm_batch(id_, _work, mapping, function, batch)
        return True


def _table(mapping: Any) -> str | None:
    """The table whose stream this mapping reads, while both are on."""
    source = mapping.get("EventSourceArn", "")
    try:
        spec = parse_arn(source)
    except ArnParseError:
        return None
    if spec.service != "dynamodb" or not mapping.get("Enabled", True):
        return None
    found = lambda_svc._dynamodb_stream_table_from_arn_spec(spec)
    table = dynamodb._tables.get(found[0]) if found else None
    return found[0] if table and table.get("LatestStreamArn") == source else None


def _position(mapping: Any, table: str) -> int:
    """Where to go on. A stream that was switched off and on counts from the start again."""
    oldest, end = dynamodb.stream_start_position(table), dynamodb.stream_end_position(table)
    first = oldest if mapping.get("StartingPosition") == "TRIM_HORIZON" else end
    with lambda_svc._dynamodb_stream_positions_lock:
        known = lambda_svc._dynamodb_stream_positions.get(mapping["UUID"], first)
        position = known if oldest <= known <= end else oldest
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    return int(position)


def _work(mapping: Any, function: Any, batch: Batch) -> None:
    wanted = lambda_svc._apply_filter_criteria(batch.records, mapping)
    result = lambda_svc._execute_function(function, {"Records": wanted}) if wanted else {}
    failed = _first_failed(mapping, wanted, result) if wanted else None
    if failed is None:
        mapping["LastProcessingResult"] = f"OK - {len(wanted)} records"
        _go_on(mapping, batch.position + len(batch.records))
        return
    mapping["LastProcessingResult"] = "FAILED"
    done = next(place for place, record in enumerate(batch.records) if record is failed)
    rest = Batch(
        position=batch.position + done,
        records=batch.records[done:],
        tries=1 if done else batch.tries + 1,
    )
    _go_on(mapping, rest.position)
    _try_again_or_give_up(mapping, function, rest, result)


def _first_failed(mapping: Any, wanted: list[Any], result: Any) -> Any:
    """The record to go on from, None when all is done. What names no record of the batch means all failed."""
    if result.get("error"):
        return wanted[0]
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or ()):
        return None
    body = result.get("body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    if not failures:
        return None
    named = [failure.get("itemIdentifier") for failure in failures]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in wanted]
    if any(name not in numbers for name in named):
        return wanted[0]
    return wanted[min(numbers.index(name) for name in named)]


def _try_again_or_give_up(mapping: Any, function: Any, rest: Batch, result: Any) -> None:
    id_, size = mapping["UUID"], len(rest.records)
    condition = _exhausted(mapping, rest)
    if mapping.get("BisectBatchOnFunctionError") and size > 1:
        # A split counts as no retry.
        _retries[id_] = Retry(position=rest.position, tries=rest.tries - 1, size=(size + 1) // 2)
    elif condition is None:
        _retries[id_] = Retry(position=rest.position, tries=rest.tries, size=size)
        wait = min(2.0 ** (rest.tries - 1), LONGEST_WAIT_S) if rest.tries < 8 else LONGEST_WAIT_S
        lambda_svc._esm_backoff_until[id_] = time.time() + wait
    else:
        wanted = lambda_svc._apply_filter_criteria(rest.records, mapping)
        _report(mapping, function, wanted, result, condition=condition, tries=rest.tries)
        _go_on(mapping, rest.position + size)


def _exhausted(mapping: Any, rest: Batch) -> str | None:
    """Why no more may be tried, in Lambda's words; None while it may. -1 and none at all mean no limit."""
    most, age_s = mapping.get("MaximumRetryAttempts"), mapping.get("MaximumRecordAgeInSeconds")
    oldest = float(rest.records[0]["dynamodb"].get("ApproximateCreationDateTime") or time.time())
    if age_s is not None and 0 <= age_s < time.time() - oldest:
        return "MaxRecordAgeExceeded"
    return "RetryAttemptsExhausted" if most is not None and 0 <= most < rest.tries else None


def _go_on(mapping: Any, position: int) -> None:
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    _retries.pop(mapping["UUID"], None)
    lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)


def _report(
    mapping: Any, function: Any, records: list[Any], result: Any, *, condition: str, tries: int
) -> None:
    """Tell the mapping's destination what was given up; only a bucket gets the records themselves."""
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or ""
    source = mapping["EventSourceArn"]
    if not destination.startswith("arn:aws:s3:::"):
        lambda_svc._send_ddb_stream_failure_record(mapping, function, records, source, result, condition)
        return
    record = _invocation_record(function, records, source, condition=condition, tries=tries)
    at = time.gmtime()
    folder = f"aws/lambda/{mapping['UUID']}/{SHARD}/{time.strftime('%Y/%m/%d', at)}"
    key = f"{folder}/{time.strftime('%Y-%m-%dT%H.%M.%S', at)}-{new_uuid()}"
    s3._put_object(destination.rpartition(":")[2], key, json.dumps(record).encode(), {})


def _invocation_record(
    function: Any, records: list[Any], source: str, *, condition: str, tries: int
) -> dict[str, Any]:
    """As documented in the Lambda developer guide, "Retain discarded records for a DynamoDB event source"."""
    first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
    return {
        "requestContext": {
            "requestId": new_uuid(),
            "functionArn": function["config"]["FunctionArn"],
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": function["config"].get("Version", "$LATEST"),
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": _iso(time.time()),
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
            "batchSize": len(records),
            "streamArn": source,
        },
        "payload": json.dumps({"Records": records}),
    }


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(seconds)))
