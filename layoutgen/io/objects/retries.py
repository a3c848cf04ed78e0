"""What an error of storage means, and trying again where it may pass.

A fault of one object (missing, forbidden) is a value; what no retry mends (wrong credentials), or stands after all
attempts, is a StorageError. No message repeats an error's own, which may hold a URL with credentials in it.
"""

import errno
import os
import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore import exceptions as s3_errors
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from layoutgen.io.objects.locations import StorageError, StorageFault

_BACKOFF_S, _LONGEST_BACKOFF_S = 0.2, 8.0

_MISSING = {
    *("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound", "404"),
    *("KeyTooLongError", "InvalidArgument", "InvalidBucketName", "InvalidURI"),
}
_FORBIDDEN = {"AccessDenied", "AllAccessDisabled", "Forbidden"}
_ARCHIVED = {"InvalidObjectState", "ObjectNotInActiveTierError", "RestoreAlreadyInProgress"}
_PASSING = {
    *("SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests", "InternalError"),
    *("ConditionalRequestConflict", "OperationAborted", "QpsLimitExceeded", "ExceedAccountQPSLimit"),
}
_SET_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair that it knows"
_RENEW = "renew AWS_SESSION_TOKEN with its two keys, or use keys that last as long as the run"
_SET_REGION = "set AWS_DEFAULT_REGION to the bucket's region"
_SET_ADDRESSING = "set storage.addressing = 'virtual', and an endpoint without the bucket's name"
# What the environment or the settings have to say otherwise: no object is to blame, and no retry helps.
_REFUSALS = {
    **dict.fromkeys(("InvalidAccessKeyId", "InvalidSecurity"), ("does not know the access key", _SET_KEYS)),
    "SignatureDoesNotMatch": ("finds that the secret key does not belong to the access key", _SET_KEYS),
    **dict.fromkeys(("ExpiredToken", "TokenRefreshRequired"), ("says that the session token has expired", _RENEW)),
    **dict.fromkeys(("InvalidToken", "SecurityTokenExpired"), ("does not take the session token", _RENEW)),
    "RequestTimeTooSkewed": ("says that this machine's clock is wrong", "set the clock (NTP)"),
    **dict.fromkeys(
        (
            "AuthorizationHeaderMalformed",
            "PermanentRedirect",
            "TemporaryRedirect",
            "IllegalLocationConstraintException",
        ),
        ("has the bucket in another region", _SET_REGION),
    ),
    **dict.fromkeys(
        ("SecondLevelDomainForbidden", "PathStyleDomainForbidden", "InvalidPathAccess"),
        ("wants the bucket in the host name", _SET_ADDRESSING),
    ),
}
_NO_CREDENTIALS = (
    *(s3_errors.NoCredentialsError, s3_errors.PartialCredentialsError),
    *(s3_errors.CredentialRetrievalError, s3_errors.ProfileNotFound),
)
_PASSING_ERRORS = (
    *(s3_errors.HTTPClientError, s3_errors.ConnectionError, s3_errors.IncompleteReadError),
    *(ResponseParserError, HTTPError, OSError),
)
FAILURES = (s3_errors.BotoCoreError, s3_errors.ClientError, *_PASSING_ERRORS)
_NO_FILE = (s3_errors.ParamValidationError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)
_UP = "see that it is up, and that storage.endpoint_url is right"

Value = TypeVar("Value")


def retried(uri: str, ask: Callable[[], Value], attempts: int, place: str) -> Value | StorageFault:
    """Do one thing with an object, again after a growing pause where it failed for a passing reason; `place` names what
    serves it. Raises StorageError."""
    reason = mend = ""
    for attempt in range(attempts):
        if attempt:
            pause = min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2**attempt)
            time.sleep(pause * random.SystemRandom().uniform(0.5, 1))
        try:
            return ask()
        except FAILURES as error:
            fault = fault_of(uri, error, place)
            if fault is not None:
                return fault
            error = _cause(error)
            reason, mend = reason_of(error), _mend(error)
    raise StorageError(f"{place} can't be reached or used ({reason}), tried {attempts} times, for {uri}; {mend}")


