"""What the answering end knows of a client: what it must bring, and what it may use."""

from dataclasses import dataclass, field

from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.association.associating import CIPHERED_CONTEXTS
from kilovatt.wire.protocols.dlms.association.hls import (
    LOW_MECHANISMS,
    Credentials,
    Signing,
    check_credentials,
    check_supported,
)
from kilovatt.wire.protocols.dlms.security.sealing import Keys, Protection
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

CONFORMANCE = (
    Conformance.GENERAL_PROTECTION
    | Conformance.BLOCK_GET
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProfile:
    """What a client must bring, and what it may use.

    `secret` is its password (LLS) or the secret of its HLS mechanism; `protection` is what its messages must have at
    least, and what ours have. `is_associated` from the start: it needs no AARQ. `remembers_counters`: a counter it has
    used is used up beyond the association, as it should be; strangers' clients begin at zero each time.
    """

    mechanism: Mechanism = Mechanism.NONE
    context: Context = Context.LOGICAL_NAMES
    secret: bytes | None = field(default=None, repr=False)
    keys: Keys | None = field(default=None, repr=False)
    signing: Signing | None = None
    protection: Protection = Protection.BOTH
    conformance: Conformance = CONFORMANCE
    is_associated: bool = False
    remembers_counters: bool = True

    def __post_init__(self) -> None:
        check_supported(self.mechanism)
        if (self.is_ciphered or self.mechanism is Mechanism.HLS_GMAC) and self.keys is None:
            raise LocalProtocolError("a ciphered context, and GMAC, need keys")
        if self.mechanism is Mechanism.LLS and self.secret is None:
            raise LocalProtocolError("LLS needs a password")
        if self.mechanism is not Mechanism.HLS_GMAC:
            check_credentials(self.mechanism, Credentials(secret=self.secret, signing=self.signing))
        if self.is_associated and (self.is_ciphered or self.mechanism is not Mechanism.NONE):
            raise LocalProtocolError("a client that must prove itself is not associated from the start")

    @property
    def is_ciphered(self) -> bool:
        """Whether its messages are ciphered."""
        return self.context in CIPHERED_CONTEXTS

    @property
    def is_high(self) -> bool:
        """Whether both ends prove who they are."""
        return self.mechanism not in LOW_MECHANISMS

    @property
    def has_short_names(self) -> bool:
        """Whether it refers to objects by short names."""
        return self.context in (Context.SHORT_NAMES, Context.SHORT_NAMES_CIPHERED)
