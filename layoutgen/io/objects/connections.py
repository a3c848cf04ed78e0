"""Connections to S3, one a process and endpoint, for `objects.s3` alone."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.utils import parse_timestamp

from layoutgen.io.objects.locations import StorageError

CONNECT_TIMEOUT_S = 5.0
Addressing = Literal["auto", "path", "virtual"]
# Stores that refuse https://HOST/bucket/key and want https://bucket.HOST/key: OSS, COS, TOS.
_VIRTUAL_HOSTS = (".aliyuncs.com", ".myqcloud.com", ".tencentcos.cn", ".volces.com", ".ivolces.com", ".bytepluses.com")
Identity = tuple[int | str | None, ...]


@dataclass(frozen=True)
class Endpoint:
    """A store and how it is asked; `url` is empty for AWS. Its clients are this process's own."""

    url: str
    attempts: int
    timeout_s: float
    concurrency: int
    addressing: Addressing

    @property
    def name(self) -> str:
        """The store's name for messages, without a password that its URL may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else self.url or "AWS S3"

    def client(self) -> Any:
        """The botocore client."""
        return client(process(), self.url, self.timeout_s, self.concurrency, self.addressing)

    def s3fs(self) -> Any:
        """The s3fs filesystem, for Parquet."""
        return s3fs_of(process(), self.url, self.timeout_s, self.attempts, self.addressing)


def process() -> Identity:
    """Return what a connection belongs to: this process (a forked worker must not use its parent's sockets) and the
    credentials and region of its environment."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION")
    return os.getpid(), *(os.environ.get(name) for name in names)


@lru_cache(maxsize=8)
def client(process: Identity, url: str, timeout_s: float, concurrency: int, addressing: Addressing) -> Any:
    """A botocore client for a process, an endpoint (empty: AWS) and a number of requests in flight."""
    options = settings(url, timeout_s, addressing)
    session = botocore.session.get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    try:
        return session.create_client(
            "s3", endpoint_url=url or None, config=Config(max_pool_connections=concurrency, **options)
        )
    except ValueError:
        raise StorageError(
            f"endpoint {url.rpartition('@')[2]!r} is no URL; write storage.endpoint_url as https://HOST[:PORT]"
        ) from None


def moment(value: Any) -> datetime:
    """A time in an answer. A page of a listing has a thousand, on which botocore's own parser spends two thirds of all
    the work that reading the page is."""
    if isinstance(value, str) and "T" in value:
        with suppress(ValueError):
            at = datetime.fromisoformat(value)
            if at.tzinfo:
                return at
    return cast(datetime, parse_timestamp(value))


@lru_cache(maxsize=8)
def s3fs_of(process: Identity, url: str, timeout_s: float, attempts: int, addressing: Addressing) -> Any:
    """An s3fs filesystem over the same settings, for Parquet readers and writers."""
    import s3fs  # 0.15 s that only few workers need

    filesystem = s3fs.S3FileSystem(
        endpoint_url=url or None,
        config_kwargs=settings(url, timeout_s, addressing),
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    filesystem.retries = attempts
    return filesystem


def settings(url: str, timeout_s: float, addressing: Addressing) -> dict[str, Any]:
    """What both clients are told of an endpoint. `auto` leaves it to them and to an AWS config file, but for stores
    that are known to want the bucket in the host name."""
    if addressing == "auto" and (urlsplit(url).hostname or "").endswith(_VIRTUAL_HOSTS):
        addressing = "virtual"
    return {
        "connect_timeout": min(CONNECT_TIMEOUT_S, timeout_s),
        "read_timeout": timeout_s,
        "retries": {"total_max_attempts": 1},  # attempts are counted here, once
        # S3's clones answer trailing checksums, botocore's default since 1.36, with an error.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        **({} if addressing == "auto" else {"s3": {"addressing_style": addressing}}),
    }
