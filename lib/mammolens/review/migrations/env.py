"""Run by Alembic: takes the steps on the connection that the caller holds, within its transaction."""

from alembic import context

from mammolens.review.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite's too, as it is begun by hand: all steps or none
)
context.run_migrations()
