"""The register's migrations make the tables that the program describes."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from tembaga.register import alembic_config, migrate
from tembaga.register.tables import metadata
from tests.conftest import fresh_database


def test_the_migrations_make_the_tables_as_described(register: Engine):
    with register.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_a_register_in_use_is_brought_to_the_present(server):
    with fresh_database(server, "older_register") as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), "0001")
            connection.execute(
                text(
                    "insert into files (file_no, partner, name, size_bytes, modified_at, seen_at, "
                    "state) values (1, 'north', 'a.csv', 1, now(), now(), 'loaded')"
                )
            )
        migrate(engine)
        migrate(engine)

        with engine.connect() as connection:
            assert connection.execute(text("select feed, load_no from files")).one() == (
                "sales",
                None,
            )
        assert {"approvals", "periods"} <= set(inspect(engine).get_table_names())
        engine.dispose()
