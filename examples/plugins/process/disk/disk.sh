#!/bin/sh
# One JSON document comes on stdin, one goes to stdout; stderr goes to the run's output.
set -eu
request=$(cat)

# The documents are small and flat enough for sed; where jq is at hand, it is the better tool.
limit=$(printf '%s' "$request" | sed -n 's/.*"limit_percent":\([0-9]*\).*/\1/p')
used=$(df -P . | awk 'NR == 2 { sub("%", "", $5); print $5 }')
echo "$used% used, the limit is ${limit:-90}%" >&2

if [ "$used" -gt "${limit:-90}" ]; then
    printf '{"status":"error","error":"%s%% of the disk is used","retry":false}\n' "$used"
else
    printf '{"status":"ok","result":"%s%% of the disk is used","state_updates":{"used":%s}}\n' "$used" "$used"
fi
