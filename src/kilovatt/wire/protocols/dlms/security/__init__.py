"""Messages that are authenticated and ciphered (IEC 62056-5-3, clause 5; IEC 62056-6-2, security suites)."""

from kilovatt.wire.protocols.dlms.security.sealing import (
    InvocationCounter,
    Keys,
    Protection,
    ReplayError,
    Sealer,
    SecurityError,
    Suite,
    SuiteNotSupportedError,
)

__all__ = [
    "InvocationCounter",
    "Keys",
    "Protection",
    "ReplayError",
    "Sealer",
    "SecurityError",
    "Suite",
    "SuiteNotSupportedError",
]
