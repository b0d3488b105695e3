-- SPDX-License-Identifier: MIT
-- vault.wrap_restore: a data key for a device, unless there is one, or no record
-- names the data key.
-- caller:    vault.fcgi --restore
-- arguments: p_project      the project
--            p_environment  its name
--            p_data_key     the data key's id
--            p_member       for whom
--            p_generation   of the VAULT_KEY it is made with
--            p_wrap         80 bytes
-- result:    true: it is stored now
-- raises:    nothing
-- writes:    wraps
create or replace function vault.wrap_restore(
	p_project uuid, p_environment text, p_data_key bytea, p_member uuid,
	p_generation int, p_wrap bytea)
returns boolean
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	perform from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and r.key_id = p_data_key
	limit 1;
	if not found then
		return false;
	end if;
	insert into vault.wraps (project_id, environment, key_id, member_id,
		generation, wrap)
	values (p_project, p_environment, p_data_key, p_member, p_generation,
		p_wrap)
	on conflict on constraint wraps_pkey do nothing;
	return found;
end
$$;
