-- Why: servers of 2024-11-05 speak another way over HTTP, which a discovery finds out and gateways must know.
alter table servers
    add column transport text not null default 'streamable_http' check (transport in ('streamable_http', 'sse'));
