# The job of the crash battery, sourced or run by /bin/sh. It tells the journal of its start and its end, each
# with one write, and starts no process of its own but a sleep where it is to nap.
# JOURNAL: the file. NAP: seconds. CODE: its exit code. HEALS: the attempt from which on it succeeds.

record() {
    read -r up rest </proc/uptime
    printf '{"event":"%s","run":"%s","schedule":"%s","slot":"%s","attempt":%s,"fence":%s,"pid":%s,"up":%s,"code":"%s"}\n' \
        "$1" "$CRONSOLE_RUN_ID" "$CRONSOLE_SCHEDULE" "$CRONSOLE_SLOT" "$CRONSOLE_ATTEMPT" "$CRONSOLE_FENCE" \
        "$$" "$up" "$2" >>"$JOURNAL"
}

trap 'record end 143; exit 143' TERM
record start ""
if [ -n "$NAP" ]; then sleep "$NAP"; fi
if [ -n "$HEALS" ] && [ "$CRONSOLE_ATTEMPT" -ge "$HEALS" ]; then CODE=0; fi
record end "${CODE:-0}"
exit "${CODE:-0}"
