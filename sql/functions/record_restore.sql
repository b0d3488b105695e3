-- SPDX-License-Identifier: MIT
-- vault.record_restore: a version of an environment, in place of the one of its
-- number.
-- caller:    vault.fcgi --restore
-- arguments: p_project      the project
--            p_environment, p_version, p_data_key (its id), p_op, p_log_seq,
--            p_author       of the record
--            p_record, p_hash  statement and signature; its hash
--            p_blob         iv | tag | ciphertext; NULL: nobody brought it
--            p_keep         true: then the one that is stored stays
-- result:    none
-- raises:    nothing
-- writes:    records
create or replace function vault.record_restore(
	p_project uuid, p_environment text, p_version bigint,
	p_record bytea, p_hash bytea, p_data_key bytea, p_op int,
	p_log_seq bigint, p_author uuid, p_blob bytea, p_keep boolean)
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	insert into vault.records as r (project_id, environment, version,
		record, hash, key_id, op, log_seq, author, blob)
	values (p_project, p_environment, p_version, p_record, p_hash,
		p_data_key, p_op, p_log_seq, p_author, p_blob)
	on conflict on constraint records_pkey do update
	set record = excluded.record, hash = excluded.hash,
		key_id = excluded.key_id, op = excluded.op,
		log_seq = excluded.log_seq, author = excluded.author,
		blob = coalesce(excluded.blob, case when p_keep then r.blob
			end);
end
$$;
