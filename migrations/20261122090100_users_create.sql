-- Why: people have accounts of their own, apart from any organisation. Only sign-in and sign-up touch them.
create table users (
    id uuid primary key,
    email text not null unique check (email = lower(email)),
    name text not null,
    password_hash text not null,
    confirmed_at timestamptz,
    created_at timestamptz not null
);

create table sessions (
    -- SHA-256 of the cookie's value: a stolen table opens no session.
    digest bytea primary key check (length(digest) = 32),
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null,
    seen_at timestamptz not null
);

create index sessions_user on sessions (user_id);

grant select, insert, update, delete on users, sessions to portcullis_system;
