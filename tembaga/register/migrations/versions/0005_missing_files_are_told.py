"""Files that were due and had not come, and who was told."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False, comment="contact or operator"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("partner", "feed", "due_on", "reader", name=op.f("alarms_pkey")),
    )
