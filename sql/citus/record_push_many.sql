-- SPDX-License-Identifier: MIT
-- vault.record_push_many on shards: leaves each push to record_push(), see
-- secret_push_many().
create or replace function vault.record_push_many(
	p_project uuid[], p_key bytea[], p_digest bytea[], p_remote text[],
	p_flaw text[], p_environment text[], p_version bigint[],
	p_prev bytea[], p_data_key bytea[], p_op int[], p_author uuid[],
	p_log_seq bigint[], p_log_hash bytea[], p_record bytea[],
	p_hash bytea[], p_blob bytea[], p_wrap_member bytea[], p_wrap bytea[],
	p_max_environments int[], p_keep_versions int[], p_max_bytes bigint[])
returns table (outcome char(5), code text, version bigint, device_id uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select null::char(5), null::text, null::bigint, null::uuid
	from generate_subscripts(p_project, 1);
end
$$;
