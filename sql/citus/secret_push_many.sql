-- SPDX-License-Identifier: MIT
-- vault.secret_push_many on shards: leaves each push to secret_push(). Nodes
-- commit side by side then; a transaction over several of them would have to
-- be prepared on each.
create or replace function vault.secret_push_many(
	p_project uuid[], p_auth_key bytea[], p_digest bytea[],
	p_remote text[], p_device_hash bytea[], p_environment text[],
	p_blob bytea[], p_changed_keys text[], p_key_count int[],
	p_base_version bigint[], p_max_environments int[],
	p_keep_versions int[], p_max_bytes bigint[])
returns table (outcome char(5), version bigint, device_id uuid, moved_to uuid)
language plpgsql rows 10
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select null::char(5), null::bigint, null::uuid, null::uuid
	from generate_subscripts(p_project, 1);
end
$$;
