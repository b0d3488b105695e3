-- SPDX-License-Identifier: MIT
-- vault.request_refuse: notes the refusal of a request of protocol v2 that the
-- server judged without the database. A reason of the device's own comes first.
-- caller:    vault.fcgi
-- arguments: p_project  the project
--            p_key      the request id whose key verified the MAC, 16 bytes
--            p_remote   REMOTE_ADDR
--            p_path     path on the wire without /api/v2/
--            p_code     of the fault
-- result:    outcome    VE000 bad statement, or as member_check
--            code       p_code with VE000
--            device_id  whose key it is, or NULL
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log
create or replace function vault.request_refuse(
	p_project uuid, p_key bytea, p_remote text, p_path text, p_code text,
	out outcome char(5), out code text, out device_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 1, null) c;
	if outcome = '00000' then
		outcome := 'VE000';
		code := p_code;
	end if;
	if device_id is not null then
		perform vault.audit(p_project, p_path, coalesce(code, outcome),
			device_id, null, null, p_remote);
	end if;
end
$$;
