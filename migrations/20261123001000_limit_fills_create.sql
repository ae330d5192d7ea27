-- How much of a limit's budget was used when a call was last charged to it; told by replicas once it is most of it.
create table limit_fills (
    org_id uuid not null references orgs on delete cascade,
    grant_id uuid not null,
    policy_id uuid not null,
    -- The limit, as a JSON Pointer into the policy's document.
    rule text not null,
    used bigint not null check (used >= 0),
    max bigint not null check (max >= 0),
    window_ms bigint not null check (window_ms > 0),
    at timestamptz not null,
    -- From when on it says nothing any more: the window has gone by.
    until timestamptz not null,
    primary key (org_id, grant_id, policy_id, rule),
    foreign key (org_id, grant_id) references grants (org_id, id) on delete cascade,
    foreign key (org_id, policy_id) references policies (org_id, id) on delete cascade
);
create index limit_fills_until on limit_fills (until);

select tenant_wall('limit_fills');
