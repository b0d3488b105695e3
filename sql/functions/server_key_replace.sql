-- SPDX-License-Identifier: MIT
-- vault.server_key_replace: last step of replacing the server key.
-- caller:    vault.fcgi --rekey, --forget-keys
-- arguments: p_old  the fingerprint expected to be in force
--            p_new  the one to be in force
-- result:    false: another than p_old is in force, nothing was changed
-- raises:    nothing
-- writes:    server_key
create or replace function vault.server_key_replace(p_old bytea, p_new bytea)
returns boolean
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
begin
	update vault.server_key k
	set key_id = p_new, created_at = v_now
	where k.single and k.key_id = p_old;
	return found;
end
$$;
