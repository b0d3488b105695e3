-- SPDX-License-Identifier: MIT
-- vault.member_key_list: every sealed request key, for sealing anew.
-- caller:    vault.fcgi --rekey
-- arguments: none
-- result:    rows of project_id, key_id, member_id, sealed
-- raises:    nothing
-- writes:    nothing
create or replace function vault.member_key_list()
returns table (project_id uuid, key_id bytea, member_id uuid, sealed bytea)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select k.project_id, k.key_id, k.member_id, k.sealed
	from vault.member_keys k
	order by k.project_id, k.key_id;
end
$$;
