-- Why: a link in a mail proves that whoever follows it reads that mailbox: once, and for a time.
create table tickets (
    -- SHA-256 of what the link carries: a stolen table opens nothing.
    digest bytea primary key check (length(digest) = 32),
    user_id uuid not null references users on delete cascade,
    purpose text not null check (purpose in ('confirm', 'reset')),
    expires_at timestamptz not null,
    created_at timestamptz not null
);

create index tickets_user on tickets (user_id, purpose);

-- Who asked for a new password, before anyone has looked whether there is such an account.
create table reset_wishes (
    id uuid primary key,
    email text not null,
    created_at timestamptz not null
);

grant select, insert, update, delete on tickets, reset_wishes to portcullis_system;
