"""What each refusal of a store says: one sentence with what it means and the mend, the object's or the settings'."""

import errno

import pytest
from botocore import exceptions as s3_errors

from layoutgen.io.objects import retries as faults
from layoutgen.io.objects.locations import StorageError, StorageFault

URI, PLACE = "s3://shop/a.jpg", "https://store"


def answer(code: str, status: int = 403, **more: str) -> s3_errors.ClientError:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": {}}
    return s3_errors.ClientError(
        {"Error": {"Code": code, "Message": "hunter2", **more}, "ResponseMetadata": meta}, "Get"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidAccessKeyId", "does not know the access key; set AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", "secret key does not belong to the access key; set AWS_ACCESS_KEY_ID"),
        ("ExpiredToken", "session token has expired; renew AWS_SESSION_TOKEN"),
        ("InvalidToken", "does not take the session token; renew"),
        ("RequestTimeTooSkewed", "clock is wrong; set the clock"),
        ("AuthorizationHeaderMalformed", "another region; set AWS_DEFAULT_REGION to the bucket's region, 'eu-west-1'"),
        ("PermanentRedirect", "another region; set AWS_DEFAULT_REGION"),
        ("SecondLevelDomainForbidden", "wants the bucket in the host name; set storage.addressing = 'virtual'"),
        ("PathStyleDomainForbidden", "set storage.addressing = 'virtual'"),
        ("InvalidPathAccess", "set storage.addressing = 'virtual'"),
    ],
)
def test_what_settings_have_to_mend_is_an_error_that_says_how(code: str, said: str) -> None:
    with pytest.raises(StorageError) as caught:
        faults.fault_of(URI, answer(code, Region="eu-west-1"), PLACE)
    assert caught.value.fault is None
    assert said in str(caught.value)
    assert code in str(caught.value)
    assert URI in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (answer("InvalidObjectState"), "archived", "is archived (InvalidObjectState 403); restore it, or give a copy"),
        (answer("AccessDenied"), "access_denied", "is forbidden (AccessDenied 403); allow the job to use it"),
        (answer("NoSuchBucket", 404), "not_found", "no bucket for s3://shop/a.jpg; create it"),
        (answer("NoSuchKey", 404), "not_found", "nothing at s3://shop/a.jpg"),
        (PermissionError(errno.EACCES, "x"), "access_denied", "(PermissionError: Permission denied)"),
    ],
)
def test_what_one_object_is_to_blame_for_is_its_fault(error: Exception, kind: str, said: str) -> None:
    fault = faults.fault_of(URI, error, PLACE)
    assert isinstance(fault, StorageFault)
    assert fault.kind == kind
    assert said in fault.message


def test_a_stores_answer_is_known_in_the_error_that_s3fs_makes_of_it() -> None:
    error = PermissionError("The operation is not valid for the object's storage class")
    error.__cause__ = answer("InvalidObjectState")
    fault = faults.fault_of(URI, error, PLACE)
    assert fault is not None
    assert fault.kind == "archived"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (answer("SlowDown", 503), "(SlowDown 503), tried 1 times, for s3://shop/a.jpg; ask for less at once"),
        (s3_errors.SSLError(endpoint_url="https://u:hunter2@x", error="bad"), "give AWS_CA_BUNDLE the certificate"),
        (
            s3_errors.EndpointConnectionError(endpoint_url="x", error="[Errno -2] Name or service not known"),
            "no such host",
        ),
        (s3_errors.EndpointConnectionError(endpoint_url="x", error="[Errno 111] refused"), "see that it is up"),
        (
            OSError(errno.ENOSPC, "x"),
            "(OSError: No space left on device), tried 1 times, for s3://shop/a.jpg; make room",
        ),
    ],
)
def test_what_does_not_pass_says_what_to_do(error: Exception, said: str) -> None:
    def ask() -> None:
        raise error

    with pytest.raises(StorageError) as caught:
        faults.retried(URI, ask, 1, PLACE)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
