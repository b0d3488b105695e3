-- SPDX-License-Identifier: MIT
-- vault.project_set_key: the first auth key of a project; whoever comes first
-- wins, and there is no second.
-- caller:    vault.fcgi
-- arguments: p_project   the project
--            p_auth_key  sealed by the server, 60 bytes
--            p_key_id    fingerprint of the server key that sealed it
--            p_remote    REMOTE_ADDR
-- result:    outcome     '00000'
-- raises:    VE036 it is one of protocol v2; VE037 project frozen; VE040 no such
--            project; VE053 the server key in force is another;
--            VE090 the project has a key
-- writes:    projects, audit_log
create or replace function vault.project_set_key(
	p_project uuid, p_auth_key bytea, p_key_id bytea, p_remote text,
	out outcome char(5))
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_protocol int;
	v_frozen boolean;
begin
	perform vault.server_key_hold(p_key_id);
	update vault.projects p set auth_key = p_auth_key
	where p.id = p_project and p.auth_key is null and p.protocol = 1
		and not p.frozen;
	if not found then
		select p.protocol, p.frozen into v_protocol, v_frozen
		from vault.projects p
		where p.id = p_project and p.deleted_at is null;
		if not found then
			raise exception 'Project not found'
				using errcode = 'VE040';
		elsif v_protocol = 2 then
			raise exception 'This project uses protocol v2: update vault-env'
				using errcode = 'VE036';
		elsif v_frozen then
			raise exception 'This project has moved to protocol v2: ask for the new VAULT_KEY'
				using errcode = 'VE037';
		end if;
		raise exception 'Auth key already set' using errcode = 'VE090';
	end if;

	outcome := '00000';
	perform vault.audit(p_project, 'project/set-key', outcome, null,
		null, null, p_remote);
end
$$;
