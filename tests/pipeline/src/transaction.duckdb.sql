with recursive units as (
    select *
    from read_json_auto($files, union_by_name = true)
    where trace_id = $trace_id
), tree as (
    select units.*, 0 as depth, [ts] as place, [span_id] as path
    from units
    where parent_id is null or parent_id not in (select span_id from units where span_id is not null)
  union all
    select units.*, depth + 1, list_append(place, units.ts), list_append(path, units.span_id)
    from tree join units on units.parent_id = tree.span_id
    where not list_contains(path, units.span_id)
)
select repeat('   ', depth) || msg as unit, service, duration_ms::varchar as ms, outcome, status::varchar as status
from tree
order by place
