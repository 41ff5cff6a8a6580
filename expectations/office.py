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
        "this batch is to be reversed more than once",
        "leave one line for it",
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

OFFICE_CODES = {code.code: code for code in (*_OF_FILES, *_OF_LINES)}


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
