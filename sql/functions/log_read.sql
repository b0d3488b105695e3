-- SPDX-License-Identifier: MIT
-- vault.log_read: the log of a project from an entry on.
-- caller:    vault.fcgi
-- arguments: p_project  the project
--            p_key      the request id whose key verified the MAC, 16 bytes
--            p_remote   REMOTE_ADDR
--            p_path     path on the wire without /api/v2/: log/read, or that of
--                       a change for which the server reads it
--            p_role     the least role
--            p_have     how many entries the client holds
-- result:    outcome    '00000', or as member_check
--            device_id  whose key it is
--            log        a page of statements with signatures, or NULL
--            log_count  how many there are
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log (a refusal)
create or replace function vault.log_read(
	p_project uuid, p_key bytea, p_remote text, p_path text, p_role int,
	p_have bigint,
	out outcome char(5), out device_id uuid, out log bytea[],
	out log_count bigint)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, p_role, null) c;
	if outcome = '00000' then
		select vault.log_page(p.id, p_have, p.log_count - 1),
			p.log_count
		into log, log_count
		from vault.projects p
		where p.id = p_project;
	elsif device_id is not null then
		perform vault.audit(p_project, p_path, outcome, device_id,
			null, null, p_remote);
	end if;
end
$$;
