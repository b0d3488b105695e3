-- SPDX-License-Identifier: MIT
-- vault.server_key_get: the fingerprint of the server key in force.
-- caller:    vault.fcgi
-- arguments: none
-- result:    key_id  16 bytes; no row: none set yet
-- raises:    nothing
-- writes:    nothing
create or replace function vault.server_key_get()
returns table (key_id bytea)
language plpgsql stable rows 1
security definer set search_path = vault, pg_temp
as $$
begin
	return query select k.key_id from vault.server_key k where k.single;
end
$$;
