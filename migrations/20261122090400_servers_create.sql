-- Why: the upstream MCP servers of an organisation, and the tools each of them was last seen to offer.
create table servers (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    slug text not null,
    name text not null,
    url text not null,
    auth_type text not null check (auth_type in ('none', 'headers')),
    -- Names only, for people; the values are in `credential`, sealed.
    auth_headers text[] not null default '{}',
    credential bytea,
    connect_ms bigint not null,
    first_byte_ms bigint not null,
    call_first_byte_ms bigint not null,
    idle_ms bigint not null,
    whole_ms bigint not null,
    pinning text not null default 'off' check (pinning in ('off', 'warn', 'block')),
    allows_sampling boolean not null default true,
    allows_elicitation boolean not null default true,
    is_open boolean not null default true,
    status text not null default 'unknown' check (status in ('unknown', 'ready', 'unreachable', 'needs_auth')),
    status_detail text,
    last_discovered_at timestamptz,
    etag uuid not null,
    created_at timestamptz not null,
    unique (org_id, slug),
    unique (org_id, id),
    check ((auth_type = 'none') = (credential is null))
);

select tenant_wall('servers');
grant insert, update, delete on servers to portcullis_app;

create table tools (
    org_id uuid not null,
    server_id uuid not null,
    name text not null,
    position integer not null,
    -- The definition as the server sent it, byte for byte.
    definition text not null,
    digest bytea not null check (length(digest) = 32),
    -- The digest that was last accepted; another one in `digest` is a change that awaits review.
    reviewed_digest bytea,
    -- The organisation's own word on the category; none: nobody said.
    category text check (category in ('read', 'write', 'execute', 'destructive', 'financial', 'unknown')),
    category_note text,
    first_seen_at timestamptz not null,
    primary key (server_id, name),
    foreign key (org_id, server_id) references servers (org_id, id) on delete cascade
);

select tenant_wall('tools');
grant insert, update, delete on tools to portcullis_app;

-- What people said of tools, by name. It outlives a tool that its server takes away: one that comes back must not come
-- back as one that nobody ever spoke of.
create table tool_words (
    org_id uuid not null,
    server_id uuid not null,
    name text not null,
    category text,
    note text,
    primary key (server_id, name),
    foreign key (org_id, server_id) references servers (org_id, id) on delete cascade
);

select tenant_wall('tool_words');
grant insert, update, delete on tool_words to portcullis_app;
