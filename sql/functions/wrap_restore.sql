-- SPDX-License-Identifier: MIT
-- vault.wrap_restore: data keys for devices, but those that are there, and those
-- whose data key no record names.
-- caller:    vault.fcgi --restore
-- arguments: p_project      the project
--            p_environment  its name
--            p_data_key, p_member, p_generation, p_wrap  arrays: the data key's id,
--                           for whom, of which VAULT_KEY, 80 bytes
-- result:    how many are stored now that were not
-- raises:    nothing
-- writes:    wraps
create or replace function vault.wrap_restore(
	p_project uuid, p_environment text, p_data_key bytea[],
	p_member uuid[], p_generation int[], p_wrap bytea[])
returns bigint
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_stored bigint;
begin
	insert into vault.wraps (project_id, environment, key_id, member_id,
		generation, wrap)
	select p_project, p_environment, w.key_id, w.member, w.generation,
		w.wrap
	from unnest(p_data_key, p_member, p_generation, p_wrap)
		w (key_id, member, generation, wrap)
	where exists (select from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.key_id = w.key_id)
	on conflict on constraint wraps_pkey do nothing;
	get diagnostics v_stored = row_count;
	return v_stored;
end
$$;
