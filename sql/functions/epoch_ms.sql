-- SPDX-License-Identifier: MIT
-- vault.epoch_ms: a time from milliseconds since 1970.
-- caller:    functions
-- arguments: p_ms  at most 2^53-1; 0: never
-- result:    the time; NULL for 0
-- raises:    nothing
-- writes:    nothing
create or replace function vault.epoch_ms(p_ms bigint)
returns timestamptz
language sql immutable
as $$
	select timestamptz 'epoch'
		+ nullif(p_ms, 0) * interval '1 millisecond'
$$;
