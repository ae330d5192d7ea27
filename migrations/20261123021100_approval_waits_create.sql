-- Why: a client takes back by name what waits for a person, and its word may come to another replica than the call.
create table approval_waits (
    org_id uuid not null references orgs on delete cascade,
    call_id uuid not null,
    -- Of its session and request, as a digest.
    name bytea not null,
    until timestamptz not null,
    is_taken_back boolean not null default false,
    primary key (org_id, call_id)
);

select tenant_wall('approval_waits');
create index approval_waits_name on approval_waits (org_id, name);
create index approval_waits_until on approval_waits (until);
