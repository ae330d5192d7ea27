-- Why: who changed what. Written in the transaction of the change, never altered after.
create table events (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    at timestamptz not null,
    actor text not null,
    actor_name text not null,
    action text not null,
    target text not null,
    detail jsonb not null
);

select tenant_wall('events');
grant insert on events to portcullis_app;
create index events_org on events (org_id, id desc);
