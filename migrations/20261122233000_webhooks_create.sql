-- Why: programs of an organisation are told what becomes of approvals, at addresses it names.
create table webhooks (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    name text not null,
    -- Both sealed: an address, too, may be a secret.
    url bytea not null,
    secret bytea not null,
    -- The secret before, which signs as well until then.
    secret_before bytea,
    secret_before_until timestamptz,
    events text[] not null check (cardinality(events) > 0),
    is_on boolean not null default true,
    -- Where nobody switched it off: why it is.
    off_because text,
    failing_since timestamptz,
    -- One process sends to it at a time.
    leased_until timestamptz,
    attempted_at timestamptz,
    created_at timestamptz not null,
    unique (org_id, id),
    check ((secret_before is null) = (secret_before_until is null))
);

select tenant_wall('webhooks');
grant insert, update, delete on webhooks to portcullis_app;
create index webhooks_org on webhooks (org_id, id desc);
create index webhooks_leased on webhooks (org_id) where leased_until is not null;

-- One row for each thing told and each webhook, put in with what it tells of.
create table webhook_deliveries (
    id uuid primary key,
    org_id uuid not null,
    webhook_id uuid not null,
    event text not null,
    approval_id uuid,
    at timestamptz not null,
    -- What is sent, but for the link.
    data jsonb not null,
    state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
    attempts integer not null default 0,
    due_at timestamptz,
    attempted_at timestamptz,
    -- Of the last attempt: what came back, the beginning of it, or why nothing did.
    status integer,
    answer text,
    error text,
    took_ms integer,
    unique (org_id, id),
    foreign key (org_id, webhook_id) references webhooks (org_id, id) on delete cascade,
    check ((state = 'waiting') = (due_at is not null))
);

select tenant_wall('webhook_deliveries');
grant insert, update on webhook_deliveries to portcullis_app;
create index webhook_deliveries_log on webhook_deliveries (org_id, webhook_id, id desc);
create index webhook_deliveries_due on webhook_deliveries (due_at) where state = 'waiting';
create index webhook_deliveries_waiting on webhook_deliveries (org_id, webhook_id, due_at) where state = 'waiting';
create index webhook_deliveries_at on webhook_deliveries (at) where state <> 'waiting';
