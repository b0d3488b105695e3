-- SPDX-License-Identifier: MIT
-- vault.project_delete: forgets a project of protocol v2 whole, but for its id
-- and its rows of the audit log.
-- caller:    vault.fcgi
-- arguments: p_project   the project
--            p_key       the request id whose key verified the MAC, 16 bytes
--            p_digest    the MAC, 32 bytes
--            p_remote    REMOTE_ADDR
--            p_flaw      the rule of the deletion that it breaks, or NULL
--            p_log_count, p_log_hash, p_author  of the deletion
-- result:    outcome     '00000'; VE000 bad statement; VE096 the log has
--                        changed; or as member_check
--            code        with VE000: log_author, or p_flaw
--            device_id   whose key it was
-- raises:    nothing
-- writes:    requests, projects, members, member_keys, log, heads, records,
--            wraps, audit_log
create or replace function vault.project_delete(
	p_project uuid, p_key bytea, p_digest bytea, p_remote text,
	p_flaw text, p_log_count bigint, p_log_hash bytea, p_author uuid,
	out outcome char(5), out code text, out device_id uuid)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_count bigint;
	v_hash bytea;
begin
	perform vault.request_bind(p_project, p_digest, 'project/delete');
	select p.log_count, p.log_hash into v_count, v_hash
	from vault.projects p where p.id = p_project
	for update;
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 3, null) c;
	if outcome = '00000' then
		if p_log_count <> v_count or p_log_hash <> v_hash then
			outcome := 'VE096';
		elsif p_flaw is not null or p_author <> device_id then
			outcome := 'VE000';
			code := coalesce(p_flaw, 'log_author');
		end if;
	end if;
	if outcome <> '00000' then
		perform vault.request_settle(p_project, p_digest,
			'project/delete', outcome, code, null, device_id,
			null, null, p_remote);
		return;
	end if;

	perform from vault.heads h where h.project_id = p_project
	order by h.environment
	for update;
	delete from vault.wraps w where w.project_id = p_project;
	delete from vault.records r where r.project_id = p_project;
	delete from vault.heads h where h.project_id = p_project;
	delete from vault.member_keys k where k.project_id = p_project;
	delete from vault.members m where m.project_id = p_project;
	delete from vault.log l where l.project_id = p_project;
	delete from vault.requests r where r.project_id = p_project;
	update vault.projects p
	set name = p.id::text, log_count = 0, log_hash = null, joins = null,
		deleted_at = v_now
	where p.id = p_project;
	perform vault.audit(p_project, 'project/delete', outcome, device_id,
		null, null, p_remote);
end
$$;
