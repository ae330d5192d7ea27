-- Why: a mail is written in the transaction of what it tells of, and sent by whoever comes by: nothing is told that did not happen.
create table mails (
    id uuid primary key,
    recipient text not null,
    -- Subject and text, sealed: the links in them open accounts.
    sealed bytea not null,
    -- Held until this account's address is confirmed; none: nothing to wait for.
    waits_for uuid references users on delete cascade,
    -- What it is about: withdrawn, the mail goes with it.
    invitation_id uuid references invitations on delete cascade,
    -- Not tried before; none: held, or kept. Whoever takes a mail moves it on, so that no two send it at once.
    due_at timestamptz,
    -- Given up after.
    until timestamptz not null,
    tries integer not null default 0,
    -- Shown on a local instance that has no mail server, instead of being sent.
    kept_at timestamptz,
    created_at timestamptz not null
);

create index mails_due on mails (due_at) where due_at is not null;
create index mails_waiting on mails (waits_for) where waits_for is not null;
create index mails_invitation on mails (invitation_id) where invitation_id is not null;
grant select, insert, update, delete on mails to portcullis_system;
grant insert on mails to portcullis_app;
