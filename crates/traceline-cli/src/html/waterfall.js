// The numbers of a transaction: which time a unit did not spend in others, and which chain of units made it as long as it was.
const Waterfall = (() => {
  // Rows are [unit, depth, offset, notes]; adds where each ends, its caller and the units it called.
  function rows(tree, units) {
    const above = [];
    const all = tree.rows.map(([at, depth, offset, notes]) => ({ at, depth, offset, notes, took: units[at].took ?? 0, called: [] }));
    for (const row of all) {
      row.end = row.offset + row.took;
      above.length = row.depth;
      row.caller = above[row.depth - 1];
      row.caller?.called.push(row);
      above[row.depth] = row;
    }
    return all;
  }

  // The time within a unit in which none of those it called ran.
  function selfTime(row) {
    const spans = row.called.map((each) => [Math.max(each.offset, row.offset), Math.min(each.end, row.end)])
      .filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0]);
    let [sum, until] = [0, row.offset];
    for (const [from, to] of spans) {
      if (to <= until) continue;
      sum += to - Math.max(from, until);
      until = to;
    }
    return row.took - sum;
  }

  // From the end backwards: what ended last before, and what that waited for.
  function critical(top) {
    const path = new Set();
    const stack = [[top, top.end]];
    while (stack.length) {
      const [row, end] = stack.pop();
      path.add(row.at);
      let until = end;
      const called = [...row.called].sort((a, b) => b.end - a.end);
      for (const each of called) {
        if (each.end > until || each.took === 0) continue;
        stack.push([each, each.end]);
        until = each.offset;
      }
    }
    return path;
  }

  return { rows, selfTime, critical };
})();
