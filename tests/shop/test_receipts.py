"""Receipts, exports and checkpoints hold without the shop, by one file of plain Python; no bit can be changed."""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from tests.conftest import ROOT, FakeClock
from tests.shop.ledgers import break_in, say, shop_with
from tests.shop.stranger import Stranger, stranger_to

from goodwill.basics.clock import SECOND, Micros
from goodwill.basics.errors import Broken, NotFound
from goodwill.consent import verifier
from goodwill.consent.verifier import Trusted, Unproven
from goodwill.protect.signing import Signer, is_signed
from goodwill.shop import Shop
from goodwill.shop.proofs import LOGS
from goodwill.storage import Database, connect

ROWS = 300
GOLDEN = ROOT / "tests" / "golden" / "proofs-v1"


@pytest.fixture(scope="module")
def signed(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that nobody here changes, with two checkpoints."""
    folder = tmp_path_factory.mktemp("signed")
    shutil.copyfile(migrated_file, folder / "shop.db")
    values = {"name": "Café Chiara", "base_url": "https://cafe.example", "contact_email": "privacy@cafe.example"}
    shop = shop_with(connect(folder / "shop.db"), folder, FakeClock(Micros(1_795_338_000 * SECOND)), 270, **values)
    shop.proofs.checkpoint()
    shutil.copyfile(shop.proofs.place().outside.file, folder / "earlier")
    say(shop, ROWS - 270, first=271)
    shop.proofs.checkpoint()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def stranger(signed: Shop, tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    return stranger_to(signed, tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def receipt(signed: Shop) -> dict[str, Any]:
    made = signed.proofs.receipt(42)
    return {"document": made.document, "jws": made.jws}


@pytest.fixture(scope="module")
def trusted(stranger: Stranger) -> Trusted:
    return Trusted(base64.b64decode(stranger.key), stranger.log)


def export(signed: Shop) -> bytes:
    return b"".join(line + b"\n" for line in signed.proofs.export())


def test_a_stranger_checks_a_receipt(stranger: Stranger, receipt: dict[str, Any]) -> None:
    for content in (receipt, receipt["jws"], json.dumps(receipt, indent=4, ensure_ascii=False)):
        said = stranger.checks("receipt", stranger.has("receipt.json", content))
        assert said.code == 0, said.err
        assert "person 1, recommendations, purchases: given on 2026-11-22T" in said.out
        assert "row 42 of the log of 300 rows" in said.out


def test_a_stranger_checks_an_export_against_checkpoints_and_receipts(
    signed: Shop, stranger: Stranger, receipt: dict[str, Any]
) -> None:
    ledger = stranger.has("consent.ndjson", export(signed))
    said = stranger.checks(
        "ledger", ledger, signed.folder.parent / "earlier", signed.proofs.place().outside.file,
        stranger.has("receipt.json", receipt),
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "The log of 300 rows holds" in said.out
    audit = stranger.has("audit.ndjson", b"".join(line + b"\n" for line in signed.proofs.export(LOGS["audit"])))
    notes = signed.proofs.place(LOGS["audit"]).outside.file
    assert stranger.checks("ledger", audit, notes, log=signed.proofs.place(LOGS["audit"]).id).code == 0
    assert stranger.checks("ledger", audit, notes).code == 1


def test_a_stranger_checks_that_a_later_log_begins_with_an_earlier_one(signed: Shop, stranger: Stranger) -> None:
    step = signed.proofs.consistency(270)
    proof = stranger.has("proof.json", {"proof": [base64.b64encode(one).decode() for one in step.proof]})
    earlier, later = signed.folder.parent / "earlier", signed.proofs.place().outside.file
    assert stranger.checks("consistency", earlier, later, proof).code == 0
    assert stranger.checks("consistency", later, earlier, proof).code == 1
    assert stranger.checks("consistency", earlier, later, stranger.has("proof.json", {"proof": []})).code == 1
    said = stranger.checks("checkpoint", later)
    assert said.code == 0
    assert said.out.count(" rows, ") == 2


def test_a_stranger_believes_only_the_pinned_key_and_log(stranger: Stranger, receipt: dict[str, Any]) -> None:
    file = stranger.has("receipt.json", receipt)
    other = base64.b64encode(Signer(b"x" * 32).public).decode()
    assert stranger.checks("receipt", file, key=other).code == 1
    assert stranger.checks("receipt", file, log=stranger.log.replace("consent", "audit")).code == 1
    assert stranger.checks("receipt", file, log=f"{stranger.log}x").code == 1
    assert "is no key" in stranger.checks("receipt", file, key=base64.b64encode(bytes(32)).decode()).err
    assert stranger.checks("receipt", stranger.folder / "none").code == 2
    assert stranger.checks("riddle").code == 2


def test_a_file_that_is_no_proof_is_named(signed: Shop, stranger: Stranger) -> None:
    """Such as the file of every "no", which lies beside the checkpoints."""
    ledger, notes = stranger.has("log.ndjson", export(signed)), signed.proofs.place().outside.file
    said = stranger.checks("ledger", ledger, notes, stranger.has("consent.noes", b'\n{"log":"a"}\n{"log":"b"}\n'))
    assert said.code == 1
    assert "consent.noes is no receipt" in said.err


def test_a_changed_export_is_not_believed(signed: Shop, stranger: Stranger) -> None:
    lines, notes = export(signed).splitlines(keepends=True), signed.proofs.place().outside.file
    changed = lines[41].replace(b'"given"', b'"withdrawn"').replace(b'"yes":"1"', b'"yes":"0"')
    mutated = {
        "a row changed": [*lines[:41], changed, *lines[42:]],
        "a row removed": lines[:41] + lines[42:],
        "two changed places": [*lines[:41], lines[42], lines[41], *lines[43:]],
        "a row twice": lines[:42] + lines[41:],
        "cut": lines[:-1],
        "nothing": [],
        "of another log": [line.replace(b"/consent", b"/audit") for line in lines],
        "not canonical": [lines[0].replace(b'","', b'", "', 1), *lines[1:]],
        "no JSON": [b"{\n", *lines],
    }
    for name, content in mutated.items():
        said = stranger.checks("ledger", stranger.has("changed.ndjson", b"".join(content)), notes)
        assert (said.code, said.err[:10]) == (1, "NOT PROVEN"), name


def test_no_single_bit_of_a_receipt_can_be_changed(receipt: dict[str, Any], trusted: Trusted) -> None:
    """Header, document and signature, each character; the few bits that base64 leaves unused count as well."""
    token = receipt["jws"].encode()
    header, payload, _ = receipt["jws"].split(".")
    start, end = len(header) + 1, len(header) + 1 + len(payload)
    places = [*range(0, start + 1, 7), *range(start, end, 401), end - 1, *range(end, len(token), 5)]
    tried = [(place, bit) for place in places for bit in (0, 5)] + [(len(token) - 1, bit) for bit in range(8)]
    assert verifier.read_receipt(token, trusted).row["position"] == "42"
    for place, bit in tried:
        changed = bytes([*token[:place], token[place] ^ 1 << bit, *token[place + 1 :]])
        with pytest.raises(Unproven):
            verifier.read_receipt(changed, trusted)


@pytest.mark.soak
def test_no_single_bit_of_a_whole_receipt_can_be_changed(receipt: dict[str, Any], trusted: Trusted) -> None:
    token = receipt["jws"].encode()
    for place in range(len(token)):
        for bit in range(8):
            changed = bytes([*token[:place], token[place] ^ 1 << bit, *token[place + 1 :]])
            with pytest.raises(Unproven):
                verifier.read_receipt(changed, trusted)


def test_what_stands_beside_the_signature_cannot_be_changed_either(receipt: dict[str, Any], trusted: Trusted) -> None:
    other = json.loads(json.dumps(receipt))
    other["document"]["record"]["events"][0]["event_state"] = "dpv:ConsentWithdrawn"
    with pytest.raises(Unproven, match="beside the signature"):
        verifier.read_receipt(json.dumps(other).encode(), trusted)


def test_a_shop_cannot_sign_a_receipt_that_says_other_than_its_row(
    signed: Shop, receipt: dict[str, Any], trusted: Trusted
) -> None:
    """Each part is tied to the others; the key alone is not enough."""
    signer = signed.proofs.place().signer
    others = {
        "state": lambda it: it["record"]["events"][0].update(event_state="dpv:ConsentRefused"),
        "time": lambda it: it["record"]["events"][0].update(event_time="2026-11-23T00:00:00Z"),
        "person": lambda it: it["record"].update(pii_principal_id="2"),
        "purpose": lambda it: it["record"]["processing"][0].update(purpose="offers: x"),
        "no event": lambda it: it["record"].update(events=[]),
        "row": lambda it: it["ledger"].update(row=it["ledger"]["row"].replace('"person":"1"', '"person":"2"')),
        "index": lambda it: it["ledger"].update(index=42),
        "index as truth": lambda it: it["ledger"].update(index=True),
        "size": lambda it: it["ledger"].update(size=299),
        "root": lambda it: it["ledger"].update(root=base64.b64encode(bytes(32)).decode()),
        "proof cut": lambda it: it["ledger"]["proof"].pop(),
        "proof longer": lambda it: it["ledger"]["proof"].append(it["ledger"]["root"]),
        "another log": lambda it: it["ledger"].update(log="goodwill/x/consent"),
        "checkpoint": lambda it: it["ledger"].update(checkpoint=it["ledger"]["checkpoint"].replace("300", "299")),
        "nothing": lambda it: it.pop("ledger"),
    }  # fmt: skip
    for name, change in others.items():
        document = json.loads(json.dumps(receipt["document"]))
        change(document)
        token = signer.jws(json.dumps(document).encode(), "consent-receipt+jws")
        with pytest.raises(Unproven):
            pytest.fail(f"{name}: {verifier.read_receipt(token.encode(), trusted)}")


def test_odd_texts_are_refused_and_never_crash(trusted: Trusted, receipt: dict[str, Any]) -> None:
    twice = json.dumps(receipt)[:-1] + f', "jws": "{receipt["jws"]}"}}'
    for content in (b"", b"{}", b"a.b.c", b"...", b"\xff\xfe", b'{"jws": 1}', b"[" * 100_000, twice.encode(), b"{" * 9,
                    b'{"jws":"a.b.c","document":NaN}', b"null", b'{"jws":"\\ud800"}'):  # fmt: skip
        with pytest.raises(Unproven):
            verifier.read_receipt(content, trusted)
    for note in (
        "",
        "\n\n",
        "x/1\n1\n",
        f"{trusted.log}/1\n1\nAA==\n\n",
        f"{trusted.log}/0\n1\n{'A' * 43}=\n\n— a b\n",
    ):
        with pytest.raises(Unproven):
            verifier.read_checkpoint(note, trusted)


def test_a_receipt_carries_the_fields_of_the_standards(receipt: dict[str, Any]) -> None:
    document = receipt["document"]
    record = document["record"]
    assert {"schema_version", "receipt_id"} <= document.keys()
    assert {"schema_version", "record_id", "pii_principal_id"} <= record.keys()
    assert {
        "privacy_notice", "language", "purpose", "pii_information", "pii_controllers", "storage_locations",
        "retention_period", "jurisdiction", "recipient_third_parties", "withdrawal_method",
    } <= record["processing"][0].keys()  # fmt: skip
    assert "pii_type" in record["processing"][0]["pii_information"][0]
    assert "sensitive_pii_category" in record["processing"][0]["pii_information"][0]
    assert {"party_id", "party_address", "party_name", "party_contact", "party_type"} <= record["parties"][0].keys()
    assert {"event_time", "validity_duration", "entity_id", "event_type", "event_state"} <= record["events"][0].keys()
    assert record["parties"][0]["party_email"] == "privacy@cafe.example"
    assert record["processing"][0]["language"] == "de"
    kantara = document["kantara"]
    assert kantara["version"] == "KI-CR-v1.1.0"
    assert {
        "jurisdiction", "consentTimestamp", "collectionMethod", "consentReceiptID", "publicKey", "language",
        "piiPrincipalId", "piiControllers", "policyUrl", "services", "sensitive", "spiCat",
    } <= kantara.keys()  # fmt: skip


def test_every_field_has_its_word_in_the_embedded_vocabulary(receipt: dict[str, Any]) -> None:
    """JSON-LD without fetching anything: a name that the context lacks would say nothing."""
    document = receipt["document"]
    context = document["@context"]

    def names(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield name
                if name not in ("@context", "kantara", "ledger"):
                    yield from names(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from names(inner)

    for name in names(document):
        assert name.startswith("@") or name in context, name
    for term in context.values():
        iri = term["@id"] if isinstance(term, dict) else term
        assert iri is None or iri.startswith("http") or iri.partition(":")[0] in context


def test_there_is_no_receipt_for_what_is_not_there_or_was_changed(
    database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    with shop_with(database, tmp_path, clock, 20) as shop:
        with pytest.raises(NotFound):
            shop.proofs.receipt(21)
        assert shop.proofs.receipt(20).document["ledger"]["size"] == 20  # signed for it, as nothing was before
        stranger = stranger_to(shop, tmp_path / "stranger")
        assert stranger.checks("receipt", stranger.has("r", shop.proofs.receipt(7).jws)).code == 0
        shop.proofs.checkpoint()
        break_in(shop, "UPDATE consent_rows SET person = 99 WHERE position = 7")
        with pytest.raises(Broken):
            shop.proofs.receipt(7)


# ---- what was once given out holds for ever ------------------------------------------------------------------------


def test_what_was_given_out_in_version_1_still_holds(tmp_path: Path) -> None:
    """U5: if this fails, whoever holds a receipt can prove nothing any more. Change the program, not the files."""
    card = json.loads((GOLDEN / "card.json").read_text("utf-8"))
    old = Stranger(tmp_path, card["key"], card["log"])
    assert old.checks("receipt", GOLDEN / "receipt.json").code == 0
    assert (
        old.checks("ledger", GOLDEN / "consent.ndjson", GOLDEN / "consent.checkpoints", GOLDEN / "receipt.json").code
        == 0
    )
    assert old.checks("ledger", GOLDEN / "audit.ndjson", GOLDEN / "audit.checkpoints", log=card["audit"]).code == 0


@pytest.mark.parametrize("name", LOGS)
def test_rows_give_the_bytes_of_version_1(database: Database, tmp_path: Path, clock: FakeClock, name: str) -> None:
    log, kept = LOGS[name], (GOLDEN / f"{name}.ndjson").read_bytes()
    rows = [json.loads(line) for line in kept.splitlines()]
    _, shop_id, _ = rows[0]["log"].split("/")
    numbers = {column.name for column in log.table.c if column.type.python_type is int}
    with shop_with(database, tmp_path, clock, 0, id=shop_id) as shop:
        break_in(shop, f"DELETE FROM {log.table.name}", table=log.table.name)
        with shop.database.transaction() as connection:
            for row in rows:
                values = {
                    column: int(row[column]) if column in numbers and row[column] is not None else row[column]
                    for column in log.columns
                }
                connection.execute(insert(log.table).values(values))
        assert b"".join(line + b"\n" for line in shop.proofs.export(log)) == kept


@pytest.mark.parametrize("name", LOGS)
def test_every_column_of_a_log_stands_in_its_bytes(name: str) -> None:
    """Whoever adds a column to a log gives the rows that use it a form of their own; see docs/proofs.md."""
    assert {column.name for column in LOGS[name].table.c} == set(LOGS[name].columns)


def test_no_bit_of_a_rows_bytes_can_be_changed(signed: Shop) -> None:
    """Fifty rows, each bit: another leaf, so another root."""
    from goodwill.basics.merkle import leaf_hash

    seen = set()
    for line in list(signed.proofs.export())[:50]:
        for place in range(len(line)):
            for bit in (1, 4, 64):
                seen.add(leaf_hash(bytes([*line[:place], line[place] ^ bit, *line[place + 1 :]])))
        assert leaf_hash(line) not in seen


# ---- the verifier's own Ed25519 --------------------------------------------------------------------------------------


def test_both_programs_accept_the_same_signatures() -> None:
    for n in range(6):
        signer, message = Signer(bytes([n]) * 32), b"m" * n * 50
        signature = signer.sign(message)
        s = int.from_bytes(signature[32:], "little")
        tried = {
            signature,
            signature[:32] + (s + verifier.ORDER).to_bytes(32, "little"),
            signature[:32] + bytes(32),
            bytes(32) + signature[32:],
            signature[:-1],
            signature + b"\0",
            *(bytes([*signature[:at], signature[at] ^ 1, *signature[at + 1 :]]) for at in range(0, 64, 9)),
        }
        for one in tried:
            assert verifier.is_signed(signer.public, one, message) == is_signed(signer.public, one, message)
        assert verifier.is_signed(signer.public, signature, message)
        assert not verifier.is_signed(signer.public, signature, message + b"x")


# RFC 8032, 7.1, tests 1 to 3: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard(public: str, message: str, signature: str) -> None:
    assert verifier.is_signed(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))


# The points of small order, as they are written, and as they must not be.
SMALL = [
    bytes.fromhex(one)
    for one in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    )
]
NOT_CANONICAL = [
    bytes.fromhex(one)
    for one in (
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    )
]


def test_both_programs_judge_points_of_small_order_alike() -> None:
    for public in SMALL:
        for point in (*SMALL[:3], *NOT_CANONICAL[:3]):
            for s in (0, 1, verifier.ORDER - 1, verifier.ORDER):
                signature = point + s.to_bytes(32, "little")
                assert verifier.is_signed(public, signature, b"m") == is_signed(public, signature, b"m")


def test_a_key_of_small_order_or_written_oddly_is_none() -> None:
    """Such a key would sign everything; the standard says how a point is written, and in one way only."""
    for public in (*SMALL, *NOT_CANONICAL):
        assert not verifier.is_key(public)
    for public in NOT_CANONICAL:
        assert not verifier.is_signed(public, SMALL[0] + bytes(32), b"m")
    assert verifier.is_key(Signer(b"y" * 32).public)
