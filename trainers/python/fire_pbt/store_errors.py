"""What goes wrong with the store, as activities/storage/store-errors.ts has it: what passes, and what does not."""

from __future__ import annotations

from botocore.exceptions import ClientError

#: Errors with a status of 4xx that pass: the request was slow, damaged on its way, too soon, or its token expired.
_PASSING_CODES = {
    "BadDigest",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteBody",
    # Of parts that the store has dropped: the next attempt begins a new upload.
    "NoSuchUpload",
    "OperationAborted",
    "RequestExpired",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TokenRefreshRequired",
    "TooManyRequests",
    "XAmzContentSHA256Mismatch",
}
_PASSING_STATUSES = {408, 409, 425, 429}
_NOT_IMPLEMENTED = 501


def is_missing_object(error: ClientError) -> bool:
    """Return whether there is no such object."""
    return _code(error) in ("NoSuchKey", "404")


def is_permanent(error: ClientError) -> bool:
    """Return whether the same request would get the same answer until somebody changes the store."""
    status = _status(error)
    if status is None or status in _PASSING_STATUSES or _code(error) in _PASSING_CODES:
        return False
    return 300 <= status < 500 or status == _NOT_IMPLEMENTED


def advice(error: ClientError) -> str:
    """Return what to do about an error that is permanent."""
    if _code(error) == "NoSuchBucket":
        return "Create the bucket"
    if _status(error) in (401, 403):
        return "Grant the right"
    return "Look in the store's log for why it refuses that, or use another store"


def _code(error: ClientError) -> str | None:
    return error.response.get("Error", {}).get("Code")


def _status(error: ClientError) -> int | None:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
