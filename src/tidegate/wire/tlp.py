"""The Traffic Light Protocol as STIX 2.1 marks it: the identifiers that its standard gave to each label.

TLP 2.0 has its own since 2022-10-01; those of TLP 1.0 are still met in files.
"""

from tidegate.model.messages import Tlp

EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
"""Of marking definitions for TLP 2.0."""

MARKINGS: dict[Tlp, str] = {
    "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""From the most open to the strictest."""

FIRST_MARKINGS: dict[str, Tlp] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "TLP:CLEAR",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "TLP:GREEN",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "TLP:AMBER",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "TLP:RED",
}
"""Those of TLP 1.0, as TLP 2.0 reads them."""

LABELS: dict[str, Tlp] = {identifier: label for label, identifier in MARKINGS.items()} | FIRST_MARKINGS

CREATED = "2022-10-01T00:00:00.000Z"


def strictest(labels: list[Tlp]) -> Tlp | None:
    """Of several labels the one that binds; None where there is none."""
    order = list(MARKINGS)
    return max(labels, key=order.index, default=None)


def tlp_named(text: str) -> Tlp | None:
    """For the many ways of writing it: "tlp:amber", "AMBER+STRICT", "TLP:WHITE"."""
    name = text.upper().removeprefix("TLP:").strip()
    return next((label for label in MARKINGS if label == f"TLP:{'CLEAR' if name == 'WHITE' else name}"), None)


def marking(label: Tlp) -> dict[str, object]:
    """The marking definition, as the standard's owner published it."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": MARKINGS[label],
        "created": CREATED,
        "name": label,
        "extensions": {
            EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": label.removeprefix("TLP:").lower(),
            }
        },
    }
