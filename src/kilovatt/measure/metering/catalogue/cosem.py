"""What is common to meters of DLMS/COSEM, whatever profile of it they follow; they have no rows of their own here."""

from dataclasses import dataclass
from enum import StrEnum

from kilovatt.measure.metering.models import Dialect


class ConfiguratorProof(StrEnum):
    """How a configurator proves that he knows the secret."""

    GMAC = "gmac"
    """Mechanism 5: with the keys that cipher."""
    AES = "aes"
    """Mechanism 2, makers' own: AES-128 of the challenge with a secret of its own. Not verified on a meter."""


class Entry(StrEnum):
    """How a link of HDLC begins."""

    DIRECT = "direct"
    """With its own first frame."""
    MODE_E = "mode_e"
    """With a call by IEC 62056-21 at 300 baud, as at an optical head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemDialect(Dialect):
    """What meters of DLMS/COSEM do differently: how they are reached, opened and understood."""

    over_wrapper: bool = False
    """Whether messages travel in the wrapper over TCP; else in HDLC."""
    address_bytes: int = 4
    """How many bytes the meter's HDLC address has: 1, 2 or 4."""
    info_bytes: int = 128
    """How many bytes of information a frame of HDLC may have."""
    entry: Entry = Entry.DIRECT
    baud_letter: str | None = None
    """In mode E, the speed that is chosen; None for the one the meter offers."""
    parity_bits: bool = False
    """In mode E, whether parity is ours to add, since the gateway carries eight bits and the call is of seven."""
    calls_by_address: bool = False
    """In mode E, whether the call bears the meter's address; else it is for whichever is alone at the head."""
    type_name: str = "SPODES"
    """In mode E, what the simulated meter calls itself when it is called."""
    public_sap: int = 16
    reader_sap: int = 32
    configurator_sap: int = 48
    configurator_proof: ConfiguratorProof = ConfiguratorProof.GMAC
    """The standard has Kuznyechik (mechanism 8) besides, which is not built; field reports have 2 and 5."""
    general_ciphering: bool = False
    """Whether messages are ciphered as a whole (DBh); else each service under its own tag, as the standard says."""
    counter_obis: str | None = "0.0.43.1.0.255"
    """Where the public client can read the invocation counter of the keys; None: nowhere, and the public client is
    not tried. The standard lets him read only clock and name; meters that say more have been seen."""
    logical_device: int = 1
    stamps_ahead_of_utc: bool = False
    """Whether the deviation of a stamp is local time minus UTC, as in the samples of the standard; a real Energomera
    sends it the other way about, as the Blue Book has it."""
    stamps_end_intervals: bool = True
    """Whether a row of the load profile bears the end of its interval."""
    text_encoding: str = "utf-8"
    """What texts are written in; of readings that look equally Russian, the one that is taken."""
    relay_obis: str = "0.0.96.3.10.255"
    """The standard's text has 0.0.96.3.10.255, its example 0.0.96.3.1.255."""
    takes_ranges: bool = True
    """Whether profiles can be asked by range; else only by entries."""
    has_scaler_profiles: bool = True
    """Whether scalers can be read in one profile; else one by one."""
    flag: str = "KLV"
    """Three letters of the maker at the head of the logical device's name."""
