"""One file, one `ray job submit`: each module here is a command."""

import os

# Ray reads it when it is imported. Its own actors are born with such arguments, and each says so in its log.
os.environ.setdefault(
    "RAY_DEDUP_LOGS_SKIP_REGEX", r"core_worker\.cc:\d+: .* has constructor arguments in the object store"
)
