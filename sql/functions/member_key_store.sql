-- SPDX-License-Identifier: MIT
-- vault.member_key_store: a request key of a device, beside those it has; of
-- more than four the one that was unused for longest goes.
-- caller:    functions
-- arguments: p_project     the project
--            p_key         the request id, 16 bytes
--            p_member      the device
--            p_sealed      the key, sealed by the server, 60 bytes
--            p_generation  of the VAULT_KEY it is made of
-- result:    none
-- raises:    nothing
-- writes:    member_keys
create or replace function vault.member_key_store(
	p_project uuid, p_key bytea, p_member uuid, p_sealed bytea,
	p_generation int)
returns void
language plpgsql
as $$
begin
	insert into vault.member_keys (project_id, key_id, member_id, sealed,
		generation)
	values (p_project, p_key, p_member, p_sealed, p_generation)
	on conflict on constraint member_keys_pkey do nothing;
	delete from vault.member_keys k
	where k.project_id = p_project and k.member_id = p_member
		and k.key_id <> p_key and k.key_id not in (
			select k.key_id from vault.member_keys k
			where k.project_id = p_project
				and k.member_id = p_member
				and k.key_id <> p_key
			order by k.used_at desc, k.created_at desc
			limit 3);
end
$$;
