"""How a submitted job ended, as an exit code. `ray job submit` knows only 0 and 1, and says 0 of one that was stopped.

    python cluster/outcome.py SUBMISSION_ID CODE      CODE is what `ray job submit` ended with

0, 1, 2, 4: the job's own (docs/running.md). 1 as well: it was stopped, or its driver died with its node. 2 as well: it
never started. 128 + N: signal N ended it. 3: the cluster can't be asked, and the job, if it was accepted, goes on.
"""

import sys
import time
from typing import Any

ASK_S = 30.0  # how long a cluster that gives no answer is asked again
NEVER_STARTED = {
    "RUNTIME_ENV_SETUP_FAILURE",
    "JOB_SUPERVISOR_ACTOR_START_TIMEOUT",
    "JOB_SUPERVISOR_ACTOR_START_FAILURE",
    "JOB_SUPERVISOR_ACTOR_UNSCHEDULABLE",
    "JOB_ENTRYPOINT_COMMAND_START_ERROR",
}


def code_of(info: Any) -> int:
    """The exit code of a job that has ended, from what Ray says of it."""
    if info.driver_exit_code is not None:
        return int(info.driver_exit_code) if info.driver_exit_code >= 0 else 128 - int(info.driver_exit_code)
    if info.status == "SUCCEEDED":
        return 0
    print(f"the job is {info.status}: {info.message}", file=sys.stderr)
    return 2 if info.error_type in NEVER_STARTED else 1


def wait(submission_id: str, code: int) -> int:
    """Wait for the end of a job, whose log may have been cut off before; return its exit code."""
    from ray.job_submission import JobSubmissionClient

    asked = time.monotonic()
    while True:
        try:
            info: Any = JobSubmissionClient().get_job_info(submission_id)
        except (ConnectionError, RuntimeError, OSError) as error:
            if "does not exist" in str(error):
                print(f"the cluster has no job {submission_id}: it was not accepted", file=sys.stderr)
                return 2
            if code == 0:
                return 0
            if time.monotonic() - asked > ASK_S:
                print(f"the cluster gives no answer; a job that was accepted goes on. {error}", file=sys.stderr)
                return 3
        else:
            if info.status in ("SUCCEEDED", "FAILED", "STOPPED"):
                return code_of(info)
            asked = time.monotonic()
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(wait(sys.argv[1], int(sys.argv[2])))
