"""What an address means, and which a manifest may name."""

import pytest

from layoutgen.io.objects.locations import StorageError, join, join_allowed, locate


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("S3://shop/a.jpg", "has its scheme in capitals; write s3://"),
        ("FILE:///a.jpg", "write file://"),
        ("s3a://shop/a.jpg", "is Hadoop's way to write it; write s3://bucket/key"),
        ("oss://shop/a.jpg", "write s3://bucket/key, and set storage.endpoint_url to that of OSS"),
        ("cos://shop/a.jpg", "set storage.endpoint_url to that of COS"),
        ("tos://shop/a.jpg", "set storage.endpoint_url to that of TOS"),
        ("gs://shop/a.jpg", "set storage.endpoint_url to https://storage.googleapis.com"),
        ("https://cdn.example.com/a.jpg", "is a web address; copy the object to storage"),
        ("//cdn.example.com/a.jpg", "is an address without its scheme; copy the object to storage"),
        ("file://host/a.jpg", "names a host; write file:///PATH"),
        ("hdfs://name/a.jpg", "is neither s3://bucket/key nor a local path; copy it to storage"),
    ],
)
def test_an_address_of_another_kind_says_what_to_write_instead(uri: str, said: str) -> None:
    said = said.replace("copy it", "copy the object")
    with pytest.raises(StorageError) as caught:
        locate(uri)
    assert caught.value.fault is not None
    assert said in str(caught.value)
    with pytest.raises(ValueError, match="path '") as refused:
        join("s3://shop/feed", uri)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("allowed", "path", "may"),
    [
        ("s3://other", "s3://other/a.jpg", True),
        ("s3://other/", "s3://other/a.jpg", True),
        ("s3://other", "s3://other-secrets/a.jpg", False),
        ("s3://other/photos", "s3://other/photos-2024/a.jpg", False),
        ("s3://other/photos", "s3://other/photos/a.jpg", True),
        ("s3://other/photos", "s3://other/photos/../keys/a.jpg", False),
        ("s3://other/photos", "s3://other/photos/%2e%2e/a.jpg", True),
        ("/mnt/photos", "/mnt/photos/a.jpg", True),
        ("/mnt/photos", "file:///mnt/photos/a.jpg", True),
        ("file:///mnt/photos", "/mnt/photos/a.jpg", True),
        ("/mnt/photos", "/mnt/photos/../a.jpg", False),
        ("/mnt/photos", "/mnt/photos-old/a.jpg", False),
        ("/mnt/photos", "/etc/passwd", False),
        ("", "/etc/passwd", False),
        ("s3://", "s3://any/a.jpg", True),
        ("/", "/any/a.jpg", True),
        ("s3://manifests-old", "s3://manifests/other/a.jpg", True),
        ("s3://x", "s3://manifests2/a.jpg", False),
    ],
)
def test_prefixes_are_compared_step_by_step(allowed: str, path: str, may: bool) -> None:
    if may:
        assert join_allowed("s3://manifests/today", (allowed,), path) == path
    else:
        with pytest.raises(ValueError, match=r"outside of s3://manifests/today/; add its prefix"):
            join_allowed("s3://manifests/today", (allowed,), path)
