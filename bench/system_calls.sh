#!/usr/bin/env bash
# usage: bench/system_calls.sh SCALE
# Counts the system calls (strace -c) of a process that puts into a slot whose reader is awake: a message every 5 µs for
# half a second, and for twice as long. The difference is the cost of messages; opening and ending is in both.
# SCALE is the program made of scale.cc.
set -euo pipefail

[ $# = 1 ] || {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0" >&2
    exit 2
}
scale=$1
folder=$(mktemp -d)
export MAILSLOT_DIR=$folder/run MAILSLOT_HOST=bench MAILSLOT_PORT=17993
trap 'rm -rf "$folder"' EXIT

for seconds in 0.5 1; do
    rm -f "$folder/said"
    mkfifo "$folder/said"
    "$scale" read AWAKE --cpu 1 >"$folder/said" &
    exec 3<"$folder/said"
    read -r _ <&3 # the reader is ready
    echo "$seconds s: writer: $(echo go | strace -f -c -S calls -o "$folder/calls" \
        "$scale" write AWAKE --cpu 0 --gap-us 5 --secs "$seconds" | tail -1)"
    echo "$seconds s: reader: $(cat <&3)"
    exec 3<&-
    wait
    cat "$folder/calls"
    echo
done
