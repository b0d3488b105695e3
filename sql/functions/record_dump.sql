-- SPDX-License-Identifier: MIT
-- vault.record_dump: an environment's records as they are stored, a thousand.
-- caller:    vault.fcgi --check-log, --restore
-- arguments: p_project      the project
--            p_environment  its name
--            p_from         the least version
-- result:    rows of version, record, hash, key_id, op, log_seq, author, blob_hash
--            (NULL: the blob is gone), in order
-- raises:    nothing
-- writes:    nothing
create or replace function vault.record_dump(
	p_project uuid, p_environment text, p_from bigint)
returns table (version bigint, record bytea, hash bytea, key_id bytea, op int,
	log_seq bigint, author uuid, blob_hash bytea)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select r.version, r.record, r.hash, r.key_id, r.op, r.log_seq,
		r.author, sha256(r.blob)
	from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and r.version >= p_from
	order by r.version
	limit 1000;
end
$$;
