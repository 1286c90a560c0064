"""Laws of messages: what is written is read as it was, and damage ends in a protocol error only."""

import random
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.apdu import access_service, acse, action, ciphered, get, notifications, short_names
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.ciphered import decode_sealed
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    decode_initiate_response,
)
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ConfirmedServiceError, ExceptionResponse
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    Array,
    Enumerate,
    Integer,
    LongUnsigned,
    MalformedError,
    OctetString,
    Structure,
    encode,
)

bytes_of_byte = st.integers(0, 0xFF)
words = st.integers(0, 0xFFFF)
counts = st.integers(0, 0xFFFF_FFFF)
parts = st.binary(max_size=300)
simple = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-128, 127).map(Integer),
    words.map(LongUnsigned),
    bytes_of_byte.map(Enumerate),
    st.binary(max_size=200).map(OctetString),
)
values = st.recursive(
    simple, lambda some: st.one_of(st.lists(some, max_size=3).map(Array), st.lists(some, max_size=3).map(Structure))
)
names = st.binary(min_size=6, max_size=6).map(Obis)
descriptors = st.builds(Descriptor, words, names, st.integers(-128, 127))
selections = st.none() | st.builds(Selection, bytes_of_byte, values)
selected = st.lists(st.tuples(descriptors, selections), min_size=1, max_size=3).map(tuple)
reasons = st.sampled_from(AccessResult)
encoded = values.map(encode)
results = st.one_of(encoded, reasons)
returned = st.none() | results
several = st.lists(values, max_size=3).map(tuple)
reason_lists = st.lists(reasons, max_size=4).map(tuple)
flags = st.booleans()
stamps = st.sampled_from([b"", bytes(12)])
asked = st.builds(
    access_service.AccessAsked,
    st.sampled_from([access_service.AccessKind.GET, access_service.AccessKind.SET]),
    descriptors,
    selections,
) | st.builds(access_service.AccessAsked, st.just(access_service.AccessKind.ACTION), descriptors)
variables = st.one_of(
    st.builds(short_names.ShortName, words),
    st.builds(short_names.ParameterizedName, words, bytes_of_byte, values),
    st.builds(short_names.NextReadBlock, words),
)
outcomes = st.builds(access_service.AccessOutcome, st.sampled_from(access_service.AccessKind), reasons)


def paired(things: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[tuple[object, ...], tuple[object, ...]]]:
    """As many values as there are things."""
    pairs = st.lists(st.tuples(things, values), max_size=3)
    return pairs.map(lambda made: (tuple(one for one, _ in made), tuple(value for _, value in made)))


