-- SPDX-License-Identifier: MIT
-- vault.server_key_init: sets the fingerprint of the server key if there is
-- none yet.
-- caller:    vault.fcgi
-- arguments: p_key_id  16 bytes
-- result:    key_id    the one in force, which may be another
-- raises:    nothing
-- writes:    server_key
create or replace function vault.server_key_init(
	p_key_id bytea, out key_id bytea)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	insert into vault.server_key (key_id) values (p_key_id)
	on conflict on constraint server_key_pkey do nothing;
	select k.key_id into key_id from vault.server_key k where k.single;
end
$$;
