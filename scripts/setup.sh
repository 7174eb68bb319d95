#!/bin/sh
# Build .venv from the lock. Safe to interrupt and to run again: what was left half done is done anew.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*"; }

able() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for name in python3.11 python3 python3.12 python3.13 python3.14 python; do
        if able "$name"; then
            command -v "$name"
            return
        fi
    done
    say "goodwill needs Python 3.11 or later, and none was found. On Debian: apt-get install python3 python3-venv" >&2
    return 1
}

# .boot holds nothing but the pinned installer; it is finished when it can say its version.
boot() {
    wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' scripts/boot.lock)
    if [ "$(.boot/bin/uv --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ]; then return; fi
    say "installing uv $wanted into .boot"
    rm -rf .boot
    if ! "$1" -m venv .boot; then
        rm -rf .boot
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "this Python came without venv; fetching Debian's python3-venv"
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; } >&2
            "$1" -m venv .boot
        else
            say "this Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2
            return 1
        fi
    fi
    .boot/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r scripts/boot.lock
}

# The mark is there from the first change to the last: found at the start, it tells of a run that was cut off.
install() {
    if [ -e .venv/.unfinished ] || ! able .venv/bin/python; then
        rm -rf .venv
        say "making .venv with $("$1" --version)"
        .boot/bin/uv venv --quiet --python "$1" .venv
    fi
    touch .venv/.unfinished
    .boot/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
    .boot/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
    rm .venv/.unfinished
}

# Compiled once here rather than at every first import, which would take three times as long.
export UV_COMPILE_BYTECODE=1

python=$(find_python)
boot "$python"
install "$python"
touch .venv/.ready
say "ready: $(.venv/bin/python --version), goodwill $(.venv/bin/python -c 'from importlib.metadata import version; print(version("goodwill"))')"
