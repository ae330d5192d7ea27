-- Why: what a definition says of a tool is read once, when it is recorded, and what was accepted is kept beside what is seen.
alter table tools
    -- The definition that was last accepted, where `definition` is another one by now.
    add column accepted text,
    -- What changed since then, in words, as JSON.
    add column drift text not null default '[]',
    -- What the classifier read in `definition`, and by which edition of its words; none: not read yet.
    add column read_category text check (read_category in ('read', 'write', 'execute', 'destructive', 'financial', 'unknown')),
    add column confidence smallint check (confidence between 0 and 100),
    add column evidence text not null default '[]',
    -- Words with a space between.
    add column signals text not null default '',
    add column edition bigint,
    -- The category that counts, of all that speak of it.
    add column standing_category text
        check (standing_category in ('read', 'write', 'execute', 'destructive', 'financial', 'unknown'));

alter table servers
    -- Whether what the server claims of its tools may make their categories milder.
    add column is_trusted boolean not null default false,
    -- When its tools are read again without anyone asking; none: when the time since the last reading is up.
    add column next_discovery_at timestamptz,
    -- How often in a row that reading failed.
    add column failed_discoveries integer not null default 0;
