-- SPDX-License-Identifier: MIT
-- vault.member_restore: a device as the log has it.
-- caller:    vault.fcgi --restore
-- arguments: p_project  the project
--            p_id, p_name, p_sign, p_box  of its admission
--            p_status   approved, revoked
--            p_role, p_environments, p_expires  of its last scope; ms, 0 never
-- result:    none
-- raises:    nothing
-- writes:    members
create or replace function vault.member_restore(
	p_project uuid, p_id uuid, p_name text, p_sign bytea, p_box bytea,
	p_status text, p_role int, p_environments text[], p_expires bigint)
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_revoked timestamptz := case when p_status = 'revoked' then v_now end;
begin
	insert into vault.members as m (project_id, id, name, sign_public,
		box_public, status, role, environments, expires_at, created_at,
		admitted_at, revoked_at)
	values (p_project, p_id, p_name, p_sign, p_box, p_status, p_role,
		p_environments, vault.epoch_ms(p_expires), v_now, v_now,
		v_revoked)
	on conflict on constraint members_pkey do update
	set name = excluded.name, sign_public = excluded.sign_public,
		box_public = excluded.box_public, status = excluded.status,
		role = excluded.role, environments = excluded.environments,
		expires_at = excluded.expires_at,
		admitted_at = coalesce(m.admitted_at, excluded.admitted_at),
		revoked_at = case when excluded.revoked_at is not null
			then coalesce(m.revoked_at, excluded.revoked_at) end,
		registration = case when m.status <> 'pending'
			then m.registration end,
		remote = case when m.status <> 'pending' then m.remote end;
end
$$;
