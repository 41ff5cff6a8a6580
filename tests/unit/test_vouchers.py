"""Voucher codes are unique, unguessable, and catch what people mistype (S16)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tembaga.vouchers import (
    ALPHABET,
    SPACE,
    VoucherCodeError,
    check_character,
    read_code,
    voucher_code,
)

KEY = bytes(range(32))
BODY = "K7MQ2XH9TW"


def test_the_check_character_of_the_worked_example():
    assert check_character(BODY) == "7"


def test_every_single_wrong_character_is_caught():
    code = BODY + check_character(BODY)
    wrong = [
        code[:place] + letter + code[place + 1 :]
        for place in range(len(code))
        for letter in ALPHABET
        if letter != code[place]
    ]

    assert len(wrong) == 330
    for text in wrong:
        with pytest.raises(VoucherCodeError, match="mistyped"):
            read_code(text)


def test_every_two_characters_that_change_places_are_caught():
    code = BODY + check_character(BODY)
    for first in range(len(code)):
        for second in range(first + 1, len(code)):
            letters = list(code)
            letters[first], letters[second] = letters[second], letters[first]
            if letters != list(code):
                with pytest.raises(VoucherCodeError, match="mistyped"):
                    read_code("".join(letters))


@given(st.integers(0, SPACE - 1))
def test_a_code_is_read_as_it_was_written(voucher_no):
    code = voucher_code(voucher_no, KEY)

    assert read_code(code.lower().replace("-", " ")) == code


def test_codes_do_not_repeat():
    codes = {voucher_code(voucher_no, KEY) for voucher_no in range(5_000)}

    assert len(codes) == 5_000


def test_another_key_gives_other_codes():
    assert voucher_code(1, KEY) != voucher_code(1, bytes(32))


@pytest.mark.parametrize("voucher_no", [-1, SPACE])
def test_a_number_outside_the_space_has_no_code(voucher_no):
    with pytest.raises(ValueError, match="lies between"):
        voucher_code(voucher_no, KEY)


@pytest.mark.parametrize("text", ["", "K7MQ2", "K7MQ2-XH9TW-77", "K7MQ0-XH9TW-7", "K7MQI-XH9TW-7"])
def test_what_is_no_code_is_refused_with_a_reason(text):
    with pytest.raises(VoucherCodeError, match="a code has"):
        read_code(text)
