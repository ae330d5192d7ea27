-- Why: a grant is an agent's credential, and says which servers it reaches under which policy.
create table grants (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    name text not null,
    labels jsonb not null default '{}',
    user_email text,
    digest bytea not null unique check (length(digest) = 32),
    hint text not null,
    -- The token before the last rotation, good until its time.
    old_digest bytea unique check (length(old_digest) = 32),
    old_until timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    is_open boolean not null default true,
    made_by text not null,
    last_used_at timestamptz,
    etag uuid not null,
    created_at timestamptz not null,
    unique (org_id, id)
);

select tenant_wall('grants');
grant insert, update, delete on grants to portcullis_app;

create table attachments (
    org_id uuid not null,
    grant_id uuid not null,
    server_id uuid not null,
    policy_id uuid,
    -- The version this grant stays on; none: always the latest.
    pinned integer,
    position integer not null,
    primary key (grant_id, server_id),
    foreign key (org_id, grant_id) references grants (org_id, id) on delete cascade,
    foreign key (org_id, server_id) references servers (org_id, id) on delete cascade,
    foreign key (org_id, policy_id) references policies (org_id, id),
    foreign key (policy_id, pinned) references policy_versions (policy_id, number),
    check (pinned is null or policy_id is not null)
);

select tenant_wall('attachments');
grant insert, update, delete on attachments to portcullis_app;
create index attachments_server on attachments (server_id);
create index attachments_policy on attachments (policy_id);
