#!/usr/bin/env bash
# The week's retraining: posters are annotated, they and the designers' decisions become a data set, and an adapter is
# trained, judged and, where the gate lets it, promoted. One step after the other, each the job of that name:
#
#   cluster/retraining.sh POSTERS ANNOTATIONS LAYOUTS FEEDBACK SETS TRAINING REGISTRY
#
# Every step goes on where an attempt before was cut off, so the same command is tried again after a failure. Ends with
# the exit code of the step that failed; a trained adapter that the gate turns down is no failure (0).
set -euo pipefail

if [[ $# -ne 7 ]]; then
    echo "usage: cluster/retraining.sh POSTERS ANNOTATIONS LAYOUTS FEEDBACK SETS TRAINING REGISTRY" >&2
    exit 2
fi
posters=$1 annotations=$2 layouts=$3 feedback=$4 sets=$5 training=$6 registry=$7

cd "$(dirname "${BASH_SOURCE[0]}")/.."

python -m jobs.annotate --input "${posters}" --output "${annotations}" --config jobs/annotate.cluster.toml
summary=$(python -m jobs.examples --annotations "${annotations}" --layouts "${layouts}" --feedback "${feedback}" \
    --output "${sets}" --config jobs/examples.cluster.toml)
echo "${summary}"
data=$(python -c 'import json, sys; print(json.load(sys.stdin)["data"])' <<<"${summary}")

# A summary says that the adapter was trained and judged; without one the job failed.
code=0
summary=$(python -m jobs.retrain --data "${data}" --output "${training}" --registry "${registry}" \
    --config jobs/retrain.cluster.toml) || code=$?
echo "${summary}"
[[ ${code} -eq 1 && -n ${summary} ]] && exit 0
exit "${code}"
