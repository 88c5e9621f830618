# Shared by the scripts beside it; sourced, not run. The caller has `set -euo pipefail`.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Prints the comment at the head of the running script: its help.
print_help() {
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}

# ccache keeps a rebuild in another clone or preset short; without a home it would refuse to start.
use_ccache() {
    command -v ccache >/dev/null || return 0
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
    if [ -z "${CCACHE_DIR:-}" ] && ! [ -w "${HOME:-/nonexistent}" ]; then
        export CCACHE_DIR=$root/build/ccache
    fi
}

# `|| return` throughout: callers test the result, which turns `set -e` off.
configure_preset() {
    local preset=$1 cache=$root/build/$1/CMakeCache.txt fresh=()
    shift
    mkdir -p "$root/build" || return
    if ! [ -w "$root/build" ] || { [ -e "$cache" ] && ! [ -w "$cache" ]; }; then
        echo "$root/build belongs to another user: remove it, or run as that user" >&2
        return 1
    fi
    # A tree that was moved or copied together with its build folder.
    if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$cache"; then
        fresh=(--fresh)
    fi
    (cd "$root" && cmake --preset "$preset" "${fresh[@]}" "$@") || return
}

# Configures and builds one preset.
build_preset() {
    configure_preset "$@" || return
    cmake --build "$root/build/$1" --parallel "$jobs" || return
}
