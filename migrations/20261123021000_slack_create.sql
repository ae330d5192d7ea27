-- Why: people decide in a chat as well, by the buttons of messages that an app of their organisation's posts there.
alter table webhooks add column format text not null default 'standard' check (format in ('standard', 'slack'));

create table slack_apps (
    org_id uuid primary key references orgs on delete cascade,
    -- Sealed: what the app's requests are signed with.
    signing_secret bytea not null,
    created_at timestamptz not null
);

select tenant_wall('slack_apps');
grant insert, update, delete on slack_apps to portcullis_app;

-- Who has proved in both places that they are one: what is clicked there is the word of the member here.
create table slack_links (
    org_id uuid not null,
    team text not null,
    slack_user text not null,
    -- As Slack called them then.
    slack_name text not null,
    member_id uuid not null,
    created_at timestamptz not null,
    primary key (org_id, team, slack_user),
    foreign key (org_id, member_id) references members (org_id, id) on delete cascade
);

select tenant_wall('slack_links');
grant delete on slack_links to portcullis_app;
create index slack_links_member on slack_links (org_id, member_id);

-- What a member takes from here to there, once.
create table slack_codes (
    org_id uuid not null,
    member_id uuid not null,
    digest bytea not null,
    expires_at timestamptz not null,
    primary key (org_id, member_id),
    foreign key (org_id, member_id) references members (org_id, id) on delete cascade
);

select tenant_wall('slack_codes');
grant insert, update on slack_codes to portcullis_app;

-- Requests that were taken, for as long as they could be sent once more.
create table slack_taken (
    org_id uuid not null references orgs on delete cascade,
    tag bytea not null,
    at timestamptz not null,
    primary key (org_id, tag)
);

select tenant_wall('slack_taken');
