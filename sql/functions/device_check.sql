-- SPDX-License-Identifier: MIT
-- vault.device_check: may this device pull and push? A project that never had
-- a device lets everybody.
-- caller:    functions
-- arguments: p_project      the project
--            p_device_hash  SHA-256 of the hash as received, or NULL
-- result:    outcome        '00000', VE030 (pending) or VE031 (unknown, revoked)
--            device_id      NULL when the hash is not one of this project
-- raises:    nothing
-- writes:    devices.last_seen_at, at most once a minute
create or replace function vault.device_check(
	p_project uuid, p_device_hash bytea,
	out outcome char(5), out device_id uuid)
language plpgsql
as $$
declare
	v_status text;
	v_stale boolean;
begin
	select d.id, d.status,
		coalesce(d.last_seen_at < now() - interval '1 minute', true)
	into device_id, v_status, v_stale
	from vault.devices d
	where d.project_id = p_project
		and d.hash = p_device_hash;

	if not found then
		perform from vault.devices d
		where d.project_id = p_project limit 1;
		outcome := case when found then 'VE031' else '00000' end;
		return;
	end if;

	outcome := case
		when v_status = 'approved' then '00000'
		when v_status = 'pending' then 'VE030'
		else 'VE031' end;

	if outcome = '00000' and v_stale then
		perform vault.device_seen(p_project, device_id);
	end if;
end
$$;
