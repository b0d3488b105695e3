-- SPDX-License-Identifier: MIT
-- vault.device_register: a device of a project. The first one ever is approved
-- at once, every later one waits; a hash that is known keeps id and status.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_auth_key     that verified the signature, as sealed
--            p_digest       the signature, 32 bytes
--            p_remote       REMOTE_ADDR
--            p_name         1..128 bytes
--            p_device_hash  SHA-256 of the hash as received, 32 bytes
--            p_max_devices  most device rows of a project, revoked ones too
-- result:    outcome        '00000'
--            device_id, status
-- raises:    VE037 project frozen; VE040 no such project; VE054 auth key
--            replaced; VE091 signature of another path; VE095 too many
--            devices
-- writes:    requests, devices, audit_log
create or replace function vault.device_register(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_name text, p_device_hash bytea, p_max_devices int,
	out outcome char(5), out device_id uuid, out status text)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_count bigint;
	v_now timestamptz;
begin
	perform vault.request_change(p_project, p_auth_key, p_digest,
		'devices/register');

	-- Registrations of a project queue here: "first" and the count hold.
	perform from vault.projects p where p.id = p_project
	for no key update;

	outcome := '00000';
	select d.id, d.status into device_id, status
	from vault.devices d
	where d.project_id = p_project and d.hash = p_device_hash;
	if found then
		return;
	end if;

	select count(*) into v_count from vault.devices d
	where d.project_id = p_project;
	if v_count >= p_max_devices then
		raise exception 'Too many devices' using errcode = 'VE095';
	end if;

	v_now := clock_timestamp();
	status := case when v_count = 0 then 'approved' else 'pending' end;
	insert into vault.devices as d
		(project_id, name, hash, status, created_at, approved_at)
	values (p_project, p_name, p_device_hash, device_register.status, v_now,
		case when v_count = 0 then v_now end)
	returning d.id into device_id;
	perform vault.audit(p_project, 'devices/register', outcome, device_id,
		null, null, p_remote);
end
$$;
