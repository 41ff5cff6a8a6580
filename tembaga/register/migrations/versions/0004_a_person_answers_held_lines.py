"""What made lines wait for a person, and what the person said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "files",
        sa.Column(
            "plausible",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What made its lines wait for a person when it was loaded.",
        ),
    )
    op.create_table(
        "releases",
        sa.Column("file_no", sa.Integer(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False, comment="Of the paper."),
        sa.Column("of_file_no", sa.Integer(), nullable=False),
        sa.Column("of_line_no", sa.Integer(), nullable=False, comment="Of the line that waits."),
        sa.Column("decision", sa.String(), nullable=False, comment="release or reject"),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["file_no"], ["files.file_no"], name=op.f("releases_file_no_fkey")),
        sa.ForeignKeyConstraint(
            ["of_file_no"], ["files.file_no"], name=op.f("releases_of_file_no_fkey")
        ),
        sa.PrimaryKeyConstraint("file_no", "line_no", name=op.f("releases_pkey")),
        sa.UniqueConstraint(
            "of_file_no", "of_line_no", name=op.f("releases_of_file_no_of_line_no_key")
        ),
    )
