"""The tables of the register: small, transactional, row by row.

Alembic makes them (`migrations/`); this module is their one description.
Numbers that leave the register (`file_no`, `batch_no`, …) are gapless and given in a fixed
order, so that the same files in the same order give the same ledger.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)

files = Table(
    "files",
    metadata,
    Column("file_no", Integer, primary_key=True, autoincrement=False),
    Column("partner", String, nullable=False, comment="The folder it came from."),
    Column("name", String, nullable=False, comment="Its name, as the partner wrote it."),
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("state", String, nullable=False, comment="seen, landed, refused, validated, loaded"),
    Column("sha256", String(64), index=True),
    Column("code", String, comment="Why it was refused."),
    Column("detail", JSONB, comment="The values that the sentence of the code places."),
    Column("duplicate_of_file_no", Integer, ForeignKey("files.file_no")),
    *(
        column
        for outcome in ("in", "accepted", "duplicate", "held", "rejected")
        for column in (
            Column(f"lines_{outcome}", BigInteger),
            Column(f"amount_{outcome}", Numeric(38, 10)),
        )
    ),
    Column("currency", String(3)),
    Column("answered_at", DateTime(timezone=True), comment="The acknowledgement was delivered."),
    Column("batch_no", Integer, ForeignKey("batches.batch_no"), comment="Posted by this batch."),
    Column(
        "feed",
        String,
        nullable=False,
        server_default="sales",
        comment="What kind of file it is: a feed of its partner, or of the office.",
    ),
    Column("rows_sha256", String(64), comment="Of rows.parquet, as it was loaded."),
    Column("load_no", Integer, comment="Files that were loaded together share it."),
    Column(
        "loaded_after_batch_no", Integer, comment="The last batch in the ledger when it was loaded."
    ),
    Column(
        "takes_up_file_no",
        Integer,
        ForeignKey("files.file_no"),
        comment="An uptake: it has held lines of that file.",
    ),
    Column("plausible", JSONB, comment="What made its lines wait for a person when it was loaded."),
    Column(
        "replaces_file_nos",
        ARRAY(Integer),
        comment="The loaded files of its name in whose place it stands.",
    ),
    Column(
        "withdrawn_at",
        DateTime(timezone=True),
        comment="It stands in place of others, and what is missing from it was looked for.",
    ),
    Column(
        "withdraws_for_file_no",
        Integer,
        ForeignKey("files.file_no"),
        comment="Withdrawals: it voids the lines that are missing from that file.",
    ),
)

batches = Table(
    "batches",
    metadata,
    Column("batch_no", Integer, primary_key=True, autoincrement=False),
    Column("as_of", Date, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("rulepack_sha256", String(64), nullable=False),
    Column("transfers", BigInteger, comment="Null until the batch is published."),
    Column("head", String(64), comment="The seal; null until the batch is published."),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("inputs", JSONB, comment="All that it was made from, for a replay."),
)

approvals = Table(
    "approvals",
    metadata,
    Column("approval_no", BigInteger, primary_key=True, autoincrement=False),
    Column("file_no", Integer, ForeignKey("files.file_no"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("maker", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("second_approver", String),
    Column("reason", String, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("advocate", String, nullable=False),
    Column("content_sha256", String(64), nullable=False, comment="Of what was approved."),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("file_no", "line_no"),
)

releases = Table(
    "releases",
    metadata,
    Column("file_no", Integer, ForeignKey("files.file_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True, comment="Of the paper."),
    Column("of_file_no", Integer, ForeignKey("files.file_no"), nullable=False),
    Column("of_line_no", Integer, nullable=False, comment="Of the line that waits."),
    Column("decision", String, nullable=False, comment="release or reject"),
    Column("maker", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("of_file_no", "of_line_no"),
)

# A file that was due and had not come: a row for each who is told.
alarms = Table(
    "alarms",
    metadata,
    Column("partner", String, primary_key=True),
    Column("feed", String, primary_key=True),
    Column("due_on", Date, primary_key=True),
    Column("reader", String, primary_key=True, comment="contact or operator"),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("found_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
)

periods = Table(
    "periods",
    metadata,
    Column("period", String(7), primary_key=True, comment="A month, as in 2026-03."),
    Column("closed_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", String, nullable=False),
)


def _last_word() -> tuple[Column[Any], ...]:
    """Who enrolled somebody, and the line of theirs that was followed last."""
    return (
        Column("partner", String, comment="Who enrolled it; null: the office."),
        Column("file_no", Integer, ForeignKey("files.file_no")),
        Column("line_no", Integer),
    )


outlets = Table(
    "outlets",
    metadata,
    Column("outlet", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("address", String, nullable=False),
    Column("city", String, nullable=False),
    Column("province", String, nullable=False),
    *_last_word(),
)

advocates = Table(
    "advocates",
    metadata,
    Column("advocate", String, primary_key=True, comment="The number on the member card."),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("language", String(2), nullable=False, comment="id or en"),
    Column("outlet", String, ForeignKey("outlets.outlet"), nullable=False),
    Column("mail_statements", Boolean, nullable=False, default=True),
    Column("left_on", Date, comment="From this day on nothing is earned; null: takes part."),
    *_last_word(),
)

consents = Table(
    "consents",
    metadata,
    Column("file_no", Integer, ForeignKey("files.file_no"), primary_key=True),
    Column("line_no", Integer, primary_key=True),
    Column("advocate", String, ForeignKey("advocates.advocate"), nullable=False, index=True),
    Column("is_given", Boolean, nullable=False, comment="False: it was withdrawn."),
    Column("said_on", Date, nullable=False),
    Column("wording", String, comment="The version of the words that were agreed to."),
    Column("proof", String, comment="Where the proof lies, as the partner names it."),
)

partner_products = Table(
    "partner_products",
    metadata,
    Column("partner", String, primary_key=True),
    Column("product", String, primary_key=True, comment="The partner's code."),
    Column("valid_from", Date, primary_key=True),
    Column("sku", String, nullable=False, comment="Ours."),
    Column("file_no", Integer, ForeignKey("files.file_no"), nullable=False),
    Column("line_no", Integer, nullable=False),
)

standing_orders = Table(
    "standing_orders",
    metadata,
    Column("advocate", String, ForeignKey("advocates.advocate"), primary_key=True),
    Column("reward", String, nullable=False, comment="A reward of the catalogue."),
)

voucher_batches = Table(
    "voucher_batches",
    metadata,
    Column("voucher_batch_no", Integer, primary_key=True, autoincrement=False),
    Column("merchant", String, nullable=False),
    Column("batch_no", Integer, ForeignKey("batches.batch_no"), nullable=False),
    Column("vouchers", Integer, nullable=False),
    Column("face_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("sha256", String(64)),
    Column("delivered_at", DateTime(timezone=True)),
    UniqueConstraint("merchant", "batch_no"),
)

vouchers = Table(
    "vouchers",
    metadata,
    Column("voucher_no", BigInteger, primary_key=True, autoincrement=False),
    Column("request_no", BigInteger, nullable=False, unique=True),
    Column(
        "voucher_batch_no", Integer, ForeignKey("voucher_batches.voucher_batch_no"), nullable=False
    ),
    Column("advocate", String, nullable=False),
    Column("reward", String, nullable=False),
    Column("face_minor", BigInteger, nullable=False),
    Column("code_hmac", LargeBinary(32), nullable=False, unique=True),
    Column("usable_until", Date, nullable=False),
    Column("deliver_to", String, nullable=False, comment="code, phone or outlet"),
    Column("batch_no", Integer, ForeignKey("batches.batch_no"), comment="Posted by this batch."),
)

statements = Table(
    "statements",
    metadata,
    Column("statement_no", Integer, primary_key=True, autoincrement=False),
    Column("advocate", String, nullable=False),
    Column("period_ends_on", Date, nullable=False),
    Column("first_batch_no", Integer, nullable=False, comment="The first batch it tells of."),
    Column("batch_no", Integer, nullable=False, comment="The batch at which it closes."),
    Column("closing", JSONB, nullable=False, comment="Points by account at the close."),
    Column("subject_line", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("withheld_at", DateTime(timezone=True), comment="Not sent: no mail was wanted."),
    Column("refusal", Text, comment="The mail server's words when it last refused it."),
    UniqueConstraint("advocate", "period_ends_on"),
)
