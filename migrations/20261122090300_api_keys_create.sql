-- Why: programs act for an organisation with a key that carries one role and ends with its maker's membership.
create table api_keys (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    name text not null,
    role text not null check (role in ('admin', 'policy_manager', 'approver', 'auditor', 'viewer')),
    digest bytea not null unique check (length(digest) = 32),
    hint text not null,
    made_by uuid not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz not null,
    unique (org_id, id),
    foreign key (org_id, made_by) references members (org_id, id) on delete cascade
);

select tenant_wall('api_keys');
grant insert, update, delete on api_keys to portcullis_app;
