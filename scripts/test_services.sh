#!/bin/sh
# Fetch what the tests talk to besides Python: PostgreSQL's programs, and a browser. The tests start and stop their own.
set -eu

has_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_chromium() {
    command -v chromium >/dev/null
}

missing() {
    if ! has_postgresql; then echo postgresql; fi
    if ! has_chromium; then echo chromium; fi
}

wanted=$(missing)
if [ -z "$wanted" ]; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing Debian's" $wanted "for the tests only"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq; then
        # One by one: where one cannot be had, the other still can.
        for package in $wanted; do apt-get install -y -qq --no-install-recommends "$package" || true; done
    fi
    wanted=$(missing)
    if [ -z "$wanted" ]; then exit 0; fi
fi

echo "test: not installed:" $wanted "- so the tests that need it will say why they skip (with CI=true: why they fail)."
echo "      To run them too: apt-get install" $wanted
