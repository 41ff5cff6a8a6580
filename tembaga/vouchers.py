"""Voucher codes: unique by construction, unguessable without the key, safe to read aloud (S16).

    K7MQ2-XH9TW-7
    └─ body ──┘ └ check character

The body is a keyed permutation of the voucher's number, so two vouchers cannot share a code
and no code tells another. The check character catches every single wrong character and every
two that changed places.
"""

import hashlib
import hmac

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
BODY_LENGTH = 10
SPACE = len(ALPHABET) ** BODY_LENGTH

_HALF_BITS = 25  # Two halves of 25 bits are the smallest even width that holds 31^10.
_HALF_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 10


class VoucherCodeError(ValueError):
    """A text that is no voucher code; the sentence says why."""


def voucher_code(voucher_no: int, key: bytes) -> str:
    """The code of a voucher: the same for the same number and key, whenever it is asked for.

    Args:
        voucher_no: From 0 up to 31^10.
        key: The installation's secret.

    Raises:
        ValueError: The number is out of range.
    """
    if not 0 <= voucher_no < SPACE:
        raise ValueError(f"a voucher number lies between 0 and {SPACE}, not {voucher_no}")
    value = _permuted(voucher_no, key)
    while value >= SPACE:  # Walk the cycle until it comes back into the space of codes.
        value = _permuted(value, key)
    body = _body(value)
    return f"{body[:5]}-{body[5:]}-{check_character(body)}"


def check_character(body: str) -> str:
    """The character that makes the weighted sum of all values zero modulo 31."""
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(body, start=2))
    return ALPHABET[-total % len(ALPHABET)]


def read_code(text: str) -> str:
    """A code as a person wrote it, in its one spelling.

    Raises:
        VoucherCodeError: It is too long or short, has a foreign character, or is mistyped.
    """
    letters = "".join(text.upper().split()).replace("-", "")
    if len(letters) != BODY_LENGTH + 1:
        raise VoucherCodeError(f"a code has {BODY_LENGTH + 1} characters, not {len(letters)}")
    if foreign := sorted(set(letters) - set(ALPHABET)):
        raise VoucherCodeError(f"a code has no {', '.join(foreign)}")
    if check_character(letters[:-1]) != letters[-1]:
        raise VoucherCodeError("the code is mistyped: its last character does not fit the others")
    return f"{letters[:5]}-{letters[5:10]}-{letters[10]}"


def code_hmac(code: str, key: bytes) -> bytes:
    """What the register keeps of a code: enough to know it again, not enough to write it."""
    return hmac.digest(key, b"code|" + code.encode(), hashlib.sha256)


def _permuted(value: int, key: bytes) -> int:
    """One pass of a Feistel network over 50 bits: a permutation, whatever the key."""
    left, right = value >> _HALF_BITS, value & _HALF_MASK
    for nth in range(_ROUNDS):
        digest = hmac.digest(key, b"body|%d|%d" % (nth, right), hashlib.sha256)
        left, right = right, left ^ (int.from_bytes(digest[:4], "big") & _HALF_MASK)
    return left << _HALF_BITS | right


def _body(value: int) -> str:
    letters = []
    for _ in range(BODY_LENGTH):
        value, rest = divmod(value, len(ALPHABET))
        letters.append(ALPHABET[rest])
    return "".join(reversed(letters))
