"""A file may stand in place of others of its name, and lines that it lacks are withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column(
        "files",
        sa.Column(
            "replaces_file_nos",
            sa.ARRAY(sa.Integer()),
            nullable=True,
            comment="The loaded files of its name in whose place it stands.",
        ),
    )
    op.add_column(
        "files",
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="It stands in place of others, and what is missing from it was looked for.",
        ),
    )
    op.add_column(
        "files",
        sa.Column(
            "withdraws_for_file_no",
            sa.Integer(),
            nullable=True,
            comment="Withdrawals: it voids the lines that are missing from that file.",
        ),
    )
    op.create_foreign_key(
        op.f("files_withdraws_for_file_no_fkey"),
        "files",
        "files",
        ["withdraws_for_file_no"],
        ["file_no"],
    )
