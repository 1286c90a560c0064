"""What an exchange comes to when its answer arrives in pieces and then nothing more, for tests of connections."""

import itertools
from collections.abc import Iterable, Sequence

from kilovatt.wire.protocols.framing.connection import Connection, Event, LineFault, RemoteProtocolError


def outcome(connection: Connection, pieces: Iterable[bytes]) -> Event | tuple[LineFault, str]:
    """Return the event, or the fault with the first part of what was said of it."""
    try:
        for piece in pieces:
            event = connection.receive(piece)
            if event is not None:
                return event
        return connection.quiet()
    except RemoteProtocolError as error:
        return error.fault, str(error).partition("; got")[0]


def pieces_of(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """Cut data at these places, counted round its length."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]
