-- SPDX-License-Identifier: MIT
-- vault.device_approve: lets a pending device pull and push. Revoked is final,
-- so that a replayed approve cannot bring a device back.
-- caller:    vault.fcgi
-- arguments: p_project  the project
--            p_auth_key that verified the signature, as sealed
--            p_digest   the signature, 32 bytes
--            p_remote   REMOTE_ADDR
--            p_device   the device
-- result:    outcome    '00000', also when it was approved before
--            device_id, status
-- raises:    VE037 project frozen; VE040 no such project; VE044 no such
--            device; VE054 auth key replaced; VE091 signature of another
--            path; VE093 the device is revoked
-- writes:    requests, devices, audit_log (when the status changes)
create or replace function vault.device_approve(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_remote text,
	p_device uuid,
	out outcome char(5), out device_id uuid, out status text)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
begin
	perform vault.request_change(p_project, p_auth_key, p_digest,
		'devices/approve');

	select d.id, d.status into device_id, status
	from vault.devices d
	where d.project_id = p_project and d.id = p_device
	for no key update;
	if not found then
		raise exception 'Device not found' using errcode = 'VE044';
	end if;
	if status = 'revoked' then
		raise exception 'Device revoked' using errcode = 'VE093';
	end if;

	outcome := '00000';
	if status = 'pending' then
		status := 'approved';
		update vault.devices d
		set status = 'approved', approved_at = v_now
		where d.project_id = p_project and d.id = p_device;
		perform vault.audit(p_project, 'devices/approve', outcome,
			device_id, null, null, p_remote);
	end if;
end
$$;
