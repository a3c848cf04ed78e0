"""What an error of storage means, and trying again where it may pass.

A fault of one object (missing, forbidden) is a value; what no retry mends (wrong credentials), or stands after all
attempts, is a StorageError. No message repeats an error's own, which may hold a URL with credentials in it.
"""

import errno
import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore import exceptions as s3_errors
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from layoutgen.io.locations import StorageError, StorageFault

_BACKOFF_S, _LONGEST_BACKOFF_S = 0.2, 8.0

_MISSING = {
    *("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound", "404"),
    *("KeyTooLongError", "InvalidArgument", "InvalidBucketName", "InvalidURI"),
}
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "Forbidden", "InvalidObjectState"}
_WRONG_CREDENTIALS = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"),
    *("ExpiredToken", "InvalidToken", "InvalidSecurity", "RequestTimeTooSkewed"),
}
_PASSING = {
    *("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests", "InternalError"),
    *("ConditionalRequestConflict", "OperationAborted"),
}
_PASSING_ERRORS = (
    *(s3_errors.HTTPClientError, s3_errors.ConnectionError, s3_errors.IncompleteReadError),
    *(ResponseParserError, HTTPError, OSError),
)
_NO_FILE = (s3_errors.ParamValidationError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)
_NO_CREDENTIALS = (
    *(s3_errors.NoCredentialsError, s3_errors.PartialCredentialsError),
    *(s3_errors.CredentialRetrievalError, s3_errors.ProfileNotFound),
)

Value = TypeVar("Value")


def retried(uri: str, ask: Callable[[], Value], attempts: int, place: str) -> Value | StorageFault:
    """Do one thing with an object, again after a growing pause where it failed for a passing reason; `place` names what
    serves it. Raises StorageError."""
    reason = ""
    for attempt in range(attempts):
        if attempt:
            pause = min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2**attempt)
            time.sleep(pause * random.SystemRandom().uniform(0.5, 1))
        try:
            return ask()
        except (s3_errors.BotoCoreError, s3_errors.ClientError, *_PASSING_ERRORS) as error:
            fault = _judge(uri, error, place)
            if fault is not None:
                return fault
            reason = _reason(error)
    raise StorageError(
        f"{place} can't be reached or used ({reason}), tried {attempts} times, for {uri}; "
        "see that it is up, and that storage.endpoint_url is right"
    )


def _judge(uri: str, error: Exception, place: str) -> StorageFault | None:
    """Return the fault of the object that an error tells of, or None for a passing failure; raise StorageError for
    what neither a retry nor another object mends."""
    code, status = code_of(error)
    if isinstance(error, _NO_CREDENTIALS) or code in _WRONG_CREDENTIALS:
        raise StorageError(
            f"{place} refuses the credentials of the environment ({_reason(error)}), for {uri}; "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair that it knows"
        ) from None
    if code in _PASSING or status >= 500 or status == 429:
        return None
    if code == "NoSuchBucket":
        return StorageFault("not_found", f"no bucket for {uri}; create it, or correct the URI")
    if code in _MISSING or status == 404 or isinstance(error, _NO_FILE) or _errno(error) in _NO_PATH:
        return StorageFault("not_found", f"nothing at {uri} ({_reason(error)}); put it there, or correct the path")
    if code in _FORBIDDEN or status == 403 or isinstance(error, PermissionError):
        return StorageFault("access_denied", f"{uri} is forbidden ({_reason(error)}); allow the job to use it")
    if isinstance(error, _PASSING_ERRORS):
        return None
    raise StorageError(f"{place} can't be used ({_reason(error)}), for {uri}") from None


def code_of(error: Exception) -> tuple[str, int]:
    """Return S3's error code and the HTTP status of an answer; "" and 0 for any other error."""
    if not isinstance(error, s3_errors.ClientError):
        return "", 0
    answer = error.response
    return str(answer.get("Error", {}).get("Code", "")), int(
        answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    )


def _errno(error: Exception) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _reason(error: Exception) -> str:
    """Name an error without its message, which may hold a URL with credentials in it."""
    return " ".join(str(part) for part in code_of(error) if part) or type(error).__name__
