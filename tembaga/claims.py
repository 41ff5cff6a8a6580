"""Claims: which voucher a merchant's claim is for.

The code of a voucher stays in the paper and goes no further: the register knows it by its
digest, and the request of the voucher stands for it from then on.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, select

from tembaga.issue import voucher_key
from tembaga.register.tables import vouchers
from tembaga.settings import Settings
from tembaga.vouchers import VoucherCodeError, code_hmac, read_code

CODES_AT_A_TIME = 10_000


def requests_of(
    register: Connection, codes: Mapping[int, str], *, settings: Settings
) -> dict[int, int | None]:
    """The request of each voucher; none if its code is mistyped or was never ours."""
    if not codes:
        return {}
    key = voucher_key(settings)
    digests = {nth: _digest(code, key) for nth, code in codes.items()}
    known: dict[bytes, int] = {}
    wanted = [digest for digest in digests.values() if digest is not None]
    for at in range(0, len(wanted), CODES_AT_A_TIME):
        some = wanted[at : at + CODES_AT_A_TIME]
        found = register.execute(
            select(vouchers.c.code_hmac, vouchers.c.request_no).where(
                vouchers.c.code_hmac.in_(some)
            )
        )
        known |= {bytes(row.code_hmac): row.request_no for row in found}
    return {nth: None if d is None else known.get(d) for nth, d in digests.items()}


def _digest(code: str, key: bytes) -> bytes | None:
    try:
        return code_hmac(read_code(code), key)
    except VoucherCodeError:
        return None
