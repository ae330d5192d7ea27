-- Why: people sign in with an account they have elsewhere; which of ours it is, is settled once.
create table identities (
    issuer text not null,
    subject text not null,
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null,
    primary key (issuer, subject)
);

create index identities_user on identities (user_id);

-- Who has gone to a provider and not come back.
create table oidc_journeys (
    -- SHA-256 of the `state` that comes back.
    digest bytea primary key check (length(digest) = 32),
    -- SHA-256 of the cookie that the browser keeps meanwhile.
    browser bytea not null check (length(browser) = 32),
    provider text not null,
    -- The nonce and the PKCE verifier, sealed.
    sealed bytea not null,
    expires_at timestamptz not null
);

create index oidc_journeys_expires on oidc_journeys (expires_at);
grant select, insert, update, delete on identities, oidc_journeys to portcullis_system;
