-- SPDX-License-Identifier: MIT
-- vault.request_change: request_take() for what a frozen project refuses.
-- caller:    functions
-- arguments: as request_take
-- result:    replayed, version  as request_take
-- raises:    as request_take; VE037 nothing is to change in the project any more
-- writes:    requests (by request_bind)
create or replace function vault.request_change(
	p_project uuid, p_auth_key bytea, p_digest bytea, p_path text,
	out replayed boolean, out version bigint)
language plpgsql
as $$
declare
	v_frozen boolean;
begin
	select t.replayed, t.version, t.frozen
	into replayed, version, v_frozen
	from vault.request_take(p_project, p_auth_key, p_digest, p_path) t;
	if v_frozen and not replayed then
		raise exception 'This project has moved to protocol v2: ask for the new VAULT_KEY'
			using errcode = 'VE037';
	end if;
end
$$;
