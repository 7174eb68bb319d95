"""Evidence cannot be had by asking for it: a proof, and that it was she herself, is named only where it is seen.

The source is read: each place that names one is listed here with what it has seen. Whoever adds one says so.
"""

import ast
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "goodwill"
SEEN = {
    ("shop/answering.py", "Proof.SNAPSHOT"): "a token that fits what was shown",
    ("shop/answering.py", "Proof.SIGNED_IN"): "whoever calls knows that she is signed in",
    ("shop/answering.py", "Herself.SIGNED_IN"): "compares only",
    ("shop/answering.py", "Herself.CODE"): "the code of a letter to her fits",
    ("shop/centre.py", "Herself.SIGNED_IN"): "a session of hers in the privacy centre",
    ("shop/sign_in.py", "Herself.CODE"): "the code, or the link with its browser, fits",
    ("shop/links.py", "Proof.LINK"): "a sealed link of ours; it can only say no",
    ("shop/fulfilling.py", "Proof.REQUEST"): "a request that was verified; it can only say no",
    ("collect/consents.py", "Proof.FILE"): "time, words or notice, and how, in the file",
    ("consent/both.py", "Proof.EARLIER_ROW"): "the proven row that a merge says again",
}


def named() -> set[tuple[str, str]]:
    """Every member of the two that the source names, by file."""
    return {
        (path.relative_to(SOURCE).as_posix(), f"{node.value.id}.{node.attr}")
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("Proof", "Herself")
    }


def test_a_proof_is_named_only_where_it_is_seen():
    assert named() == set(SEEN)
