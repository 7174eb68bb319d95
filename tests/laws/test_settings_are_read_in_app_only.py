"""Settings are read in `app` (and what concerns a terminal in `cli`), and passed on as arguments; so is the network.

What a module takes from the world around it without saying so, a test cannot hold and a reader cannot see.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"
MAY_READ = ("app.py", "cli/", "cli.py", "__main__.py")
MAY_CALL = ("collect/connectors/", "reach/channels/", "web/serve.py")  # the last one listens, and calls nobody
ENVIRONMENT = {("os", "environ"), ("os", "environb"), ("os", "getenv"), ("os", "getenvb"), ("os", "putenv")}
# The contracts forbid whole libraries; these belong to ones that have harmless parts as well.
NETWORK = {"urllib.request", "http.client", "socket", "xmlrpc.client"}
# Whatever takes one of them writes this word; most modules write none, and need not be read any closer.
LAST_WORDS = {name.rpartition(".")[2] for name in NETWORK}


def reads_environment(source: str) -> Iterator[int]:
    """Lines that reach for the environment, under whatever name `os` was imported."""
    if not any(name in source for _, name in ENVIRONMENT):
        return
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "os"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if (
                name in names and ("os", attribute) in ENVIRONMENT
            ):
                yield node.lineno
            case ast.ImportFrom(module="os", names=taken) if any(("os", one.name) in ENVIRONMENT for one in taken):
                yield node.lineno


def calls_out(source: str) -> Iterator[int]:
    """Lines that import what can open a connection."""
    if not any(word in source for word in LAST_WORDS):
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=taken) if any(one.name in NETWORK for one in taken):
                yield node.lineno
            case ast.ImportFrom(module=module, names=taken) if any(
                name in NETWORK for name in (module, *(f"{module}.{one.name}" for one in taken))
            ):
                yield node.lineno


def modules(allowed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        where = path.relative_to(SOURCE).as_posix()
        if not where.startswith(allowed):
            yield where, path.read_text("utf-8")


@pytest.mark.parametrize(
    "snippet",
    [
        "import os\nhome = os.environ['HOME']",
        "import os as system\nhome = system.getenv('HOME')",
        "from os import environ",
    ],
)
def test_a_hidden_setting_is_found(snippet):
    assert list(reads_environment(snippet))


@pytest.mark.parametrize(
    "snippet", ["import urllib.request", "from urllib import request", "def f():\n    import socket"]
)
def test_a_hidden_call_is_found(snippet):
    assert list(calls_out(snippet))


def test_paths_and_addresses_are_no_secrets():
    assert not list(reads_environment("import os\nhere = os.getcwd()"))
    assert not list(calls_out("from urllib.parse import quote\nfrom http import HTTPStatus"))


def test_nobody_but_app_and_cli_reads_the_environment():
    found = [f"{where}:{line}" for where, source in modules(MAY_READ) for line in reads_environment(source)]
    assert not found, "\n".join(found)


def test_nobody_but_connectors_and_channels_opens_a_connection():
    found = [f"{where}:{line}" for where, source in modules(MAY_CALL) for line in calls_out(source)]
    assert not found, "\n".join(found)
