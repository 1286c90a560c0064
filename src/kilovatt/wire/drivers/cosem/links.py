"""Over what a client speaks to a DLMS meter: the wrapper, HDLC at once, or HDLC behind a call."""

from kilovatt.measure.metering.catalogue.cosem import CosemDialect, Entry
from kilovatt.wire.drivers.conversation import MeterAddress
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.optical import OpticalLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.links import Link
from kilovatt.wire.protocols.framing.wrapper import WrapperLink


def link_to(meter: MeterAddress, dialect: CosemDialect, client: int) -> Link:
    """Return a link of a client that is not open yet. Raises LocalProtocolError for an address no meter can have."""
    if dialect.over_wrapper:
        return WrapperLink(client=client, server=dialect.logical_device)
    address = server_address(dialect.logical_device, meter.address, dialect.address_bytes)
    limits = LinkLimits(transmit_info=dialect.info_bytes, receive_info=dialect.info_bytes)
    if dialect.entry is Entry.DIRECT:
        return HdlcLink(address, client, limits)
    return OpticalLink(
        address,
        client,
        limits,
        address=str(meter.address) if dialect.calls_by_address else "",
        baud_letter=dialect.baud_letter,
        parity_bits=dialect.parity_bits,
    )
