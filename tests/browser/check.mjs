// What people do with a page, and what a page must never do.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { HOSTILE, lines, order } from "./lines.mjs";

const { FOLDER, TRACELINE, GENERATE, SHOTS, PICTURES, DRAW } = process.env;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS });
});
after(() => browser.close());

function written(name, text, ...options) {
  const [from, to] = [`${FOLDER}/${name}.log`, `${FOLDER}/${name}.html`];
  if (text !== undefined) writeFileSync(from, text);
  // Without units the status is 1, and there is a page all the same.
  const { status } = spawnSync(TRACELINE, [from, "--html", to, "--quiet", ...options], { stdio: ["ignore", "ignore", "ignore"] });
  assert.ok(status === 0 || status === 1);
  return `file://${to}`;
}

// Opens a page and records everything it does that it should not.
async function opened(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { faults.push("dialog"); void dialog.dismiss(); });
  page.on("request", (request) => { if (request.url().split("#")[0] !== address.split("#")[0]) faults.push(`request: ${request.url()}`); });
  await page.goto(address);
  return { page, faults, context };
}

const texts = (page, selector) => page.$$eval(selector, (found) => found.map((element) => element.textContent));
const shot = async (page, name) => SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png` });

test("a unit is found, opened and seen in its transaction", async () => {
  const { page, faults, context } = await opened(written("order", lines));
  assert.equal(await page.textContent("#summary"), "12 units · 1 failed");
  assert.equal(await page.textContent("h1"), "traceline: order.log");
  assert.equal(await page.title(), "1 failed of 12 units · order.log · traceline");
  assert.equal(await page.textContent("#rejected > summary"), "1 line that cannot be read, 1 line of other kinds");

  await page.fill("#search", "status=409");
  assert.deepEqual(await texts(page, "#units tbody td:nth-child(2)"), ["reserve"]);
  assert.equal(await page.textContent("#found"), "1 of 12");
  await page.click("#units tbody tr");
  assert.equal(await page.textContent("#unit h2"), "reserve");
  assert.deepEqual(await texts(page, "#waterfall .label"), ["▾order ordering", "▾purchase purchasing", "reserve inventory"]);
  assert.equal(await page.textContent("#unit .error"), "out of stock");
  assert.deepEqual((await texts(page, "#unit .fields span")).slice(0, 4), ["status", "409", "error", "out of stock"]);

  // The expected bars: order from 0 to 100 ms, purchase from 20 to 95, reserve from 50 to 75.
  const places = await page.$$eval("#waterfall button", (rows) => rows.map((row) => {
    const [track, bar] = [".track", ".bar"].map((name) => row.querySelector(name).getBoundingClientRect());
    return [bar.left - track.left, bar.right - track.left].map((x) => Math.round((x * 100) / track.width));
  }));
  assert.deepEqual(places, [[0, 100], [20, 95], [50, 75]]);

  await page.click("#waterfall button:first-of-type");
  assert.equal(await page.textContent("#unit h2"), "order");
  assert.deepEqual(await texts(page, "#unit .fragments .value"), ["price asked", "stock is low"]);
  assert.deepEqual(await texts(page, "#unit .timers span:first-child"), ["purchasing"]);
  assert.equal(await page.locator(".mark.warn").first().getAttribute("title"), "+90.0 ms stock is low");
  assert.equal(new URL(page.url()).hash, "#unit=1");
  await page.fill("#search", "");
  await shot(page, "order-light");
  assert.deepEqual(faults, []);
  await context.close();
});

test("hostile lines are text and nothing else", async () => {
  const { page, faults, context } = await opened(written("hostile", lines));
  for (const text of HOSTILE) {
    const escaped = text.replace(/[\u2028\u2029]/g, (char) => "\\u" + char.charCodeAt(0).toString(16));
    await page.evaluate((n) => { location.hash = `unit=${n}`; }, 4 + HOSTILE.indexOf(text));
    await page.waitForFunction((name) => document.querySelector("#unit h2").textContent === name, escaped);
    assert.deepEqual((await texts(page, "#unit .fields span")).slice(0, 2), [escaped, escaped]);
    assert.deepEqual(await texts(page, "#unit .fragments .value"), [escaped]);
  }
  await page.evaluate(() => { location.hash = "unit=12"; });
  await page.waitForFunction(() => document.querySelector("#unit h2").textContent === "turned \\u202e round");
  assert.deepEqual(await texts(page, "#unit .fields span"), ["k", "a\nb\\u001b[31m"]);
  await page.click("#rejected > summary");
  assert.ok((await texts(page, "#rejected .value")).includes("INFO listening on <b>8080</b>"));
  assert.equal(await page.evaluate(() => window.broken), undefined);
  assert.equal(await page.locator("img, svg, b, iframe, script").count(), 2);
  assert.deepEqual(faults, []);
  await context.close();
});

test("the policy of the page lets no request out", async () => {
  let connections = 0;
  const server = createServer((socket) => { connections += 1; socket.destroy(); });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { page, context } = await opened(written("policy", lines));
  const blocked = await page.evaluate((address) => new Promise((resolve) => {
    const seen = [];
    addEventListener("securitypolicyviolation", (event) => {
      seen.push(event.effectiveDirective);
      if (seen.length === 3) resolve(seen.sort());
    });
    document.body.append(Object.assign(new Image(), { src: `${address}x.png` }));
    document.body.append(Object.assign(document.createElement("script"), { src: `${address}x.js` }));
    fetch(address).catch(() => {});
  }), `http://127.0.0.1:${server.address().port}/`);
  assert.deepEqual(blocked, ["connect-src", "img-src", "script-src-elem"]);
  await context.close();
  await new Promise((resolve) => server.close(resolve));
  assert.equal(connections, 0);
});

