-- SPDX-License-Identifier: MIT
-- vault.record_list: records of an environment, with their blobs where asked.
-- caller:    vault.fcgi
-- arguments: p_project      the project
--            p_key          the request id whose key verified the MAC, 16 bytes
--            p_remote       REMOTE_ADDR
--            p_environment  its name
--            p_from         the first version
--            p_to           the last one; NULL: the newest
--            p_blobs        true: blobs too
-- result:    rows, one at least
--            outcome        '00000'; VE042 nothing stored yet; or as
--                           member_check
--            device_id      whose key it is
--            last           the newest version there is to give
--            version, record, blob  in order, a page of 1,000, or 4 MiB, one at
--                           least; NULL: there is none; blob NULL: it is gone or
--                           was not asked for
-- raises:    nothing
-- writes:    members.last_seen_at, member_keys.used_at, audit_log (blobs, or a
--            refusal)
create or replace function vault.record_list(
	p_project uuid, p_key bytea, p_remote text, p_environment text,
	p_from bigint, p_to bigint, p_blobs boolean)
returns table (outcome char(5), device_id uuid, last bigint, version bigint,
	record bytea, blob bytea)
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	select c.outcome, c.member_id into outcome, device_id
	from vault.member_check(p_project, p_key, 1, p_environment) c;
	if outcome = '00000' then
		select least(p_to, h.version) into last
		from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment;
		if not found then
			outcome := 'VE042';
		end if;
	end if;
	if device_id is not null and (p_blobs or outcome <> '00000') then
		perform vault.audit(p_project, 'secrets/records', outcome,
			device_id, p_environment, null, p_remote);
	end if;
	if outcome = '00000' then
		return query
		select '00000'::char(5), record_list.device_id,
			record_list.last, x.version, x.record,
			case when p_blobs then x.blob end
		from (
			select r.version, r.record, r.blob,
				sum(octet_length(r.record) + case when p_blobs
					then coalesce(octet_length(r.blob), 0)
					else 0 end) over (order by r.version)
					as size
			from vault.records r
			where r.project_id = p_project
				and r.environment = p_environment
				and r.version >= p_from
				and r.version <= record_list.last
				and r.version < p_from + 1000) x
		where x.size <= 4194304 or x.version = p_from
		order by x.version;
		if found then
			return;
		end if;
	end if;
	return next;
end
$$;
