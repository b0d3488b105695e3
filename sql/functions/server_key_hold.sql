-- SPDX-License-Identifier: MIT
-- vault.server_key_hold: keeps the server key from being replaced until commit,
-- so that what is sealed under it can be stored.
-- caller:    functions
-- arguments: p_key_id  fingerprint of the server key that sealed it, 16 bytes
-- result:    none
-- raises:    VE053 the server key in force is another
-- writes:    nothing (locks the row)
create or replace function vault.server_key_hold(p_key_id bytea)
returns void
language plpgsql
as $$
begin
	perform from vault.server_key k
	where k.single and k.key_id = p_key_id
	for share;
	if not found then
		raise exception 'Server key replaced' using errcode = 'VE053';
	end if;
end
$$;
