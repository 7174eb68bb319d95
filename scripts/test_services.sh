#!/bin/sh
# Fetch what the tests talk to besides Python: PostgreSQL's programs. The tests start and stop their own server.
set -eu

has_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

if has_postgresql; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing Debian's postgresql, for the tests only"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; then exit 0; fi
fi

echo "test: PostgreSQL is not installed, so the tests that need it will say why they skip (with CI=true: why they fail)."
echo "      To run them too: apt-get install postgresql"
