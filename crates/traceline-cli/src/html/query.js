"use strict";
// The language of `--where`: `or` binds least, then `and`, which may be left out, then `not`.
const Query = (() => {
  const SIGNS = ["==", "!=", "!~", "=~", "<=", ">=", "=", "~", "<", ">"];
  const UNITS = { ns: 1e-3, us: 1, "µs": 1, "μs": 1, ms: 1e3, s: 1e6, sec: 1e6, m: 6e7, min: 6e7, h: 3.6e9 };

  // `100ms`, `1m30.5s`: microseconds.
  function micros(text) {
    if (!/^(\d+(\.\d+)?\s*[a-zµμ]+\s*)+$/.test(text)) return undefined;
    let sum = 0;
    for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-zµμ]+)/g)) {
      if (UNITS[unit] === undefined) return undefined;
      sum += Number(number) * UNITS[unit];
    }
    return sum;
  }

  const number = (text) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined);

  // Text that was typed, without a pattern's special signs.
  function contains(text) {
    const folded = /\p{Lu}/u.test(text) ? text : text.toLowerCase();
    return (unit) => (folded === text.toLowerCase() ? unit.folded : unit.words).includes(folded);
  }

  function field(unit, key) {
    const found = unit.fields.find((pair) => pair[0] === key);
    if (found) return found[1];
    for (const [outer, value] of unit.fields) {
      if (!key.startsWith(outer + ".") || !value.startsWith("{")) continue;
      let inner = value;
      try { inner = JSON.parse(value); } catch { continue; }
      let rest = key.slice(outer.length + 1);
      while (inner && typeof inner === "object" && rest) {
        const name = Object.keys(inner).find((name) => rest === name || rest.startsWith(name + "."));
        if (name === undefined) break;
        [inner, rest] = [inner[name], rest.slice(name.length + 1)];
      }
      if (!rest && inner !== undefined) return typeof inner === "object" ? JSON.stringify(inner) : String(inner);
    }
    return undefined;
  }

  function value(unit, key) {
    const id = () => unit.ids.find((pair) => pair[0] === key)?.[1];
    const said = {
      outcome: () => unit.outcome, name: () => unit.name, msg: () => unit.name, message: () => unit.name,
      level: () => unit.level, service: () => unit.service, status: () => unit.status || undefined,
      error: () => unit.error[1], "error.type": () => unit.error[0], trace_id: id, span_id: id, parent_id: id,
      duration_ms: () => (unit.took === undefined ? undefined : String(unit.took / 1e3)),
    };
    if (key === "outcome" || key === "name") return said[key]();
    return field(unit, key) ?? (Object.hasOwn(said, key) ? said[key]() : undefined);
  }

  const compare = { "==": (a, b) => a === b, "=": (a, b) => a === b, "!=": (a, b) => a !== b,
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };

  function comparison(key, sign, given) {
    if (sign.includes("~")) {
      let pattern;
      try { pattern = new RegExp(given); } catch { throw new Error(`\`${given}\` is not a regular expression`); }
      const wanted = sign !== "!~";
      return (unit) => {
        const text = value(unit, key);
        return text === undefined ? !wanted : pattern.test(text) === wanted;
      };
    }
    const [plain, timed] = [number(given), micros(given)];
    const ordered = /[<>]/.test(sign);
    if (ordered && plain === undefined && timed === undefined) throw new Error(`\`${given}\` is no number, so nothing is less or more`);
    const isTime = key === "took" || (timed !== undefined && /^duration(_ms)?$/.test(key));
    if (isTime) {
      const than = timed ?? plain * 1e3;
      return (unit) => unit.took !== undefined && compare[sign](unit.took, than);
    }
    return (unit) => {
      const text = value(unit, key);
      if (text === undefined) return sign === "!=";
      if (!ordered) return compare[sign](text, given);
      const [a, b] = plain !== undefined && number(text) !== undefined ? [number(text), plain] : [micros(text), timed];
      return a !== undefined && b !== undefined && compare[sign](a, b);
    };
  }

  class Parser {
    constructor(text) { this.rest = text.trim(); }

    word(word) {
      const match = this.rest.slice(0, word.length).toLowerCase() === word && /^$|^[\s(]/.test(this.rest.slice(word.length));
      if (match) this.rest = this.rest.slice(word.length).trimStart();
      return match;
    }

    sign(sign) {
      const match = this.rest.startsWith(sign);
      if (match) this.rest = this.rest.slice(sign.length).trimStart();
      return match;
    }

    any() {
      const nodes = [this.all()];
      while (this.word("or") || this.sign("||")) nodes.push(this.all());
      return nodes.length === 1 ? nodes[0] : (unit) => nodes.some((node) => node(unit));
    }

    all() {
      const nodes = [this.not()];
      for (;;) {
        const next = this.word("and") || this.sign("&&");
        if (!next && (!this.rest || /^\)|^\|\||^or($|[\s(])/i.test(this.rest))) break;
        nodes.push(this.not());
      }
      return nodes.length === 1 ? nodes[0] : (unit) => nodes.every((node) => node(unit));
    }

    not() {
      if (this.word("not") || this.sign("!")) {
        const node = this.not();
        return (unit) => !node(unit);
      }
      if (!this.sign("(")) return this.leaf();
      const node = this.any();
      if (!this.sign(")")) throw new Error("a bracket that does not end");
      return node;
    }

    leaf() {
      if (this.rest.startsWith("/")) {
        this.rest = this.rest.slice(1);
        return contains(this.value());
      }
      const begin = this.rest;
      const key = this.key();
      this.rest = this.rest.trimStart();
      const sign = SIGNS.find((sign) => this.rest.startsWith(sign));
      if (!sign) {
        if (!key) throw new Error(`no field and no word at \`${begin}\``);
        return contains(key);
      }
      if (!key) throw new Error(`an operator without a field at \`${begin}\``);
      this.rest = this.rest.slice(sign.length).trimStart();
      return comparison(key, sign, this.value());
    }

    key() { return /^["']/.test(this.rest) ? this.quoted() : this.take(this.rest.search(/[\s=!<>~()]/)); }

    value() {
      if (/^["']/.test(this.rest)) return this.quoted();
      let [at, open] = [0, 0];
      for (; at < this.rest.length && !/\s/.test(this.rest[at]); at += 1) {
        if (this.rest[at] === "(") open += 1;
        else if (this.rest[at] === ")" && open-- === 0) break;
      }
      const text = this.take(at);
      this.rest = this.rest.trimStart();
      return text;
    }

    quoted() {
      const quote = this.rest[0];
      let text = "";
      for (let at = 1; at < this.rest.length; at += 1) {
        const char = this.rest[at];
        if (char === quote) {
          this.rest = this.rest.slice(at + 1).trimStart();
          return text;
        }
        const next = this.rest[at + 1];
        if (char === "\\" && (next === quote || next === "\\")) at += 1;
        text += this.rest[at];
      }
      throw new Error("a quote that does not end");
    }

    take(end) {
      const at = end < 0 ? this.rest.length : end;
      const text = this.rest.slice(0, at);
      this.rest = this.rest.slice(at);
      return text;
    }
  }

  // A function from a unit to whether it meets the condition. Throws an error that says what is wrong.
  function parse(text) {
    const parser = new Parser(text);
    if (!parser.rest) return () => true;
    const node = parser.any();
    if (parser.rest) throw new Error(`a bracket too many at \`${parser.rest}\``);
    return node;
  }

  return { parse, micros };
})();
