-- Why: not everybody has to be told of every call that waits, nor at night; and somebody else where nobody decides.
create table approval_routes (
    org_id uuid not null references orgs on delete cascade,
    -- The first that fits counts.
    position integer not null,
    server_id uuid,
    -- At least this.
    severity text check (severity in ('low', 'medium', 'high', 'critical')),
    -- The rule, or what it lies in.
    rule text,
    by_mail boolean not null,
    -- Null: all.
    webhooks uuid[],
    escalate_after_min integer check (escalate_after_min > 0),
    escalate_mail boolean not null default false,
    escalate_webhooks uuid[] not null default '{}',
    primary key (org_id, position),
    check (escalate_after_min is null or escalate_mail or cardinality(escalate_webhooks) > 0)
);

select tenant_wall('approval_routes');
grant insert, delete on approval_routes to portcullis_app;

-- Between these hours, there, no mail says that calls wait.
alter table orgs
    add column quiet_zone text,
    add column quiet_from time,
    add column quiet_until time,
    add check ((quiet_zone is null) = (quiet_from is null) and (quiet_zone is null) = (quiet_until is null));

-- What was decided when it was asked: a request goes the way that stood then.
alter table approvals
    add column by_mail boolean not null default true,
    add column tells uuid[],
    add column escalates_at timestamptz,
    add column escalate_mail boolean not null default false,
    add column escalate_to uuid[] not null default '{}';
create index approvals_escalates on approvals (escalates_at) where state = 'waiting' and escalates_at is not null;

-- Whether it is night there. A zone that this database has forgotten has no night: rather a mail too many.
create function is_quiet(zone text, begins time, ends time, at timestamptz) returns boolean
language plpgsql stable as $$
declare
    there time;
begin
    if zone is null then
        return false;
    end if;
    there := (at at time zone zone)::time;
    if begins <= ends then
        return there >= begins and there < ends;
    end if;
    return there >= begins or there < ends;
exception when invalid_parameter_value then
    return false;
end
$$;

-- Whoever wants no mails of calls that wait gets none.
alter table users add column approval_mails boolean not null default true;
