// Lines that a page must survive, and an order that crosses three services.

export const HOSTILE = [
  "</script><script>window.broken = 1</script>",
  "<!--<script>window.broken = 1",
  "<img src=x onerror='window.broken = 1'>",
  "\u2028window.broken = 1\u2029",
  "\"};window.broken = 1;//",
  "/*data*/ /*script*/ ${window.broken = 1} `",
  "]]></style><svg onload=window.broken=1>",
  "&lt;b&gt; &amp; &#60;script&#62;",
];

const json = (record) => JSON.stringify(record);
const at = (ms) => new Date(Date.UTC(2026, 10, 21, 8, 46, 0) + ms).toISOString().replace("Z", "000Z");
const TRACE = "0af7651916cd43dd8448eb211c80319c";

export const order = [
  json({
    ts: at(100), level: "info", msg: "order", service: "ordering", trace_id: TRACE, span_id: "b7ad6b7169203331",
    outcome: "ok", duration_ms: 100.0, sku: "widget", quantity: 1000, "purchasing.count": 1, "purchasing.ms": 75.0,
    "purchasing.max_ms": 75.0, status: 201,
    fragments: [{ at_ms: 10.0, line: 12, msg: "price asked" }, { at_ms: 90.0, line: 28, level: "warn", msg: "stock is low" }],
  }),
  json({
    ts: at(95), level: "info", msg: "purchase", service: "purchasing", trace_id: TRACE, span_id: "00f067aa0ba902b7",
    parent_id: "b7ad6b7169203331", outcome: "ok", duration_ms: 75.0, cents: 249000, status: 201,
  }),
  json({
    ts: at(75), level: "error", msg: "reserve", service: "inventory", trace_id: TRACE, span_id: "5bcdcba0ae05dbc5",
    parent_id: "00f067aa0ba902b7", outcome: "error", duration_ms: 25.0, status: 409, error: "out of stock",
  }),
];

const hostile = HOSTILE.map((text, n) => json({
  ts: at(1000 + n), level: "info", msg: text, service: text, trace_id: text, outcome: "ok", duration_ms: 1 + n / 10,
  [text]: text, "n.count": 1, "n.ms": 0.5, "n.max_ms": 0.5, fragments: [{ at_ms: 0.1, line: 7, file: text, msg: text }],
}));

export const lines = [
  ...order, ...hostile,
  "ts=2026-11-21T08:47:00.000000Z level=info msg=\"turned \\u202e round\" duration_ms=0.5 k=\"a\\nb\\u001b[31m\"",
  "INFO listening on <b>8080</b>", "ts=2026-11-21T08:47:00Z msg=\"</script><b>cut",
].join("\n") + "\n";
