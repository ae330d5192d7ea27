-- Why: tries are counted for all processes together, or each of them would be a fresh chance.
create table attempts (
    -- A keyed digest of who tries what: no address stands here.
    subject bytea primary key check (length(subject) = 32),
    tries timestamptz[] not null,
    expires_at timestamptz not null
);

create index attempts_expires on attempts (expires_at);
grant select, insert, update, delete on attempts to portcullis_system;
