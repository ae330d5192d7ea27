-- Why: a call that a rule holds waits for people. One row for each request: what it is bound to, and how it stands.
create table approvals (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    grant_id uuid not null,
    -- Whose grant it was when it asked: theirs it stays.
    grant_name text not null,
    grant_user text,
    grant_made_by text not null,
    grant_maker uuid,
    server_id uuid not null,
    tool text not null,
    category text not null,
    definition bytea not null check (length(definition) = 32),
    policy_id uuid not null,
    policy_version integer not null,
    rule text not null,
    message text,
    -- Of everything that an approval is bound to.
    digest bytea not null check (length(digest) = 32),
    -- Canonical, sealed.
    arguments bytea not null,
    approvers integer not null check (approvers > 0),
    timeout_s bigint not null check (timeout_s > 0),
    -- The call that asked first, and how often it was asked since.
    call_id uuid not null,
    asks bigint not null default 1,
    client_name text,
    client_version text,
    replica text not null,
    state text not null default 'waiting'
        check (state in ('waiting', 'approved', 'refused', 'expired', 'withdrawn', 'spent')),
    asked_at timestamptz not null,
    -- When the clock ends how it stands: the waiting, the answer.
    ends_at timestamptz not null,
    decided_at timestamptz,
    note text not null default '',
    uses integer check (uses > 0),
    used integer not null default 0,
    vary text[] not null default '{}',
    -- The digest without what may vary.
    answer bytea check (length(answer) = 32),
    unique (org_id, id),
    foreign key (org_id, grant_id) references grants (org_id, id) on delete cascade,
    check (used <= coalesce(uses, 0)),
    check (state <> 'spent' or used = uses),
    check (state not in ('approved', 'spent') or (uses is not null and answer is not null and decided_at is not null))
);

select tenant_wall('approvals');
grant update on approvals to portcullis_app;
-- Identical calls that wait share one request.
create unique index approvals_waiting on approvals (org_id, digest) where state = 'waiting';
create index approvals_answers on approvals (org_id, grant_id, server_id, tool) where state in ('waiting', 'approved', 'refused');
create index approvals_org on approvals (org_id, id desc);
create index approvals_ends on approvals (ends_at) where state in ('waiting', 'approved');

-- What people said, each once. Nobody changes it.
create table approval_decisions (
    org_id uuid not null,
    approval_id uuid not null,
    decision text not null check (decision in ('approve', 'refuse', 'withdraw')),
    user_id uuid not null,
    member text not null,
    email text not null,
    -- The person, or the key that acted for them.
    actor text not null,
    actor_name text not null,
    note text not null,
    uses integer,
    lasts_s bigint,
    vary text[] not null default '{}',
    at timestamptz not null,
    primary key (org_id, approval_id, user_id, decision),
    foreign key (org_id, approval_id) references approvals (org_id, id) on delete cascade
);

select tenant_wall('approval_decisions');
grant insert on approval_decisions to portcullis_app;
revoke update, delete on approval_decisions from portcullis_system;

-- Nobody decides what their own grant asks, whatever the plane believes.
create function not_ones_own() returns trigger
language plpgsql as $$
begin
    if new.decision <> 'withdraw' and exists (
        select from approvals
        join grants on grants.org_id = new.org_id and grants.id = approvals.grant_id
        where approvals.org_id = new.org_id and approvals.id = new.approval_id
            and (lower(new.email) in (lower(approvals.grant_user), lower(grants.user_email))
                or new.member in (approvals.grant_made_by, grants.made_by)
                or new.user_id = approvals.grant_maker)
    ) then
        raise exception 'nobody decides what their own grant asks'
            using errcode = 'check_violation', constraint = 'approval_decisions_not_ones_own';
    end if;
    return new;
end
$$;

create trigger approval_decisions_not_ones_own before insert on approval_decisions
    for each row execute function not_ones_own();

-- Which call spent which approval: each once. A later round of a call is told by the state it brought back.
create table approval_spends (
    org_id uuid not null,
    call_id uuid not null,
    approval_id uuid not null,
    replica text not null,
    round bytea check (length(round) = 32),
    at timestamptz not null,
    primary key (org_id, call_id),
    unique (org_id, approval_id, round),
    foreign key (org_id, approval_id) references approvals (org_id, id) on delete cascade
);

select tenant_wall('approval_spends');
revoke update, delete on approval_spends from portcullis_system;

-- The approval that a held call waits for, or that one let through was spent on.
alter table calls add column approval_id uuid;
