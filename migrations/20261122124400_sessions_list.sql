-- Why: people see their sessions and end them; and what is sensitive wants a proof that is not old.
alter table sessions
    add column id uuid not null unique default gen_random_uuid(),
    -- The browser, in a few words.
    add column agent text not null default '',
    -- When its owner last proved who they are; none: by the version before.
    add column proven_at timestamptz;
