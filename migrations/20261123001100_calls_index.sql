-- What was refused of one server: rare among its calls, and looked for among all of them.
create index calls_server_refused on calls (org_id, server_id, verdict, at, id) where verdict <> 'allow';
