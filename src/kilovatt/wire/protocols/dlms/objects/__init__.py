"""What the attributes of COSEM objects say (Blue Book): typed, both ways, for clients and simulated meters alike.

Decoders take a value as it was read and raise MalformedError for one of another shape; integers of any width are
taken, as meters send them, and written in the width that the Blue Book has.
"""

from kilovatt.wire.protocols.dlms.objects.captured import (
    CaptureObject,
    PushedObject,
    decode_capture_object,
    decode_capture_objects,
    decode_push_list,
    encode_capture_objects,
)
from kilovatt.wire.protocols.dlms.objects.listed import (
    AttributeAccess,
    AttributeRight,
    ListedObject,
    MethodAccess,
    RightBits,
    decode_object_list,
    encode_object_list,
)
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection, RangeSelection, decode_selection
from kilovatt.wire.protocols.dlms.objects.units import Scaled, ScalerUnit, Unit, decode_scaler_unit, scaled

__all__ = [
    "AttributeAccess",
    "AttributeRight",
    "CaptureObject",
    "EntrySelection",
    "ListedObject",
    "MethodAccess",
    "PushedObject",
    "RangeSelection",
    "RightBits",
    "Scaled",
    "ScalerUnit",
    "Unit",
    "decode_capture_object",
    "decode_capture_objects",
    "decode_object_list",
    "decode_push_list",
    "decode_scaler_unit",
    "decode_selection",
    "encode_capture_objects",
    "encode_object_list",
    "scaled",
]
