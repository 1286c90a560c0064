"""Security suite 0 by its name: sealing is the same in suites 0, 1 and 2, see `sealing`."""

from kilovatt.wire.protocols.dlms.security.sealing import Keys, Sealer, SecurityError

__all__ = ["Keys", "Sealer", "SecurityError"]
