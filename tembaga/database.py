"""What is said of a PostgreSQL that cannot be used, whichever store stands on it."""

from sqlalchemy import URL
from sqlalchemy.exc import OperationalError


def no_answer(store: str, where: URL, error: OperationalError, *, setting: str) -> str:
    """The sentence for a store that cannot be reached; it shows no password."""
    shown = where.render_as_string(hide_password=True)
    lines = str(error.orig).strip().splitlines() or ["it said nothing"]
    reason = lines[0].rpartition(" failed: ")[2].strip().rstrip(".")  # The rest are guesses.
    return (
        f"The {store} at {shown} does not answer ({reason}). Check that its PostgreSQL runs and "
        f"has this database and user, and {setting}."
    )
