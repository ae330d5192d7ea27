-- Why: the organisation is the tenant, and its version orders everything that happens in it.
create table orgs (
    id uuid primary key,
    slug text not null unique,
    name text not null,
    is_open boolean not null default true,
    max_stale_seconds integer check (max_stale_seconds > 0),
    created_at timestamptz not null
);

select tenant_wall('orgs', 'id');
grant update, delete on orgs to portcullis_app;

-- Apart from `orgs`, so that every change locks this one row and none of the organisation's own.
create table org_versions (
    org_id uuid primary key references orgs on delete cascade,
    version bigint not null
);

select tenant_wall('org_versions');
grant update on org_versions to portcullis_app;

create table members (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    user_id uuid not null references users on delete cascade,
    role text not null check (role in ('owner', 'admin', 'policy_manager', 'approver', 'auditor', 'viewer')),
    created_at timestamptz not null,
    unique (org_id, user_id),
    unique (org_id, id)
);

select tenant_wall('members');
grant insert, update, delete on members to portcullis_app;
create index members_user on members (user_id);
