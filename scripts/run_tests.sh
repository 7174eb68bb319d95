#!/bin/sh
# pytest, with its exit codes in words. "No tests ran" (5) is not a pass: somebody's selection matched nothing.
# What Python compiles is kept: the tests start some hundred processes, and each would compile everything anew.
unset PYTHONDONTWRITEBYTECODE
code=0
.venv/bin/python -m pytest "$@" || code=$?
case $code in
    0) ;;
    1) echo "test: some tests failed; the lines above say which facts do not hold" ;;
    2) echo "test: interrupted" ;;
    5) echo "test: no test matched, so nothing was tested: $*" ;;
    *) echo "test: pytest could not run (its exit code is $code)" ;;
esac
exit $code