messages = st.one_of(
    st.builds(get.GetRequest, bytes_of_byte, descriptors, selections),
    st.builds(get.GetNextBlock, bytes_of_byte, counts),
    st.builds(get.GetListRequest, bytes_of_byte, selected),
    st.builds(get.GetResponse, bytes_of_byte, results),
    st.builds(get.GetBlock, bytes_of_byte, flags, counts, st.one_of(parts, reasons)),
    st.builds(get.GetListResponse, bytes_of_byte, st.lists(results, max_size=3).map(tuple)),
    st.builds(setting.SetRequest, bytes_of_byte, descriptors, values, selections),
    st.builds(setting.SetBlock, bytes_of_byte, flags, counts, parts),
    st.builds(setting.SetBlock, bytes_of_byte, flags, counts, parts, descriptors, selections),
    st.builds(setting.SetListBlock, bytes_of_byte, flags, counts, parts, selected),
    st.tuples(bytes_of_byte, paired(st.tuples(descriptors, selections))).map(
        lambda made: setting.SetListRequest(made[0], *made[1])  # type: ignore[arg-type]  # pairs of one length
    ),
    st.builds(setting.SetResponse, bytes_of_byte, reasons),
    st.builds(setting.SetBlockResponse, bytes_of_byte, counts, st.none() | reasons),
    st.builds(setting.SetListResponse, bytes_of_byte, reason_lists),
    st.builds(setting.SetListBlockResponse, bytes_of_byte, counts, reason_lists),
    st.builds(action.ActionRequest, bytes_of_byte, descriptors, values),
    st.builds(action.ActionRequest, bytes_of_byte, descriptors, st.none(), st.just(False)),
    st.builds(action.ActionNextBlock, bytes_of_byte, counts),
    st.tuples(bytes_of_byte, paired(descriptors)).map(
        lambda made: action.ActionListRequest(made[0], *made[1])  # type: ignore[arg-type]  # pairs of one length
    ),
    st.builds(action.ActionParameterBlock, bytes_of_byte, flags, counts, parts),
    st.builds(action.ActionParameterBlock, bytes_of_byte, flags, counts, parts, descriptors),
    st.builds(
        action.ActionParameterBlock,
        bytes_of_byte,
        flags,
        counts,
        parts,
        st.none(),
        st.lists(descriptors, max_size=3).map(tuple),
    ),
    st.builds(action.ActionResponse, bytes_of_byte, reasons, returned),
    st.builds(action.ActionBlock, bytes_of_byte, flags, counts, parts),
    st.builds(
        action.ActionListResponse,
        bytes_of_byte,
        st.lists(st.builds(action.ActionEnded, reasons, returned), max_size=3).map(tuple),
    ),
    st.builds(action.ActionBlockTaken, bytes_of_byte, counts),
    st.builds(notifications.DataNotification, counts, stamps, values),
    st.builds(notifications.EventNotification, st.none() | st.just(bytes(12)), descriptors, values),
    st.tuples(counts, paired(asked), stamps).map(
        lambda made: access_service.AccessRequest(made[0], *made[1], made[2])  # type: ignore[arg-type]  # as above
    ),
    st.tuples(counts, paired(outcomes), st.none() | st.lists(asked, max_size=2).map(tuple), stamps).map(
        lambda made: access_service.AccessResponse(made[0], made[1][1], made[1][0], made[2], made[3])  # type: ignore[arg-type]
    ),
    st.builds(
        GeneralBlock,
        is_last=flags,
        streaming=flags,
        window=st.integers(0, 63),
        number=words,
        acknowledged=words,
        part=parts,
    ),
    st.builds(short_names.ReadRequest, st.lists(variables, max_size=3).map(tuple)),
    st.builds(
        short_names.ReadResponse,
        st.lists(st.one_of(results, st.builds(short_names.ReadPart, flags, words, parts)), max_size=3).map(tuple),
    ),
    paired(variables).map(lambda made: short_names.WriteRequest(*made)),  # type: ignore[arg-type]  # as above
    st.builds(short_names.WriteResponse, reason_lists),
    st.builds(ExceptionResponse, bytes_of_byte, st.integers(0, 5)),
    st.builds(ExceptionResponse, bytes_of_byte, st.just(6), st.none() | counts),
    st.builds(ConfirmedServiceError, bytes_of_byte, bytes_of_byte, bytes_of_byte),
)
titles = st.binary(max_size=8)
routes = st.builds(ciphered.Route, titles, titles, titles, stamps, titles)
keys = st.one_of(
    st.none(),
    st.builds(ciphered.KeyTold, st.just(ciphered.KeyIs.IDENTIFIED), bytes_of_byte),
    st.builds(
        ciphered.KeyTold,
        st.sampled_from([ciphered.KeyIs.WRAPPED, ciphered.KeyIs.AGREED]),
        bytes_of_byte,
        parts,
    ),
)
sealed_messages = st.one_of(
    st.builds(ciphered.ServiceSealed, st.sampled_from([0x01, 0x08, 0x0C, 0xC0, 0xC4, 0xC7]), parts, st.just(False)),
    st.builds(ciphered.ServiceSealed, st.sampled_from([0x05, 0xC0, 0xC4, 0xC7]), parts, st.just(True)),
    st.builds(ciphered.GeneralSealed, titles, parts, flags),
    st.builds(ciphered.GeneralCiphered, routes, keys, parts),
    st.builds(ciphered.GeneralSigned, routes, parts, parts),
)
conformances = st.integers(0, 0xFFFFFF).map(Conformance)
contexts = st.sampled_from(acse.Context)
secret_mechanisms = st.sampled_from([one for one in acse.Mechanism if one is not acse.Mechanism.NONE])


@given(message=messages)
def test_a_message_is_read_as_it_was_written(message: object) -> None:
    assert decode_message(message.encode()) == message  # type: ignore[attr-defined]  # every message can be encoded


