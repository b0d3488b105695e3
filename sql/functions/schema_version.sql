-- SPDX-License-Identifier: MIT
-- vault.schema_version: which schema this is; the server refuses another than
-- the one it was built for.
-- caller:    vault.fcgi
-- arguments: none
-- result:    the number of the newest migration applied
-- raises:    nothing
-- writes:    nothing
create or replace function vault.schema_version()
returns int
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return (select max(m.number) from vault.migrations m);
end
$$;
