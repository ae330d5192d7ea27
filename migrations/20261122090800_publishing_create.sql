-- Why: changed organisations wait here to be bundled; the feed tells replicas in an order of one writer's making.
-- No foreign key here and in `feed`: that an organisation is gone must be told after it is gone.
create table dirty_orgs (
    org_id uuid primary key,
    since timestamptz not null
);

select tenant_wall('dirty_orgs');
grant insert, update on dirty_orgs to portcullis_app;

create table bundles (
    org_id uuid not null references orgs on delete cascade,
    version bigint not null,
    sha256 bytea not null check (length(sha256) = 32),
    bytes bytea not null,
    signed jsonb not null,
    published_at timestamptz not null,
    primary key (org_id, version)
);

select tenant_wall('bundles');
create index bundles_sha256 on bundles (sha256);

create table feed (
    seq bigint primary key,
    org_id uuid not null,
    change jsonb not null,
    at timestamptz not null
);

select tenant_wall('feed');

create table replicas (
    name text primary key,
    address text not null,
    software text not null,
    limiter text not null,
    is_stale boolean not null,
    cursor bigint not null default 0,
    seen_at timestamptz not null
);

grant select, insert, update, delete on replicas to portcullis_system;
grant select on replicas to portcullis_app;

create table replica_acks (
    org_id uuid not null references orgs on delete cascade,
    replica text not null references replicas on delete cascade,
    version bigint not null,
    error text,
    at timestamptz not null,
    primary key (org_id, replica)
);

select tenant_wall('replica_acks');