def fault_of(uri: str, error: Exception, place: str) -> StorageFault | None:
    """Return the fault of the object that an error tells of, or None for a passing failure; raise StorageError for
    what neither a retry nor another object mends."""
    error = _cause(error)
    code, status = code_of(error)
    reason = reason_of(error)
    if isinstance(error, _NO_CREDENTIALS):
        raise StorageError(
            f"{place} refuses the credentials of the environment ({reason}), for {uri}: it found none; "
            f"{_SET_KEYS}, or AWS_PROFILE"
        ) from None
    if code in _REFUSALS or status == 301:
        what, mend = _REFUSALS.get(code, _REFUSALS["PermanentRedirect"])
        mend = f"{mend}, {region!r}" if mend == _SET_REGION and (region := _region(error)) else mend
        refuses = "refuses the credentials of the environment" if mend in (_SET_KEYS, _RENEW) else "refuses requests"
        raise StorageError(f"{place} {refuses} ({reason}), for {uri}: it {what}; {mend}") from None
    if code in _PASSING or status >= 500 or status == 429:
        return None
    if code == "NoSuchBucket":
        return StorageFault("not_found", f"no bucket for {uri}; create it, or correct the URI")
    if code in _ARCHIVED:
        return StorageFault("archived", f"{uri} is archived ({reason}); restore it, or give a copy that can be read")
    if code in _MISSING or status == 404 or isinstance(error, _NO_FILE) or _errno(error) in _NO_PATH:
        return StorageFault("not_found", f"nothing at {uri} ({reason}); put it there, or correct the path")
    if code in _FORBIDDEN or status == 403 or isinstance(error, PermissionError):
        return StorageFault("access_denied", f"{uri} is forbidden ({reason}); allow the job to use it")
    if isinstance(error, _PASSING_ERRORS):
        return None
    raise StorageError(f"{place} can't be used ({reason}), for {uri}; look up what its store means by that") from None


def _cause(error: Exception) -> Exception:
    """The store's own answer, where s3fs made an OSError of it."""
    cause = error.__cause__
    return cause if isinstance(error, OSError) and isinstance(cause, s3_errors.ClientError) else error


def _mend(error: Exception) -> str:
    """What to do about a failure that did not pass."""
    code, status = code_of(error)
    text = str(getattr(error, "kwargs", {}).get("error", error)).lower()  # botocore keeps the cause there
    if code in ("SlowDown", "Throttling", "QpsLimitExceeded", "ExceedAccountQPSLimit") or status in (429, 503):
        return "ask for less at once: storage.concurrency, images.pool.size"
    if isinstance(error, s3_errors.SSLError):
        return "give AWS_CA_BUNDLE the certificate that signed its own, or write http:// where it speaks no TLS"
    if "name or service not known" in text or "name resolution" in text or "nodename nor servname" in text:
        return "no such host is known here: correct storage.endpoint_url, or storage.addressing or the region"
    if _errno(error) in (errno.ENOSPC, errno.EDQUOT):
        return "make room there"
    if _errno(error) == errno.EROFS:
        return "give a folder that can be written"
    return _UP


def code_of(error: Exception) -> tuple[str, int]:
    """Return S3's error code and the HTTP status of an answer; "" and 0 for any other error."""
    if not isinstance(error, s3_errors.ClientError):
        return "", 0
    answer = error.response
    return str(answer.get("Error", {}).get("Code", "")), int(
        answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    )


def _region(error: Exception) -> str:
    """The bucket's region, where the answer names it."""
    answer = error.response if isinstance(error, s3_errors.ClientError) else {}
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(answer.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region") or "")


def _errno(error: Exception) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def reason_of(error: Exception) -> str:
    """Name an error without its message, which may hold a URL with credentials in it."""
    number = _errno(error)
    named = f"{type(error).__name__}: {os.strerror(number)}" if number else type(error).__name__
    return " ".join(str(part) for part in code_of(error) if part) or named
