-- Why: who signs in with another provider has no password here.
alter table users alter column password_hash drop not null;
