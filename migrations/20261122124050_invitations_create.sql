-- Why: people come to an organisation by invitation: for one address, once, and for a time.
create table invitations (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    email text not null check (email = lower(email)),
    role text not null check (role in ('owner', 'admin', 'policy_manager', 'approver', 'auditor', 'viewer')),
    -- SHA-256 of what the link in the mail carries.
    digest bytea not null unique check (length(digest) = 32),
    made_by uuid not null,
    expires_at timestamptz not null,
    created_at timestamptz not null,
    unique (org_id, email),
    foreign key (org_id, made_by) references members (org_id, id) on delete cascade
);

select tenant_wall('invitations');
grant insert, update, delete on invitations to portcullis_app;
create index invitations_email on invitations (email);
