"""Objects of an S3 store: one request a method, which `storage` tries again."""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, cast

import pyarrow.fs
from botocore import exceptions as s3_errors

from layoutgen.io.objects import retries
from layoutgen.io.objects.connections import CONNECT_TIMEOUT_S, Endpoint
from layoutgen.io.objects.locations import ConflictError, Entry, StorageError, StorageFault, too_many_bytes
from layoutgen.io.objects.protocol import Admit

CHECK_S = 12.0


@dataclass(frozen=True)
class S3Objects:
    """The object at `key` of a bucket, or what lies below it; see `objects.protocol.Objects`. A version is an ETag."""

    uri: str
    endpoint: Endpoint
    bucket: str
    key: str

    @property
    def _named(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}

    def read(self, max_bytes: int | None, admit: Admit | None = None) -> tuple[bytes, str] | StorageFault:
        """Bytes and version, read together."""
        answer = self.endpoint.client().get_object(**self._named)
        with closing(answer["Body"]) as body:
            version = str(answer.get("ETag", ""))
            fault = too_many_bytes(self.uri, answer["ContentLength"], max_bytes, version)
            if admit and not fault:
                admit(answer["ContentLength"])
            return fault or (body.read(), version)

    def write(self, data: bytes) -> None:
        """Write the object; readers see the old one or the new one whole."""
        self.endpoint.client().put_object(**self._named, Body=data)

    def write_if(self, data: bytes, version: str | None) -> str:
        """Write where the ETag still is `version`."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            return str(self.endpoint.client().put_object(**self._named, Body=data, **condition)["ETag"])
        except s3_errors.ClientError as error:
            code, status = retries.code_of(error)
            is_gone = version is not None and (code == "NoSuchKey" or status == 404)
            if code != "PreconditionFailed" and status != 412 and not is_gone:
                raise
        # An earlier attempt of ours may have been carried out though its answer was lost.
        there = self._there()
        if there is not None and there[0] == data:
            return there[1]
        raise ConflictError(f"{self.uri} was changed by another writer")

    def copy_from(self, source: "S3Objects", version: str) -> str:
        """Have the store copy an object whose ETag still is `version`; return the copy's ETag. It has to be the same:
        some stores ignore the condition, and an ETag that is no digest (SSE-KMS) shows nothing."""
        try:
            answer = self.endpoint.client().copy_object(
                **self._named, CopySource=source._named, CopySourceIfMatch=version, MetadataDirective="COPY"
            )
        except s3_errors.ClientError as error:
            code, status = retries.code_of(error)
            if code in ("PreconditionFailed", "NoSuchKey") or status in (404, 412):
                raise ConflictError(f"{source.uri} was changed or removed") from None
            if code in ("NotImplemented", "MethodNotAllowed") or status in (405, 501):
                raise NotImplementedError(f"{self.endpoint.name} copies no objects") from None
            raise
        if answer["CopyObjectResult"]["ETag"] != version:
            raise ConflictError(f"{self.uri} is not shown to be a copy of what {source.uri} was")
        return version

    def _there(self) -> tuple[bytes, str] | None:
        try:
            return cast(tuple[bytes, str], self.read(None))
        except s3_errors.ClientError as error:
            if retries.code_of(error)[1] == 404:
                return None
            raise

    def version(self) -> str:
        """The ETag alone."""
        return str(self.endpoint.client().head_object(**self._named)["ETag"])

    def exists(self) -> bool:
        """Whether there is an object; where there is none the request fails."""
        return bool(self.endpoint.client().head_object(**self._named))

    def delete(self) -> None:
        """Delete the object; one that isn't there is no error."""
        self.endpoint.client().delete_object(**self._named)

    def listed(self, attempt: Callable[[str, Callable[[], Any]], Any]) -> Iterable[Entry]:
        """URI, bytes, ETag and time of every object below the folder, each page through `attempt`."""
        folder = f"{self.key.rstrip('/')}/" if self.key.strip("/") else ""
        page_asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": folder}
        while True:
            page = attempt(self.uri, lambda: self.endpoint.client().list_objects_v2(**page_asked))
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):  # a folder's marker
                    at = entry["LastModified"].timestamp()
                    yield f"s3://{self.bucket}/{entry['Key']}", entry["Size"], _version_of(entry), at
            if not page.get("IsTruncated"):
                return
            page_asked["ContinuationToken"] = page["NextContinuationToken"]

    def page(self, prefix: str, after: str) -> tuple[dict[str, str], bool]:
        """Keys of the bucket below a prefix that follow a key, at most 1,000, with their ETags, and whether others
        follow them."""
        asked = {"Bucket": self.bucket, "Prefix": prefix, "StartAfter": after}
        page = self.endpoint.client().list_objects_v2(**asked)
        return {entry["Key"]: _version_of(entry) for entry in page.get("Contents", [])}, page["IsTruncated"]

    def open(self) -> BinaryIO:
        """The object, to read parts of it."""
        return cast(BinaryIO, self.endpoint.s3fs().open(f"{self.bucket}/{self.key}", "rb"))

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """The filesystem for Parquet, and the path in it."""
        return pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(self.endpoint.s3fs())), f"{self.bucket}/{self.key}"

    def check(self) -> None:
        """Raise StorageError, after about 12 s at most, where the endpoint does not answer, take the credentials or
        have the bucket."""
        outcome: list[str] = []
        timeout_s = min(self.endpoint.timeout_s, CONNECT_TIMEOUT_S)
        quick = replace(self.endpoint, attempts=min(self.endpoint.attempts, 2), timeout_s=timeout_s)

        def ask() -> None:
            try:
                answer = retries.retried(
                    self.uri,
                    lambda: quick.client().list_objects_v2(Bucket=self.bucket, MaxKeys=1),
                    quick.attempts,
                    quick.name,
                )
                outcome.append(answer.message if isinstance(answer, StorageFault) else "")
            except StorageError as error:
                outcome.append(str(error))

        # A daemon thread, because a name server that doesn't answer blocks for longer than any timeout of botocore's.
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(CHECK_S)
        message = outcome[0] if outcome else f"{self.endpoint.name} gave no answer in {CHECK_S:g} s, for {self.uri}"
        if message:
            raise StorageError(message)


def _version_of(entry: Mapping[str, Any]) -> str:
    """The ETag in a listing, as the object's own answers have it: some stores leave the quotes out there."""
    tag = str(entry.get("ETag", ""))
    return tag if not tag or tag.endswith('"') else f'"{tag}"'
