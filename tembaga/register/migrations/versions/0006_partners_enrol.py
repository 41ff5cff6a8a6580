"""Partners enrol outlets and advocates, with consent, and have codes of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.alter_column(
        "files",
        "feed",
        existing_type=sa.String(),
        existing_nullable=False,
        existing_server_default="sales",
        comment="What kind of file it is: a feed of its partner, or of the office.",
        existing_comment="What kind of file it is: sales, or a feed of the office.",
    )
    op.add_column(
        "advocates",
        sa.Column(
            "left_on",
            sa.Date(),
            nullable=True,
            comment="From this day on nothing is earned; null: takes part.",
        ),
    )
    for table in ("outlets", "advocates"):
        op.add_column(
            table,
            sa.Column(
                "partner",
                sa.String(),
                nullable=True,
                comment="Who enrolled it; null: the office.",
            ),
        )
        op.add_column(table, sa.Column("file_no", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("line_no", sa.Integer(), nullable=True))
        op.create_foreign_key(
            op.f(f"{table}_file_no_fkey"), table, "files", ["file_no"], ["file_no"]
        )
    op.create_table(
        "consents",
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("advocate", sa.String(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False, comment="False: it was withdrawn."),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column(
            "wording",
            sa.String(),
            nullable=True,
            comment="The version of the words that were agreed to.",
        ),
        sa.Column(
            "proof",
            sa.String(),
            nullable=True,
            comment="Where the proof lies, as the partner names it.",
        ),
        sa.ForeignKeyConstraint(
            ["advocate"], ["advocates.advocate"], name="consents_advocate_fkey"
        ),
        sa.ForeignKeyConstraint(["file_no"], ["files.file_no"], name="consents_file_no_fkey"),
        sa.PrimaryKeyConstraint("file_no", "line_no", name="consents_pkey"),
    )
    op.create_index("consents_advocate_idx", "consents", ["advocate"])
    op.create_table(
        "partner_products",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False, comment="The partner's code."),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False, comment="Ours."),
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_no"], ["files.file_no"], name="partner_products_file_no_fkey"
        ),
        sa.PrimaryKeyConstraint("partner", "product", "valid_from", name="partner_products_pkey"),
    )
