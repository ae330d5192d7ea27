-- Why: one function makes a table the organisation's own, so that no table can be walled in half.
create function tenant_wall(walled regclass, org_column name default 'org_id') returns void
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', walled);
    execute format('alter table %s force row level security', walled);
    -- A setting that was made local to an earlier transaction of the same connection reads as '', hence nullif.
    execute format(
        'create policy tenant on %s to portcullis_app'
        ' using (%I = nullif(current_setting(''app.org_id'', true), '''')::uuid)'
        ' with check (%I = nullif(current_setting(''app.org_id'', true), '''')::uuid)',
        walled, org_column, org_column);
    execute format('create policy every_org on %s to portcullis_system using (true) with check (true)', walled);
    execute format('grant select on %s to portcullis_app', walled);
    execute format('grant select, insert, update, delete on %s to portcullis_system', walled);
end
$$;

grant usage on schema public to portcullis_app, portcullis_system;
