-- SPDX-License-Identifier: MIT
-- vault.auth_key_list: every sealed auth key, for sealing anew.
-- caller:    vault.fcgi --rekey, --forget-keys
-- arguments: none
-- result:    rows of project_id, auth_key (60 bytes, never NULL)
-- raises:    nothing
-- writes:    nothing
create or replace function vault.auth_key_list()
returns table (project_id uuid, auth_key bytea)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select p.id, p.auth_key from vault.projects p
	where p.auth_key is not null
	order by p.id;
end
$$;
