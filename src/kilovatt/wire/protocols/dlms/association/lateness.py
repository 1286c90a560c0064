"""Answers that come late, or twice: what carries them tells nothing, so it is seen from what they answer."""

_ANSWER_TO = {0xC0: 0xC4, 0xC1: 0xC5, 0xC3: 0xC7, 0xD9: 0xDA, 0x60: 0x61, 0x62: 0x63, 0x05: 0x0C, 0x06: 0x0D}
"""The tags of questions, and of the answers to them."""
_ANSWERS = frozenset(_ANSWER_TO.values())
_ACCESS = 0xD9
_NUMBERED = frozenset({0xC0, 0xC1, 0xC3})
_NUMBER_MASK = 0x0F
_GET_NEXT, _GET_BLOCK = b"\xc0\x02", b"\xc4\x02"


def is_late(answer: bytes, question: bytes) -> bool:
    """Whether a message answers something that was asked before this question, and not the question itself.

    It tells what it can by the service, the invoke-id and the number of a block; Read and Write of short names have
    none of the latter. What is no answer at all is not late.
    """
    tag = question[0]
    if not answer or answer[0] not in _ANSWERS:
        return False
    if answer[0] != _ANSWER_TO.get(tag):
        return True
    if tag == _ACCESS:
        # Of the long invoke-id the first byte holds the priority.
        return answer[2:5] != question[2:5]
    if tag not in _NUMBERED:
        return False
    if len(answer) > 2 and (answer[2] ^ question[2]) & _NUMBER_MASK:
        return True
    return answer[:2] == _GET_BLOCK and question[:2] == _GET_NEXT and answer[4:8] <= question[3:7]
