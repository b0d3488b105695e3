-- SPDX-License-Identifier: MIT
-- vault.device_list: every device of a project, newest first.
-- caller:    vault.fcgi
-- arguments: p_project  the project
--            p_auth_key that verified the signature, as sealed
--            p_digest   the signature, 32 bytes
-- result:    rows of id, device_name, status, created_at, approved_at,
--            last_seen_at; as many as device_register lets in
-- raises:    VE040 no such project; VE054 auth key replaced; VE091 signature
--            of another path
-- writes:    nothing
create or replace function vault.device_list(
	p_project uuid, p_auth_key bytea, p_digest bytea)
returns table (id uuid, device_name text, status text, created_at text,
	approved_at text, last_seen_at text)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	perform vault.request_check(p_project, p_auth_key, p_digest,
		'devices/list');
	return query
	select d.id, d.name, d.status, vault.iso(d.created_at),
		vault.iso(d.approved_at), vault.iso(d.last_seen_at)
	from vault.devices d
	where d.project_id = p_project
	order by d.created_at desc, d.id;
end
$$;