@given(message=sealed_messages)
def test_a_sealed_message_is_unwrapped_as_it_was_wrapped(message: object) -> None:
    assert decode_sealed(message.encode()) == message  # type: ignore[attr-defined]  # every message can be encoded


@given(
    context=contexts,
    mechanism=secret_mechanisms,
    title=st.none() | titles,
    secret=st.binary(max_size=64),
    offer=parts,
)
def test_a_request_for_an_association_is_read_as_it_was_written(
    context: acse.Context, mechanism: acse.Mechanism, title: bytes | None, secret: bytes, offer: bytes
) -> None:
    asked = acse.AssociationRequest(
        context=context, mechanism=mechanism, client_title=title, secret=secret, initiate=offer
    )
    plain = acse.AssociationRequest(context=context, client_title=title, initiate=offer)

    assert acse.decode_association_request(asked.encode()) == asked
    assert acse.decode_association_request(plain.encode()) == plain


@given(
    said=st.builds(
        acse.AssociationResponse,
        context=contexts,
        result=st.sampled_from(acse.AssociationResult),
        diagnostic=st.integers(0, 127),
        mechanism=st.none() | secret_mechanisms,
        server_title=st.none() | titles,
        challenge=st.none() | st.binary(max_size=64),
        initiate=st.none() | parts,
    )
)
def test_an_answer_to_a_request_for_an_association_is_read_as_it_was_written(said: acse.AssociationResponse) -> None:
    assert acse.decode_association_response(said.encode()) == said


@given(conformance=conformances, size=words, key=st.none() | st.binary(max_size=32), name=words)
def test_what_both_ends_can_is_read_as_it_was_written(
    conformance: Conformance, size: int, key: bytes | None, name: int
) -> None:
    offer, agreement = InitiateRequest(conformance, size, key), InitiateResponse(conformance, size, name)

    assert decode_initiate_request(offer.encode()) == offer
    assert decode_initiate_response(agreement.encode()) == agreement


@given(offer=st.none() | parts, is_request=flags)
def test_a_release_is_read_as_it_was_written(offer: bytes | None, *, is_request: bool) -> None:
    message = acse.encode_release(is_request=is_request, initiate=offer)

    assert acse.decode_release(message, is_request=is_request) == offer


DECODERS = (
    decode_message,
    decode_sealed,
    acse.decode_association_request,
    acse.decode_association_response,
    decode_initiate_request,
    decode_initiate_response,
    get.decode_results,
    setting.decode_values,
    short_names.decode_read_results,
)


@given(message=st.one_of(messages, sealed_messages), seed=st.integers(0, 1 << 32))
def test_a_damaged_message_ends_in_another_one_or_in_a_protocol_error(message: object, seed: int) -> None:
    dice = random.Random(seed)
    damaged = bytearray(message.encode())  # type: ignore[attr-defined]  # every message can be encoded
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(damaged) + 1)
        match dice.randrange(4):
            case 0 if place < len(damaged):
                damaged[place] ^= 1 << dice.randrange(8)
            case 1:
                damaged[place:place] = dice.randbytes(dice.randint(1, 3))
            case 2:
                del damaged[place : place + dice.randint(1, 3)]
            case _:
                damaged[place : place + 2] = dice.choice([b"\x00\x00", b"\xff\xff", b"\x84\xff", b"\x01\x82"])
    for decoder in DECODERS:
        with suppress(MalformedError):
            decoder(bytes(damaged))


@given(message=messages, extra=st.binary(min_size=1, max_size=4))
def test_bytes_after_a_message_are_refused(message: object, extra: bytes) -> None:
    wire = message.encode()  # type: ignore[attr-defined]  # every message can be encoded
    # The value of a normal GET response is all that is left, and a counter may follow an exception: read as such.
    is_open_ended = isinstance(message, ExceptionResponse | get.GetResponse)
    try:
        said = decode_message(wire + extra)
    except MalformedError:
        return
    assert is_open_ended
    assert said != message


@given(message=messages, cut=st.integers(1, 40))
def test_a_message_that_is_cut_short_is_refused_or_is_another(message: object, cut: int) -> None:
    wire = message.encode()  # type: ignore[attr-defined]  # every message can be encoded
    try:
        said = decode_message(wire[:-cut])
    except MalformedError:
        return
    assert said != message
