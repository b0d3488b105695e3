-- SPDX-License-Identifier: MIT
-- vault.member_key_replace: a request key, sealed under a new server key.
-- caller:    vault.fcgi --rekey
-- arguments: p_project  the project
--            p_key      the request id, 16 bytes
--            p_sealed   60 bytes
-- result:    false: the key is gone meanwhile
-- raises:    nothing
-- writes:    member_keys
create or replace function vault.member_key_replace(
	p_project uuid, p_key bytea, p_sealed bytea)
returns boolean
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	update vault.member_keys k set sealed = p_sealed
	where k.project_id = p_project and k.key_id = p_key;
	return found;
end
$$;
