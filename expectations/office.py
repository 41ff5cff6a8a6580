"""Codes of the office's feeds: why a paper is refused, in words that say what to do.

The office reads English. A code that partners know too means the same here; the words are
the office's own. A sentence may place values, `{like_this}`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OfficeCode:
    """One answer: what is wrong, and what to do."""

    code: str
    says: str
    hint: str


_OF_FILES = (
    OfficeCode(
        "DUPLICATE_FILE",
        "we have this very file already: {earlier_name}, as file {earlier_file_no}",
        "nothing was changed. If other lines were meant, submit those",
    ),
    OfficeCode(
        "E_FILE_NAME",
        "the file's name cannot be used",
        "use at most 200 letters, digits, spaces, dots, hyphens or underscores",
    ),
    OfficeCode(
        "E_FILE_TOO_LARGE",
        "the file is too large: {size_bytes} bytes, at most {limit_bytes}",
        "split it into several files, each with its header",
    ),
    OfficeCode("E_FILE_EMPTY", "the file holds no line", "write the lines below the header"),
    OfficeCode(
        "E_FILE_ENCODING",
        "the file is not UTF-8 text; line {line_no} cannot be read",
        "save it as CSV in UTF-8",
    ),
    OfficeCode(
        "E_FILE_UNREADABLE",
        "the file cannot be read as CSV; reading stopped at line {line_no}",
        "look there for a quotation mark that is never closed, or one too many",
    ),
    OfficeCode(
        "E_FILE_HEADER",
        "the header is not that of {feed}. Missing: {missing}. Unexpected: {unexpected}. "
        "More than once: {repeated}",
        "write these columns into the first line, in any order: {columns}",
    ),
    OfficeCode(
        "E_FILE_LINES",
        "lines that cannot be taken: {bad_lines} of {lines}",
        "a paper is taken whole or not at all. Mend these lines and submit it again",
    ),
)

_OF_LINES = (
    OfficeCode(
        "E_COLUMNS",
        "the line has not as many cells as the header",
        "check its separators and quotation marks",
    ),
    OfficeCode(
        "E_TEXT",
        "the text holds a sign that cannot be seen, such as a line end",
        "write it anew by hand",
    ),
    OfficeCode(
        "E_TOO_LONG",
        "the text is longer than 100 characters, a reason longer than 500",
        "shorten it, or check the separators",
    ),
    OfficeCode("E_ADVOCATE_MISSING", "no advocate is named", "fill in the number of the card"),
    OfficeCode(
        "E_ADVOCATE_UNKNOWN",
        "nobody is enrolled under this number",
        "check the number, or enrol the advocate first",
    ),
    OfficeCode(
        "E_POINTS",
        "this is no number of points that can be booked",
        "write a whole number without separators, not zero, at most 1000000000; "
        "only an adjustment or an opening balance may be negative",
    ),
    OfficeCode(
        "E_DATE",
        "the day or time is missing, cannot be read, or is out of range",
        "write a day as 2026-03-31, a time as 2026-03-31T17:00:00+07:00; neither in the future "
        "nor before 1990",
    ),
    OfficeCode("E_REQUEST_MISSING", "the request has no request_id", "give it one of its own"),
    OfficeCode(
        "E_REQUEST_TWICE",
        "this request_id was used before",
        "take the line out if it is the same request; otherwise give it a request_id of its own",
    ),
    OfficeCode(
        "E_REWARD_UNKNOWN",
        "the catalogue has no such reward",
        "write it as in catalogue.yml, or add it there first",
    ),
    OfficeCode("E_REQUEST_NO", "this is no request_no", "write the number of the request"),
    OfficeCode(
        "E_CAUSE",
        "this is no cause of a cancellation",
        "write member or merchant_fault",
    ),
    OfficeCode("E_MAKER_MISSING", "nobody made this adjustment", "name who asks for it"),
    OfficeCode(
        "E_APPROVER_MISSING",
        "nobody approved this adjustment",
        "have it approved and name who did",
    ),
    OfficeCode(
        "E_APPROVER_IS_MAKER",
        "nobody approves their own adjustment",
        "have somebody else approve it",
    ),
    OfficeCode(
        "E_SECOND_APPROVER",
        "an adjustment of this size is approved by two different people",
        "name a second one who approved it",
    ),
    OfficeCode("E_REASON_MISSING", "the adjustment has no reason", "say why it is made"),
    OfficeCode(
        "E_OPENING_EXPIRED",
        "the points expire before they were earned",
        "check that the two days have not changed places",
    ),
    OfficeCode(
        "E_MERGED",
        "an advocate is merged once, into somebody who stays",
        "leave one line for each advocate that goes, and name the one who stays in the end",
    ),
    OfficeCode(
        "E_BATCH_UNKNOWN",
        "the ledger has no such batch",
        "write the number of a batch that was posted",
    ),
    OfficeCode(
        "E_NOT_WAITING",
        "this line does not wait for a person, or somebody has answered already",
        "look at `tembaga held` for those that wait: a file's number and a line's",
    ),
    OfficeCode(
        "E_DECISION",
        "this is no answer to a held line",
        "write release or reject",
    ),
    OfficeCode(
        "E_RELEASE_TWICE",
        "this line is answered more than once",
        "leave one line for it",
    ),
    OfficeCode(
        "E_REVERSAL_TWICE",
        "this batch is to be reversed more than once, or was reversed before",
        "leave one line for it, or none",
    ),
    OfficeCode(
        "E_MERCHANT_UNKNOWN",
        "no reward is this merchant's, and it was never sent a voucher",
        "write the merchant's name as in catalogue.yml",
    ),
    OfficeCode("E_CODE_MISSING", "the claim names no voucher", "fill in the voucher's code"),
    OfficeCode(
        "E_MONEY",
        "this is no amount of money that can be booked",
        "write it in major units of the programme's currency and without separators, as 50000 or "
        "50000.00; only a discount may be 0",
    ),
    OfficeCode("E_REFERENCE_MISSING", "the payment has no reference", "write the bank's"),
    OfficeCode(
        "E_PAYMENT_TWICE",
        "this reference was used before",
        "take the line out if it is the same payment; otherwise give it a reference of its own",
    ),
)

# What only the books can tell, when a line is posted: it is declined, and the others are done.
_OF_POSTING = (
    OfficeCode(
        "INSUFFICIENT",
        "the advocate has not enough points that can be used for this reward",
        "ask again when there are enough",
    ),
    OfficeCode(
        "E_REQUEST_UNKNOWN",
        "the ledger has no request of this number",
        "write the number of a request that was posted, as `tembaga explain` shows it",
    ),
    OfficeCode(
        "E_BEFORE_REQUEST",
        "the request was made after this day",
        "check both the number of the request and the day",
    ),
    OfficeCode(
        "E_REQUEST_SPENT",
        "nothing is left of this request: all of it was given back before",
        "nothing is to be done, unless another request was meant",
    ),
    OfficeCode(
        "E_NOT_WHOLE",
        "so many points are no whole amount of the voucher's currency",
        "leave the points empty to cancel all of it, or give so many that the face of the voucher "
        "can be parted",
    ),
    OfficeCode(
        "E_VOUCHER_USED",
        "the voucher was used, and its merchant is to be paid for it",
        "give the advocate points by an adjustment if that is what was meant",
    ),
    OfficeCode(
        "E_VOUCHER_EXPIRED",
        "the voucher can be claimed no more and was booked as income",
        "give the advocate points by an adjustment if that is what was meant",
    ),
    OfficeCode(
        "E_REVERSAL_SPENT",
        "something of this batch has moved since, or was earned since under a merged name",
        "put right what is wrong by adjustments",
    ),
    OfficeCode(
        "E_CODE_UNKNOWN",
        "the code is mistyped, was never ours, or its voucher was not delivered yet",
        "have the merchant look at the voucher again",
    ),
    OfficeCode(
        "E_OTHER_MERCHANT",
        "the voucher is another merchant's",
        "tell the merchant that it is not paid for this voucher",
    ),
    OfficeCode(
        "E_VOUCHER_CANCELLED",
        "the voucher was cancelled before it was used",
        "tell the merchant that it is not paid for this voucher",
    ),
    OfficeCode(
        "E_CLAIMED_ALREADY",
        "this voucher was claimed before, in this paper or an earlier one",
        "tell the merchant that a voucher is paid once",
    ),
    OfficeCode(
        "E_CLAIM_AMOUNT",
        "the amount is not the face of the voucher, or what a cancellation has left of it",
        "have the merchant claim what the voucher is worth",
    ),
    OfficeCode(
        "E_CLAIM_TOO_LATE",
        "the voucher was used after its last day, or claimed more than `claim_grace_days` after it",
        "tell the merchant; where programme.yml does not say how many days, they are 30",
    ),
    OfficeCode(
        "E_ABOVE_PAYABLE",
        "the payment and its discount are more than the merchant may have",
        "look at `tembaga settlement`, and write what was paid",
    ),
)

OFFICE_CODES = {code.code: code for code in (*_OF_FILES, *_OF_LINES, *_OF_POSTING)}


def as_table() -> str:
    """The codes as Markdown, for the runbook."""
    head = ["| Code | What it means | What to do |", "|---|---|---|"]
    rows = [
        f"| `{code.code}` | {_capital(code.says)}. | {_capital(code.hint)}. |"
        for code in OFFICE_CODES.values()
    ]
    return "\n".join([*head, *rows])


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
