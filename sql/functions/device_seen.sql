-- SPDX-License-Identifier: MIT
-- vault.device_seen: notes that a device was here.
-- caller:    functions
-- arguments: p_project  the project
--            p_device   the device
-- result:    nothing
-- raises:    nothing
-- writes:    devices.last_seen_at, at most once a minute
-- Nobody waits for this: whoever holds the row is writing the same.
create or replace function vault.device_seen(p_project uuid, p_device uuid)
returns void
language plpgsql
as $$
begin
	perform from vault.devices d
	where d.project_id = p_project and d.id = p_device
		and coalesce(d.last_seen_at < now() - interval '1 minute', true)
	for no key update skip locked;
	if found then
		update vault.devices d set last_seen_at = now()
		where d.project_id = p_project and d.id = p_device;
	end if;
end
$$;
