-- Why: what was taken back is told through Redis besides the feed, from here: with the change, until it was told, and again
-- where Redis has forgotten it. No foreign key: that an organisation is gone must be told after it is gone.
create table revocations (
    org_id uuid not null,
    -- `kill`, `g:` and a grant, `srv:` and a server.
    field text not null,
    -- Of the organisation: whoever holds a bundle of this version or a newer one knows it from there.
    version bigint not null check (version > 0),
    at timestamptz not null,
    told_at timestamptz,
    primary key (org_id, field)
);
create index revocations_untold on revocations (at) where told_at is null;
create index revocations_at on revocations (at, org_id, field);

select tenant_wall('revocations');
grant insert, update on revocations to portcullis_app;
