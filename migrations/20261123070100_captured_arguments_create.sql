-- Why: an organisation may want to read later with which arguments its tools were called. They are sealed before they come here,
-- and stand beside the records: what is forgotten of them leaves every chain as it was.
create table capture_settings (
    org_id uuid primary key references orgs on delete cascade,
    is_on boolean not null,
    -- What is left out, as a policy's conditions spell it.
    redact text[] not null,
    keep_days integer not null check (keep_days > 0)
);

select tenant_wall('capture_settings');
grant insert, update on capture_settings to portcullis_app;

create table captured_arguments (
    org_id uuid not null references orgs on delete cascade,
    at timestamptz not null,
    id uuid not null,
    sealed bytea not null,
    is_cut boolean not null,
    primary key (org_id, at, id)
);

select tenant_wall('captured_arguments');
