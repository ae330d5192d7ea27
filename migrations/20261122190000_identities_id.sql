-- Why: the owner of an account sees the sign-ins that open it, and removes one by its id.
alter table identities add column id uuid not null unique default gen_random_uuid();
