-- SPDX-License-Identifier: MIT
-- vault.server_key_lock: first step of replacing the server key, in one
-- transaction with auth_key_list, auth_key_replace and server_key_replace.
-- Until that ends, no project gets a key.
-- caller:    vault.fcgi --rekey, --forget-keys
-- arguments: none
-- result:    key_id  the one in force, 16 bytes; no row: none set yet
-- raises:    nothing
-- writes:    nothing (locks the row)
create or replace function vault.server_key_lock()
returns table (key_id bytea)
language plpgsql rows 1
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select k.key_id from vault.server_key k where k.single for update;
end
$$;
