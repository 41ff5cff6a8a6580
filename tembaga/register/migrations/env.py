"""Run by Alembic: migrates over the connection that `tembaga.register.migrate` opened."""

from alembic import context

from tembaga.register.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
