-- Why: what became of a server's tools, and when: the event says that something changed, this what.
create table tool_changes (
    id uuid primary key,
    org_id uuid not null,
    server_id uuid not null,
    at timestamptz not null,
    tool text not null,
    kind text not null check (kind in ('added', 'changed', 'removed', 'accepted')),
    -- In words, as JSON: what a reading found different from the one before.
    changes text not null default '[]',
    foreign key (org_id, server_id) references servers (org_id, id) on delete cascade
);

create index tool_changes_newest on tool_changes (server_id, id desc);

select tenant_wall('tool_changes');
grant insert, delete on tool_changes to portcullis_app;
