"""Merkle trees after RFC 9162: three ways to the same root, proofs for every place, and every mutation fails."""

import warnings
from collections.abc import Iterator, Sequence
from hashlib import sha256

import pytest

from goodwill.basics import merkle
from goodwill.consent import verifier

MOST = 64
SOAK = 256


def leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(b"line %d" % n) for n in range(size)]


def by_definition(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return sha256(b"\x01" + by_definition(hashes[:k]) + by_definition(hashes[k:])).digest()


def path_by_definition(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if index < k:
        return [*path_by_definition(index, hashes[:k]), by_definition(hashes[k:])]
    return [*path_by_definition(index - k, hashes[k:]), by_definition(hashes[:k])]


def subproof_by_definition(first: int, hashes: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """RFC 9162, 2.1.4.1."""
    if first == len(hashes):
        return [] if whole else [by_definition(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if first <= k:
        return [*subproof_by_definition(first, hashes[:k], whole), by_definition(hashes[k:])]
    return [*subproof_by_definition(first - k, hashes[k:], False), by_definition(hashes[:k])]


def test_the_vectors_of_certificate_transparency() -> None:
    """The eight leaves and the roots that the first logs were tested with."""
    lines = [bytes.fromhex(line) for line in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )]  # fmt: skip
    hashes = [merkle.leaf_hash(line) for line in lines]
    assert merkle.empty_root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(1, merkle.nodes_of(hashes)).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert merkle.root(8, merkle.nodes_of(hashes)).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def sizes(most: int) -> Iterator[int]:
    yield from range(1, most + 1)


def check_roots_and_proofs(most: int) -> None:
    """Every (i, n): made as defined, accepted by both checkers."""
    all_leaves = leaves(most)
    growing = merkle.Growing()
    roots = [merkle.empty_root()]
    for size in sizes(most):
        growing.add(all_leaves[size - 1])
        node, hashes = merkle.nodes_of(all_leaves), all_leaves[:size]
        root = merkle.root(size, node)
        roots.append(root)
        assert root == by_definition(hashes) == growing.root
        for index in range(size):
            proof = merkle.inclusion(index, size, node)
            assert proof == path_by_definition(index, hashes)
            assert len(proof) <= (size - 1).bit_length()
            for checker in (merkle, verifier):
                assert checker.proves_inclusion(hashes[index], index, size, proof, root)
        for first in range(1, size + 1):
            steps = merkle.consistency(first, size, node)
            assert steps == subproof_by_definition(first, hashes)
            for checker in (merkle, verifier):
                assert checker.proves_consistency(first, size, steps, roots[first], root)


def check_mutations(numbers: Iterator[int], most: int) -> None:
    """A flipped bit, another root, a proof cut or with more behind it, size and place one off: none is accepted."""
    all_leaves = leaves(most + 1)
    node = merkle.nodes_of(all_leaves)
    roots = [merkle.root(size, node) for size in range(most + 2)]
    for size in numbers:
        for index in range(size):
            proof = merkle.inclusion(index, size, node)
            leaf = all_leaves[index]
            for n, mutated in enumerate(mutations(proof)):
                for checker in (merkle, verifier):
                    assert not checker.proves_inclusion(leaf, index, size, mutated, roots[size]), (index, size, n)
            for checker in (merkle, verifier):
                holds = checker.proves_inclusion
                assert not holds(flipped(leaf), index, size, proof, roots[size])
                assert not holds(leaf, index, size, proof, flipped(roots[size]))
                assert not holds(leaf, index, size, proof, roots[size - 1])
                assert not holds(leaf, index - 1, size, proof, roots[size])
                assert not holds(leaf, index + 1, size, proof, roots[size])
                assert not holds(leaf, -1, size, proof, roots[size])
                assert not holds(leaf, index, index, proof, roots[size])
                # RFC 9162 lets a proof fit more than one size where the path is the same; the signed root names one.
                assert not holds(leaf, index, size - 1, proof, roots[size - 1])
                assert not holds(leaf, index, size + 1, proof, roots[size + 1])
        for first in range(1, size):
            proof = merkle.consistency(first, size, node)
            for checker in (merkle, verifier):
                steps = checker.proves_consistency
                for mutated in mutations(proof):
                    assert not steps(first, size, mutated, roots[first], roots[size])
                assert not steps(first, size, proof, roots[size], roots[first])
                assert not steps(first, size, proof, flipped(roots[first]), roots[size])
                assert not steps(first, size, proof, roots[first], flipped(roots[size]))
                assert not steps(first - 1, size, proof, roots[first], roots[size])
                assert not steps(first + 1, size, proof, roots[first], roots[size])
                assert not steps(size, first, proof, roots[size], roots[first])
                assert not steps(first, size - 1, proof, roots[first], roots[size - 1])
                assert not steps(first, size + 1, proof, roots[first], roots[size + 1])


def flipped(data: bytes, bit: int = 7) -> bytes:
    return bytes([*data[: bit // 8], data[bit // 8] ^ 1 << bit % 8, *data[bit // 8 + 1 :]])


def mutations(proof: list[bytes]) -> Iterator[list[bytes]]:
    for n in range(len(proof)):
        yield [*proof[:n], flipped(proof[n], 8 * (n % 32)), *proof[n + 1 :]]
        yield proof[:n] + proof[n + 1 :]
        yield [*proof[:n], proof[n][:-1], *proof[n + 1 :]]
        if n and proof[n] != proof[n - 1]:
            yield [*proof[: n - 1], proof[n], proof[n - 1], *proof[n + 1 :]]
    yield [*proof, merkle.empty_root()]
    yield [merkle.empty_root(), *proof]


def test_every_place_in_every_small_log_is_proved_as_defined() -> None:
    check_roots_and_proofs(MOST)


def test_no_mutation_of_a_proof_is_accepted() -> None:
    check_mutations(iter((1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33)), 33)


@pytest.mark.soak
def test_every_place_in_every_log_up_to_256_is_proved_as_defined() -> None:
    check_roots_and_proofs(SOAK)


@pytest.mark.soak
def test_no_mutation_of_a_proof_is_accepted_up_to_256() -> None:
    check_mutations(sizes(SOAK), SOAK)


def test_another_program_finds_the_same_roots_and_accepts_what_it_knows() -> None:
    """pymerkle hashes as RFC 9162 says; its proofs of inclusion are the same hashes with the leaf before them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymerkle import InmemoryTree

        tree = InmemoryTree("sha256")
        lines = [b"line %d" % n for n in range(MOST)]
        hashes = [merkle.leaf_hash(line) for line in lines]
        for size, line in enumerate(lines, start=1):
            tree.append_entry(line)
            assert tree.get_root() == merkle.root(size, merkle.nodes_of(hashes))
        for size in (1, 2, 3, 7, 8, 33, 64):
            for index in range(size):
                theirs = tree.prove_inclusion(index + 1 if _counts_from_one(tree) else index, size).serialize()["path"]
                assert {bytes.fromhex(one) for one in theirs[1:]} == set(
                    merkle.inclusion(index, size, merkle.nodes_of(hashes))
                )
                assert bytes.fromhex(theirs[0]) in (
                    hashes[index],
                    *merkle.inclusion(index, size, merkle.nodes_of(hashes)),
                )


def _counts_from_one(tree: object) -> bool:
    return bool(tree.get_leaf(1) == merkle.leaf_hash(b"line 0"))  # type: ignore[attr-defined]


def test_what_is_not_there_has_no_proof() -> None:
    node = merkle.nodes_of(leaves(4))
    for index, size in ((4, 4), (-1, 4), (0, 0)):
        with pytest.raises(ValueError, match="not in a log"):
            merkle.inclusion(index, size, node)
    for first, second in ((0, 4), (5, 4), (-1, 2)):
        with pytest.raises(ValueError, match="no proof"):
            merkle.consistency(first, second, node)


def test_everything_begins_with_the_empty_log_and_with_itself() -> None:
    node = merkle.nodes_of(leaves(5))
    root = merkle.root(5, node)
    assert merkle.proves_consistency(0, 5, [], merkle.empty_root(), root)
    assert not merkle.proves_consistency(0, 5, [], root, root)
    assert merkle.proves_consistency(5, 5, [], root, root)
    assert not merkle.proves_consistency(5, 5, [root], root, root)
    assert not merkle.proves_consistency(5, 5, [], flipped(root), root)
