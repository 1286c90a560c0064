"""Attributes with damage of every kind: what they say, or a protocol error and nothing else."""

import os
import random
from collections.abc import Callable

from kilovatt.wire.protocols.dlms.objects import (
    clock,
    decode_capture_objects,
    decode_object_list,
    decode_push_list,
    decode_scaler_unit,
    decode_selection,
    limiter,
    relay,
    tariffs,
)
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, decode
from unit.wire.protocols.dlms.values.drawn import mutated

MUTATIONS = 200_000 if os.environ.get("KILOVATT_SOAK") == "1" else 2_000
DECODERS: tuple[Callable[[DlmsValue], object], ...] = (
    decode_scaler_unit,
    decode_capture_objects,
    decode_push_list,
    decode_object_list,
    lambda value: decode_selection(1, value),
    lambda value: decode_selection(2, value),
    clock.decode_preset_time,
    limiter.decode_monitored_value,
    limiter.decode_emergency_profile,
    limiter.decode_emergency_profiles,
    limiter.decode_limiter_actions,
    relay.decode_output_state,
    relay.decode_control_state,
    relay.decode_control_mode,
    tariffs.decode_seasons,
    tariffs.decode_weeks,
    tariffs.decode_days,
    tariffs.decode_special_days,
)
ATTRIBUTES = [
    bytes.fromhex(wire)
    for wire in (
        "02020FFE161B",
        "0101" + "020412000809060000010000FF0F02120000",
        "0101" + "020612002809060000190900FF0F0212000002021600000100",
        "01010204120008110009060000010000FF0202010102030F01160100" + "0100",
        "020406000000030600000005120001120000",
        "0204" + "020412000809060000010000FF0F02120000" + "090C07DE0C0902000000FF000000" * 2 + "0100",
        "0202" + "0202090600000A006AFF120001" * 2,
        "0203" + "1200030906" + "0100010700FF" + "0F02",
        "1602",
        "0101" + "0203090131090CFFFFFFFFFFFFFFFFFF8000FF090131",
        "0101" + "0208090131" + "1101" * 7,
        "0101" + "020211010101" + "0203090407000000090600000A0064FF120001",
        "0101" + "02031200010905FFFF0509FF1102",
    )
]


def test_damaged_attributes_are_read_or_refused() -> None:
    dice = random.Random(20_261_124)
    ended = {"read": 0, "refused": 0}
    for _ in range(MUTATIONS):
        damaged = mutated(dice.choice(ATTRIBUTES), dice)
        for decoded in DECODERS:
            try:
                decoded(decode(damaged))
            except MalformedError:
                ended["refused"] += 1
            else:
                ended["read"] += 1
    assert min(ended.values()) > 0


def test_each_of_them_is_read_whole() -> None:
    for wire in ATTRIBUTES:
        readers = [decoded for decoded in DECODERS if _is_read(decoded, wire)]
        assert readers, wire.hex()


def _is_read(decoded: Callable[[DlmsValue], object], wire: bytes) -> bool:
    try:
        decoded(decode(wire))
    except MalformedError:
        return False
    return True
