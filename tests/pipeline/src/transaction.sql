with recursive units as (
    select at, doc, doc ->> 'span_id' as span, doc ->> 'parent_id' as parent
    from records
    where doc ->> 'trace_id' = $1
), tree as (
    select units.*, 0 as depth
    from units
    where parent is null or not exists (select from units caller where caller.span = units.parent)
  union all
    select units.*, depth + 1
    from tree join units on units.parent = tree.span
) search depth first by at, span set place
  cycle span set in_circle using path
select repeat('   ', depth) || (doc ->> 'msg') as unit,
       doc ->> 'service' as service,
       doc ->> 'duration_ms' as ms,
       doc ->> 'outcome' as outcome,
       doc ->> 'status' as status
from tree
where not in_circle
order by place
