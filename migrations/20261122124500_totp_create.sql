-- Why: a stolen password alone opens no account whose owner asks for codes besides.
create table totp (
    user_id uuid primary key references users on delete cascade,
    -- Sealed.
    secret bytea not null,
    -- None: no code of it was seen yet, and none is asked for.
    confirmed_at timestamptz,
    -- The step of the last code that was used: none is good twice.
    last_step bigint not null default 0,
    created_at timestamptz not null
);

create table recovery_codes (
    user_id uuid not null references users on delete cascade,
    digest bytea not null check (length(digest) = 32),
    primary key (user_id, digest)
);

-- A right password that waits for its code.
create table challenges (
    digest bytea primary key check (length(digest) = 32),
    user_id uuid not null references users on delete cascade,
    expires_at timestamptz not null
);

create index challenges_user on challenges (user_id);
grant select, insert, update, delete on totp, recovery_codes, challenges to portcullis_system;
