#!/usr/bin/env bash
# Submit the nightly job to a running cluster, and stay with it: the exit status is the job's (see outcome.py).
#
#   cluster/submit.sh s3://shop/catalogue.parquet s3://shop/layouts
#   cluster/submit.sh s3://shop/catalogue.parquet s3://shop/layouts --limit 1000     # further arguments go to the job
#
# RAY_API_SERVER_ADDRESS names the cluster (unset: http://127.0.0.1:8265, a port-forward or `ray dashboard`).
# A cluster that asks for a token wants RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or ~/.ray/auth_token.
# LAYOUTGEN_CONFIG names another settings file; LAYOUTGEN_NO_WAIT=1 returns once the job is accepted.
set -euo pipefail

if [[ $# -lt 2 ]]; then
    echo "usage: cluster/submit.sh INPUT OUTPUT [ARGUMENT...]   (INPUT and OUTPUT as s3:// URIs)" >&2
    exit 2
fi
input=$1
output=$2
shift 2

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export RAY_API_SERVER_ADDRESS="${RAY_API_SERVER_ADDRESS:-http://127.0.0.1:8265}"

# A submission id is refused when it comes back, so each submission gets its own; a run that was cut short goes on all
# the same, by its ledger. Time first: ids sort by it.
submission_id="layouts-$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')"
echo "submitting ${submission_id} to ${RAY_API_SERVER_ADDRESS}" >&2

# Ctrl-C ends the watching, not the job.
trap 'echo "the job goes on; ray job stop ${submission_id} ends it" >&2; exit 130' INT

wait_option=()
if [[ "${LAYOUTGEN_NO_WAIT:-0}" == 1 ]]; then
    wait_option=(--no-wait)
fi

code=0
ray job submit \
    --submission-id "${submission_id}" \
    --runtime-env cluster/runtime_env.yaml \
    ${wait_option[@]+"${wait_option[@]}"} \
    -- python -m jobs.layouts \
    --input "${input}" \
    --output "${output}" \
    --config "${LAYOUTGEN_CONFIG:-jobs/layouts.cluster.toml}" \
    "$@" || code=$?
if [[ "${LAYOUTGEN_NO_WAIT:-0}" == 1 ]]; then
    exit "${code}"
fi
exec "$(command -v python || command -v python3)" cluster/outcome.py "${submission_id}" "${code}"
