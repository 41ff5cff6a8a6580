"""Files of held lines that are taken up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "files",
        sa.Column(
            "takes_up_file_no",
            sa.Integer(),
            nullable=True,
            comment="An uptake: it has held lines of that file.",
        ),
    )
    op.create_foreign_key(
        op.f("files_takes_up_file_no_fkey"), "files", "files", ["takes_up_file_no"], ["file_no"]
    )
