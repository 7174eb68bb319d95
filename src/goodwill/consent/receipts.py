"""What a person takes home: one answer of hers, in the fields of ISO/IEC TS 27560 and as a Kantara receipt.

The fields carry the standard's own names, and an embedded context maps them to the W3C Data Privacy Vocabulary, so that
the document is JSON-LD without anybody fetching anything. The ledger's row, its place and its proof stand beside them.
"""

from dataclasses import dataclass
from typing import Any, Final

from goodwill.basics.clock import DAY, SECOND, iso
from goodwill.consent.ledger import Evidence, Row, State
from goodwill.purposes import Basis, Entry, Kind

RECEIPT_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record"
KIND: Final = "consent-receipt+jws"
_UNSAID: Final = "not stated"

STATES: Final = {
    State.REQUESTED: "ConsentRequested",
    State.GIVEN: "ConsentGiven",
    State.RENEWED: "RenewedConsentGiven",
    State.REFUSED: "ConsentRefused",
    State.WITHDRAWN: "ConsentWithdrawn",
    State.INVALIDATED: "ConsentInvalidated",
}

_IRI: Final = {"@type": "@id"}
CONTEXT: Final[dict[str, Any]] = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "schema_version": {"@id": "dct:conformsTo", **_IRI},
    "receipt_id": "dct:identifier",
    "record_id": "dct:identifier",
    "created": "dct:created",
    "record": "dpv:hasRecordOfActivity",
    "pii_principal_id": "dpv:hasDataSubject",
    "processing": "dpv:hasProcess",
    "privacy_notice": "dpv:hasNotice",
    "language": "dct:language",
    "purpose": "dct:description",
    "purpose_type": {"@id": "dpv:hasPurpose", **_IRI},
    "lawful_basis": {"@id": "dpv:hasLegalBasis", **_IRI},
    "pii_information": "dpv:hasPersonalData",
    "pii_type": "dct:title",
    "pii_attribute_id": {"@id": "dct:identifier", **_IRI},
    "sensitive_pii_category": "dpv:hasSensitivityLevel",
    "pii_controllers": "dpv:hasDataController",
    "collection_method": "dpv:hasDataSource",
    "storage_locations": "dpv:hasStorageCondition",
    "retention_period": "dpv:hasDuration",
    "jurisdiction": "dpv:hasJurisdiction",
    "recipient_third_parties": "dpv:hasThirdParty",
    "withdrawal_method": "dpv:hasConsentControl",
    "service": "dpv:hasService",
    "parties": "dpv:hasEntity",
    "party_id": "dpv:hasIdentifier",
    "party_name": "dpv:hasName",
    "party_address": "dpv:hasAddress",
    "party_contact": "dpv:hasContact",
    "party_email": "dpv:hasContact",
    "party_url": "dpv:hasContact",
    "party_role": {"@id": "dpv:hasRole", **_IRI},
    "party_type": "dct:type",
    "events": "dpv:hasActivity",
    "event_time": "dct:date",
    "validity_duration": "dct:valid",
    "entity_id": "dpv:isIndicatedBy",
    "event_type": {"@id": "dct:type", **_IRI},
    "event_state": {"@id": "dpv:hasConsentStatus", **_IRI},
    # What follows is no statement of the vocabulary.
    "kantara": None,
    "ledger": None,
}


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the data.

    Attributes:
        jurisdiction: a country or a part of one, as two letters and more; "" where it is not known.
        url: where the shop is reached.
    """

    id: str
    name: str
    url: str
    address: str = ""
    email: str = ""
    jurisdiction: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """Where the row stands, for the receipt's own part about the ledger.

    Attributes:
        line: the row's bytes; note: the signed checkpoint that holds it.
        index: from 0; hashes in base64.
    """

    log: str
    line: bytes
    index: int
    size: int
    root: str
    proof: tuple[str, ...]
    note: str


def document(
    row: Row,
    asked: dict[str, str],
    entry: Entry,
    kind: Kind,
    controller: Controller,
    given: Given,
    *,
    key: str,
    now: int,
) -> dict[str, Any]:
    """The receipt for one row.

    Args:
        asked: how the person was asked, as the row keeps it.
        key: the shop's public key in base64.
    """
    number = f"{given.log}#{row.position}"
    return {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "schema_version": RECEIPT_SCHEMA,
        "receipt_id": number,
        "created": iso(now),
        "record": _record(row, asked, entry, kind, controller, number),
        "kantara": _kantara(row, asked, entry, controller, number, key, sensitive=kind.sensitive),
        "ledger": {
            "log": given.log,
            "row": given.line.decode(),
            "index": given.index,
            "size": given.size,
            "root": given.root,
            "proof": list(given.proof),
            "checkpoint": given.note,
        },
    }


def _record(
    row: Row, asked: dict[str, str], entry: Entry, kind: Kind, controller: Controller, number: str
) -> dict[str, Any]:
    return {
        "@type": "dpv:ConsentRecord",
        "schema_version": RECORD_SCHEMA,
        "record_id": number,
        "pii_principal_id": str(row.person),
        "processing": [
            {
                "privacy_notice": row.notice or f"{controller.url}/privacy",
                "language": asked.get("language", _UNSAID),
                "purpose": f"{entry.name}: {entry.sentence}",
                "purpose_type": entry.dpv,
                "lawful_basis": _BASES[entry.basis],
                "pii_information": [
                    {
                        "pii_type": f"{kind.name}: {kind.sentence}",
                        "pii_attribute_id": kind.dpv,
                        "sensitive_pii_category": kind.sensitive,
                    }
                ],
                "pii_controllers": [controller.id],
                "collection_method": asked.get("how", _UNSAID),
                "storage_locations": ["on the controller's own systems"],
                "retention_period": _days(entry.retention_days),
                "service": controller.name,
                "jurisdiction": controller.jurisdiction or _UNSAID,
                "recipient_third_parties": [],
                "withdrawal_method": f"{controller.url}/privacy",
            }
        ],
        "parties": [
            {
                "party_id": controller.id,
                "party_name": controller.name,
                "party_address": controller.address or _UNSAID,
                "party_contact": controller.email or controller.url,
                "party_type": "shop",
                "party_role": "dpv:DataController",
                "party_email": controller.email or _UNSAID,
                "party_url": controller.url,
            }
        ],
        "events": [
            {
                "event_time": iso(row.said_at) if row.said_at else _UNSAID,
                "validity_duration": _until(row.until),
                "entity_id": str(row.person) if row.evidence is not Evidence.NONE else controller.id,
                "event_type": _EVIDENCE[row.evidence],
                "event_state": f"dpv:{STATES.get(row.state, 'ConsentUnknown')}",
            }
        ],
    }


# How well the word is hers: she said it here, another system says that she did, or the shop wrote it down for her.
_EVIDENCE: Final = {
    Evidence.PROVEN: "dpv:ExplicitlyExpressedConsent",
    Evidence.CLAIMED: "dpv:ExpressedConsent",
    Evidence.NONE: "dpv:Consent",
}
_BASES: Final = {
    Basis.CONSENT: "dpv:Consent",
    Basis.CONTRACT: "dpv:Contract",
    Basis.LEGAL_OBLIGATION: "dpv:LegalObligation",
    Basis.LEGITIMATE_INTERESTS: "dpv:LegitimateInterest",
}


def _until(end: int | None) -> str:
    if end is None or end >= _YEAR_10000:
        return "until it is withdrawn"
    return f"until {iso(end)}"


_YEAR_10000: Final = 253_402_300_800 * SECOND


def _days(days: int | None) -> str:
    return f"P{days}D after the last use" if days is not None else "as long as the law asks"


def _kantara(
    row: Row, asked: dict[str, str], entry: Entry, controller: Controller, number: str, key: str, *, sensitive: bool
) -> dict[str, Any]:
    """The same as a Kantara consent receipt 1.1."""
    ends = f"{(row.until - row.said_at) // DAY} days after consent" if row.until is not None else "when it is withdrawn"
    return {
        "version": "KI-CR-v1.1.0",
        "jurisdiction": controller.jurisdiction or _UNSAID,
        "consentTimestamp": row.said_at // SECOND,
        "collectionMethod": asked.get("how", _UNSAID),
        "consentReceiptID": number,
        "publicKey": key,
        "language": asked.get("language", _UNSAID),
        "piiPrincipalId": str(row.person),
        "piiControllers": [
            {
                "piiController": controller.name,
                "onBehalf": False,
                "contact": controller.name,
                "address": {"streetAddress": controller.address or _UNSAID},
                "email": controller.email or _UNSAID,
                "phone": _UNSAID,
                "piiControllerUrl": controller.url,
            }
        ],
        "policyUrl": f"{controller.url}/privacy",
        "services": [
            {
                "service": controller.name,
                "purposes": [
                    {
                        "purpose": entry.sentence,
                        "purposeCategory": [entry.dpv],
                        "consentType": "EXPLICIT",
                        "piiCategory": [str(row.category)],
                        "primaryPurpose": False,
                        "termination": ends,
                        "thirdPartyDisclosure": False,
                    }
                ],
            }
        ],
        "sensitive": sensitive,
        "spiCat": [str(row.category)] if sensitive else [],
    }