test("keys do what the mouse does", async () => {
  const { page, faults, context } = await opened(written("keys", lines));
  await page.focus("#units tbody tr");
  await page.keyboard.press("Enter");
  assert.equal(await page.textContent("#unit h2"), "reserve");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.textContent("#unit h2"), "order");
  assert.equal(await page.locator("#units tr[aria-selected=true]").count(), 1);
  await page.fill("#search", "trace_id=0af7651916cd43dd8448eb211c80319c");
  await page.click("#units th:nth-child(2) button");
  assert.equal(await page.getAttribute("#units th:nth-child(2)", "aria-sort"), "ascending");
  assert.deepEqual(await texts(page, "#units tbody td:nth-child(2)"), ["order", "purchase", "reserve"]);
  await page.click("#units th:nth-child(2) button");
  assert.deepEqual(await texts(page, "#units tbody td:nth-child(2)"), ["reserve", "purchase", "order"]);
  assert.deepEqual(faults, []);
  await context.close();
});

test("the search speaks the language of --where", async () => {
  const { page, faults, context } = await opened(written("query", lines));
  const found = async (query) => {
    await page.fill("#search", query);
    return texts(page, "#units tbody td:nth-child(2)");
  };
  assert.deepEqual(await found("status>=400 and not name=order"), ["reserve"]);
  assert.deepEqual(await found("took>20ms and (outcome=error or name~^ord)"), ["reserve", "order"]);
  assert.deepEqual(await found("/STOCK"), []);
  assert.deepEqual((await found("/\"out of\"")), ["reserve"]);
  assert.deepEqual(await found("service!=inventory trace_id=0af7651916cd43dd8448eb211c80319c"), ["order", "purchase"]);
  await page.fill("#search", "(a=1");
  assert.equal(await page.textContent("#fault"), "a bracket that does not end");
  assert.deepEqual(faults, []);
  await context.close();
});

