#!/bin/sh
# Run once by the image of Postgres, on an empty database: the two roles that serve, which own nothing.
set -eu
psql -v ON_ERROR_STOP=1 -v app="$APP_PASSWORD" -v system="$SYSTEM_PASSWORD" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create role portcullis_app login password :'app';
create role portcullis_system login password :'system';
SQL
