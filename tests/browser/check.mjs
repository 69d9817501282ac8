// What people do with a page, and what a page must never do.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { HOSTILE, lines } from "./lines.mjs";

const { FOLDER, TRACELINE, GENERATE, SHOTS } = process.env;
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
  execFileSync(TRACELINE, [from, "--html", to, "--quiet", ...options], { stdio: ["ignore", "ignore", "ignore"] });
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
  assert.equal(await page.textContent("#summary"), "12 units");
  assert.equal(await page.textContent("#rejected > summary"), "1 line that cannot be read, 1 line of other kinds");

  await page.fill("#search", "status=409");
  assert.deepEqual(await texts(page, "#units tbody td:nth-child(2)"), ["reserve"]);
  assert.equal(await page.textContent("#found"), "1 of 12");
  await page.click("#units tbody tr");
  assert.equal(await page.textContent("#unit h2"), "reserve");
  assert.deepEqual(await texts(page, "#waterfall .label"), ["order ordering", "purchase purchasing", "reserve inventory"]);
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
  assert.equal(await page.locator(".mark.warn").first().getAttribute("title"), "+90.000 ms stock is low");
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
  assert.equal(await page.textContent("#unit h2"), "order");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.textContent("#unit h2"), "purchase");
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

test("of many units the slowest are there, and the page says so", async () => {
  const file = openSync(`${FOLDER}/many.log`, "w");
  execFileSync(GENERATE, ["4"], { stdio: ["ignore", file, "ignore"] });
  const { page, faults, context } = await opened(written("many", undefined, "--max-units", "1000"));
  assert.match(await page.textContent("#summary"), /^1,000 of \d+,\d{3} units on this page: the slowest and their transactions; what is left out took \d+\.\d{3} ms at most$/);
  assert.equal(await page.locator("#units tbody tr").count(), 300);
  assert.equal(await page.textContent("#more"), "Show more of the other 700");
  await page.click("#more");
  assert.equal(await page.locator("#units tbody tr").count(), 600);
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