test("the search finds what --where finds", async () => {
  const records = [
    ...order,
    'ts=2026-11-21T08:46:02Z level=info msg="GET /carts" outcome=ok duration_ms=3.5 path=/carts/7 plan="free trial" text="q\\"\\\\ ends" n=1.5e3',
    '{"ts":"2026-11-21T08:46:03Z","msg":"POST /orders","level":"error","outcome":"error","duration_ms":1250,"error":"Gateway timeout","error.type":"Timeout","user":{"id":7,"plan":{"name":"pro"}},"took_by":"61ms"}',
    '{"level":"warn","time":"2026-11-21T08:46:04Z","message":"sweep","elapsed":"12 ms","status":499}',
  ].join("\n") + "\n";
  const { page, faults, context } = await opened(written("same", records));
  const queries = [
    "status>=400", "status<499 and took>20ms", "name=order or name=sweep", "not level=info", "!level=error && !level=warn",
    "took<=12ms", "took==12ms", "duration_ms>1000", "duration>1s", "outcome=error", "outcome!=ok", "error~timeout", "error~^G.*t$", "error!~o",
    "/timeout", "/Gateway", "/GATEWAY", "timeout", "\"free trial\"", "plan=\"free trial\"", "plan='free trial'", "text~ends$", "text='q\"\\\\ ends'",
    "user.id=7", "user.plan.name=pro", "user.plan.name~^p", "took_by>60ms", "took_by<60ms", "n=1.5e3", "n>1499", "missing=1", "missing!=1", "missing!~1",
    "(status=409 or status=499) and (took>20ms or level=warn)", "not (outcome=error or outcome=ok)", "path~(carts|orders)/[0-9]+", "error.type=Timeout",
    "trace_id=0af7651916cd43dd8448eb211c80319c not span_id=b7ad6b7169203331", "service=inventory or sku", "level = info", "NOT name=order AND took > 1ms",
  ];
  for (const query of queries) {
    const { stdout } = spawnSync(TRACELINE, [`${FOLDER}/same.log`, "--json", "--where", query], { encoding: "utf8" });
    const found = stdout.split("\n").filter((line) => line).map((line) => JSON.parse(line).name).sort();
    await page.fill("#search", query);
    assert.equal(await page.textContent("#fault"), "", query);
    assert.deepEqual((await texts(page, "#units tbody td:nth-child(2)")).sort(), found, query);
  }
  for (const query of ["(a=1", "a=1)", "=1", "a<b", "a=\"x", "a~(", "a=1 and", "not"]) {
    const { stderr } = spawnSync(TRACELINE, [`${FOLDER}/same.log`, "--where", query], { encoding: "utf8" });
    await page.fill("#search", query);
    const fault = await page.textContent("#fault");
    assert.ok(fault && stderr.includes(fault), `${query}: ${fault} ${stderr}`);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test("failures come first, and a span of time is chosen with a brush", async () => {
  const { page, faults, context } = await opened(written("failures", lines));
  assert.deepEqual(await texts(page, "#failures tbody td"), ["1", "reserve", "inventory", "out of stock", "08:46:00.075", "08:46:00.075"]);
  assert.deepEqual((await texts(page, "#units tbody td")).slice(1, 5), ["reserve", "inventory", "✗ error 409", "25.0"]);
  const box = await page.locator("#chart .columns").boundingBox();
  await page.mouse.move(box.x, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.01, box.y + 10, { steps: 4 });
  await page.mouse.up();
  assert.equal(await page.textContent("#found"), "3 of 12");
  await page.click("#chart figcaption button");
  assert.equal(await page.textContent("#found"), "");
  assert.deepEqual(faults, []);
  await context.close();
});

test("a waterfall is folded, zoomed, and tells what a unit did itself", async () => {
  const { page, faults, context } = await opened(written("waterfall", lines) + "#unit=2");
  assert.deepEqual(await texts(page, "#waterfall .self"), ["self 25.0", "self 50.0", ""]);
  assert.equal(await page.locator("#waterfall .bar.critical").count(), 3);
  assert.equal(await page.locator("#waterfall .bar.failed").count(), 1);
  await page.click(".tools button");
  assert.deepEqual(await texts(page, "#waterfall .scale span"), ["20.0", "38.8", "57.5", "76.3", "95.0 ms"]);
  await page.click("#waterfall [data-row] >> nth=1 >> .fold");
  assert.equal(await page.locator("#waterfall [data-row]").count(), 2);
  assert.deepEqual(faults, []);
  await context.close();
});

test("a unit has an address", async () => {
  const { page, faults, context } = await opened(written("address", lines) + "#unit=3");
  assert.equal(await page.textContent("#unit h2"), "reserve");
  assert.deepEqual(faults, []);
  await context.close();
});

// The contrast that WCAG requires for text: 4.5.
async function contrasts(page) {
  return page.evaluate(() => {
    const light = (color) => {
      const parts = color.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
      const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const back = (element) => {
      const color = getComputedStyle(element).backgroundColor;
      return color === "rgba(0, 0, 0, 0)" ? back(element.parentElement) : color;
    };
    const of = (element) => {
      const [a, b] = [getComputedStyle(element).color, back(element)].map(light).sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    };
    const shown = [...document.querySelectorAll("body *")].filter((element) =>
      element.checkVisibility() && !element.closest(".also") && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return [Math.min(...shown.map(of)), getComputedStyle(document.body).backgroundColor];
  });
}

test("it is legible in the light and in the dark", async () => {
  const { page, faults, context } = await opened(written("modes", lines));
  await page.click("#units tbody tr");
  const backs = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const [least, back] = await contrasts(page);
    assert.ok(least >= 4.5, `${colorScheme}: ${least}`);
    backs.push(back);
    await shot(page, colorScheme);
  }
  assert.deepEqual(backs, ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]);
  assert.deepEqual(faults, []);
  await context.close();
});

test("it fits a telephone", async () => {
  const { page, faults, context } = await opened(written("narrow", lines), { viewport: { width: 390, height: 800 } });
  await page.click("#units tbody tr");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await shot(page, "narrow");
  assert.deepEqual(faults, []);
  await context.close();
});

// The share of pixels that differ clearly; fonts differ a little from machine to machine.
async function difference(page, first, second) {
  return page.evaluate(async (both) => {
    const pixels = await Promise.all(both.map(async (base64) => {
      const image = Object.assign(new Image(), { src: `data:image/png;base64,${base64}` });
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
      canvas.drawImage(image, 0, 0);
      return [image.width, image.height, canvas.getImageData(0, 0, image.width, image.height).data];
    }));
    const [[width, height, a], [otherWidth, otherHeight, b]] = pixels;
    if (width !== otherWidth || height !== otherHeight) return 1;
    let differ = 0;
    for (let at = 0; at < a.length; at += 4) {
      if ([0, 1, 2].some((channel) => Math.abs(a[at + channel] - b[at + channel]) > 64)) differ += 1;
    }
    return differ / (width * height);
  }, [first, second].map((bytes) => bytes.toString("base64")));
}

test("the pictures in the repository show what is seen", async () => {
  const address = written("shop", order.join("\n") + "\n") + "#unit=3";
  const views = {
    "page": {}, "page-dark": { colorScheme: "dark" }, "page-narrow": { viewport: { width: 390, height: 1400 } }, "page-print": { media: "print" },
  };
  for (const [name, { media, ...options }] of Object.entries(views)) {
    const { page, faults, context } = await opened(address, { viewport: { width: 1200, height: 760 }, ...options });
    if (media) await page.emulateMedia({ media });
    // What differs from run to run.
    await page.evaluate(() => { document.getElementById("about").textContent = ""; });
    await page.evaluate(() => { [...document.querySelectorAll("#unit .mono")].at(-1).textContent = "unit 3: shop.log, byte 600"; });
    const seen = await page.screenshot();
    const path = `${PICTURES}/${name}.png`;
    if (DRAW) writeFileSync(path, seen);
    const blank = await context.newPage();
    const share = await difference(blank, seen, readFileSync(path));
    assert.ok(share < 0.05, `${name}: ${(share * 100).toFixed(1)} % of the pixels differ; DRAW=1 tests/browser/run draws it anew`);
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test("of many units the slowest are there, and the page says so", async () => {
  const file = openSync(`${FOLDER}/many.log`, "w");
  execFileSync(GENERATE, ["4"], { stdio: ["ignore", file, "ignore"] });
  const { page, faults, context } = await opened(written("many", undefined, "--max-units", "1000"));
  assert.match(await page.textContent("#summary"), /^1,000 of \d+,\d{3} units on this page: failures, the slowest and their transactions; what is left out took [\d.]+ ms at most · \d+ failed$/);
  assert.equal(await page.locator("#units tbody tr").count(), 300);
  assert.equal(await page.textContent("#more"), "Show more of the other 700");
  await page.click("#more");
  assert.equal(await page.locator("#units tbody tr").count(), 600);
  await page.click("#names > summary");
  await page.click("#names td button");
  assert.ok((await texts(page, "#units tbody td:nth-child(2)")).length > 0);
  await page.fill("#search", "nowhere to be found");
  assert.equal(await page.locator("#units tbody tr").count(), 0);
  await page.fill("#search", "");
  await page.click("#units tbody tr");
  await shot(page, "many");
  await page.emulateMedia({ colorScheme: "dark" });
  await shot(page, "many-dark");
  assert.deepEqual(faults, []);
  await context.close();
});

test("a page of nothing says so", async () => {
  const { page, faults, context } = await opened(written("nothing", "hello\n"));
  assert.equal(await page.textContent("#unit"), "No unit meets the filter.");
  assert.equal(await page.textContent("#summary"), "0 units");
  assert.deepEqual(faults, []);
  await context.close();
});
