-- Why: a write that is sent twice with one key happens once. Answers are kept sealed, for some show a secret.
create table idempotency_keys (
    caller text not null,
    key text not null,
    request_digest bytea not null check (length(request_digest) = 32),
    status integer,
    answer bytea,
    created_at timestamptz not null,
    primary key (caller, key)
);

grant select, insert, update, delete on idempotency_keys to portcullis_system;
create index idempotency_keys_age on idempotency_keys (created_at);
