-- SPDX-License-Identifier: MIT
-- vault.project_freeze: says where a project of protocol v1 goes on, and perhaps
-- that nothing is to change in it any more; reading goes on.
-- caller:    vault.fcgi
-- arguments: p_project   the project
--            p_auth_key  that verified the signature, as sealed
--            p_digest    the signature, 32 bytes
--            p_remote    REMOTE_ADDR
--            p_moved_to  the project of protocol v2
--            p_frozen    true: nothing changes any more; it is never taken back
--                        here
-- result:    outcome     '00000'; VE09E it has moved to another
--            moved_to, frozen
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 signature of
--            another path
-- writes:    requests, projects, audit_log
create or replace function vault.project_freeze(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_moved_to uuid, p_frozen boolean,
	out outcome char(5), out moved_to uuid, out frozen boolean)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_frozen boolean;
	v_moved_to uuid;
begin
	perform vault.request_take(p_project, p_auth_key, p_digest,
		'project/freeze');
	select p.moved_to, p.frozen into v_moved_to, v_frozen
	from vault.projects p where p.id = p_project
	for no key update;
	moved_to := coalesce(v_moved_to, p_moved_to);
	if moved_to <> p_moved_to then
		outcome := 'VE09E';
		frozen := v_frozen;
		delete from vault.requests r
		where r.project_id = p_project and r.digest = p_digest;
	else
		outcome := '00000';
		frozen := v_frozen or p_frozen;
		update vault.projects p
		set moved_to = p_moved_to, frozen = v_frozen or p_frozen
		where p.id = p_project;
	end if;
	perform vault.audit(p_project, 'project/freeze', outcome, null, null,
		null, p_remote);
end
$$;
