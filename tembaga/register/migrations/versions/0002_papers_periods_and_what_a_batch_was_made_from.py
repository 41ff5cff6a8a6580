"""Papers of the office, closed periods, and what each batch was made from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "files",
        sa.Column(
            "feed",
            sa.String(),
            nullable=False,
            server_default="sales",
            comment="What kind of file it is: sales, or a feed of the office.",
        ),
    )
    op.add_column(
        "files",
        sa.Column(
            "rows_sha256",
            sa.String(length=64),
            nullable=True,
            comment="Of rows.parquet, as it was loaded.",
        ),
    )
    op.add_column(
        "files",
        sa.Column(
            "load_no",
            sa.Integer(),
            nullable=True,
            comment="Files that were loaded together share it.",
        ),
    )
    op.add_column(
        "files",
        sa.Column(
            "loaded_after_batch_no",
            sa.Integer(),
            nullable=True,
            comment="The last batch in the ledger when it was loaded.",
        ),
    )
    op.add_column(
        "batches",
        sa.Column(
            "inputs",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="All that it was made from, for a replay.",
        ),
    )
    op.create_table(
        "approvals",
        sa.Column("approval_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("second_approver", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("advocate", sa.String(), nullable=False),
        sa.Column(
            "content_sha256", sa.String(length=64), nullable=False, comment="Of what was approved."
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no"], ["files.file_no"], name=op.f("approvals_file_no_fkey")
        ),
        sa.PrimaryKeyConstraint("approval_no", name=op.f("approvals_pkey")),
        sa.UniqueConstraint("file_no", "line_no", name=op.f("approvals_file_no_line_no_key")),
    )
    op.create_table(
        "periods",
        sa.Column("period", sa.String(length=7), nullable=False, comment="A month, as in 2026-03."),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("periods_pkey")),
    )
