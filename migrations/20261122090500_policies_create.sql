-- Why: a policy is a draft that may be faulty and a row of published versions that never change.
create table policies (
    id uuid primary key,
    org_id uuid not null references orgs on delete cascade,
    slug text not null,
    name text not null,
    draft text not null,
    draft_etag uuid not null,
    published integer,
    -- Of the whole policy; `draft_etag` is of the draft alone.
    etag uuid not null,
    created_at timestamptz not null,
    unique (org_id, slug),
    unique (org_id, id)
);

select tenant_wall('policies');
grant insert, update, delete on policies to portcullis_app;

create table policy_versions (
    org_id uuid not null,
    policy_id uuid not null,
    number integer not null check (number > 0),
    document text not null,
    digest bytea not null check (length(digest) = 32),
    author text not null,
    note text not null,
    published_at timestamptz not null,
    primary key (policy_id, number),
    foreign key (org_id, policy_id) references policies (org_id, id) on delete cascade
);

select tenant_wall('policy_versions');
-- No update: a version that could change would be no version.
grant insert on policy_versions to portcullis_app;
