//! Before anything is timed: does every row's output hold all the data? A row that lost something would win.

use crate::peer::{Format, Row};
use serde_json::Value;
use units::sink::{self, Mode};
use units::{Auth, Wide, with_wide_keys};

/// Checks all units of a row with all inputs; the error says what is missing.
pub fn row(row: &Row) -> Result<(), String> {
    let mut result = Ok(());
    (row.scope)(Mode::On, &mut || result = all_units(row));
    result.map_err(|missing| format!("{}: {missing}", row.name))
}

fn all_units(row: &Row) -> Result<(), String> {
    for input in &units::auths() {
        let want = auth_fields(input);
        let text = output_of(|| (row.w1)(input));
        one(row, &text, &want, &[]).map_err(|missing| format!("W1 lacks {missing} in {text}"))?;
        let text = output_of(|| (row.w2)(input));
        one(row, &text, &want, &auth_fragments(input)).map_err(|missing| format!("W2 lacks {missing} in {text}"))?;
    }
    for input in &units::wides() {
        let text = output_of(|| (row.w3)(input));
        one(row, &text, &wide_fields(input), &wide_fragments(input))
            .map_err(|missing| format!("W3 lacks {missing} in {text}"))?;
    }
    Ok(())
}

/// Returns the text that one unit leaves in the kept buffer.
pub fn output_of(unit: impl FnOnce()) -> String {
    sink::look();
    unit();
    sink::take_text()
}

/// Checks that the floor writes what traceline does, but for lines and times; else it is no floor.
pub fn same_text(floor: &Row, ours: &Row) -> Result<(), String> {
    let (auth, wide) = (&units::auths()[1], &units::wides()[1]);
    let texts = |row: &Row| {
        let mut texts = Vec::new();
        (row.scope)(Mode::On, &mut || {
            texts.push(output_of(|| (row.w1)(auth)));
            texts.push(output_of(|| (row.w2)(auth)));
            texts.push(output_of(|| (row.w3)(wide)));
        });
        texts
    };
    for (floor, ours) in texts(floor).iter().zip(texts(ours)) {
        if without_times(floor) != without_times(&ours) {
            return Err(format!("the floor writes\n{floor}\nand traceline\n{ours}"));
        }
    }
    Ok(())
}

/// The text with `_` in place of the numbers after these keys.
fn without_times(text: &str) -> String {
    let mut text = text.to_owned();
    for key in ["\"duration_ms\":", "\"at_ms\":", "\"line\":"] {
        let mut parts = text.split(key);
        let mut masked = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            masked += key;
            masked += "_";
            masked += part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        }
        text = masked;
    }
    text
}

fn one(row: &Row, text: &str, fields: &[(&str, Value)], fragments: &[String]) -> Result<(), String> {
    match row.format {
        Format::Json => json(row, text, fields, fragments),
        Format::Logfmt => logfmt(row, text, fields, fragments),
    }
}

fn auth_fields(i: &Auth) -> Vec<(&'static str, Value)> {
    vec![
        ("req_id", i.req_id.as_str().into()),
        ("method", i.method.as_str().into()),
        ("uri", i.uri.as_str().into()),
        ("ip", i.ip.as_str().into()),
        ("status", i.status.into()),
        ("user_id", i.user_id.into()),
        ("plan", i.plan.as_str().into()),
        ("cached", i.cached.into()),
        ("retries", i.retries.into()),
        ("amount", i.amount.into()),
        ("db_ms", i.db_ms.into()),
        ("items", i.items.into()),
    ]
}

fn auth_fragments(i: &Auth) -> Vec<String> {
    five([&i.key, &i.tenant, &i.store])
}

fn five([key, tenant, store]: [&str; 3]) -> Vec<String> {
    vec![
        "auth header read".to_owned(),
        format!("got key from table: {key}"),
        format!("user loaded for tenant {tenant}"),
        "rate limit checked".to_owned(),
        format!("session stored in {store}"),
    ]
}

macro_rules! wide_values {
    (
        [$w:ident]
        $(str $s:ident $sn:tt $si:tt;)* $(int $i:ident $in:tt $ii:tt;)*
        $(flt $f:ident $fn:tt $fi:tt;)* $(flag $b:ident $bn:tt $bi:tt;)*
    ) => {
        vec![
            $(($sn, $w.strs[$si].as_str().into()),)* $(($in, $w.ints[$ii].into()),)*
            $(($fn, $w.flts[$fi].into()),)* $(($bn, $w.flags[$bi].into()),)*
        ]
    };
}

fn wide_fields(w: &Wide) -> Vec<(&'static str, Value)> {
    with_wide_keys!(wide_values w)
}

fn wide_fragments(w: &Wide) -> Vec<String> {
    w.strs[..10].iter().flat_map(|arg| five([arg, arg, arg])).collect()
}

fn json(row: &Row, text: &str, fields: &[(&str, Value)], fragments: &[String]) -> Result<(), String> {
    let mut leaves = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("valid JSON ({error})"))?;
        flatten(&value, &mut Vec::new(), &mut leaves);
    }
    for (key, want) in fields {
        let same = |leaf: &Leaf| leaf.is_at(key) && equal(&leaf.value, want);
        leaves.iter().any(same).then_some(()).ok_or_else(|| format!("{key}={want}"))?;
    }
    for want in fragments {
        leaves.iter().any(|leaf| leaf.is_fragment(want)).then_some(()).ok_or_else(|| format!("fragment `{want}`"))?;
    }
    let duration = |leaf: &Leaf| leaf.is_at(row.duration) && leaf.value.is_number();
    leaves.iter().any(duration).then_some(()).ok_or_else(|| row.duration.to_owned())
}

/// A scalar somewhere in the output, with its keys from the root and the objects around it.
struct Leaf {
    path: Vec<String>,
    value: Value,
    inside: Vec<Value>,
}

impl Leaf {
    /// metrique nests a number below its name (`{"items":{"value":3}}`): any key above counts.
    fn is_at(&self, key: &str) -> bool {
        self.path.iter().any(|step| step == key)
    }

    /// Its text matches, with line and offset next to it, around it, or as `[line, offset] `.
    fn is_fragment(&self, want: &str) -> bool {
        let Some(text) = self.value.as_str() else { return false };
        let beside = |keys: [&str; 2]| {
            self.inside
                .iter()
                .any(|object| keys.iter().any(|key| object[key].is_number() || object["fields"][key].is_number()))
        };
        (text == want && beside(["line", "line_number"]) && beside(["at_ms", "at_us"]))
            || text.strip_suffix(want).is_some_and(is_tag)
    }
}

/// `[132, 0.612ms] ` or `[132, 612us] `.
fn is_tag(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix("] "));
    let Some((line, at)) = inner.and_then(|inner| inner.split_once(", ")) else { return false };
    let at = at.strip_suffix("ms").or_else(|| at.strip_suffix("us")).unwrap_or("");
    line.parse::<u32>().is_ok() && at.parse::<f64>().is_ok()
}

fn flatten(value: &Value, path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    flatten_in(value, path, &mut Vec::new(), leaves);
}

fn flatten_in(value: &Value, path: &mut Vec<String>, inside: &mut Vec<Value>, leaves: &mut Vec<Leaf>) {
    match value {
        Value::Object(map) => {
            // Only small objects can belong to a fragment; copying the record for each leaf would be slow.
            let near = map.len() <= 4;
            if near {
                inside.push(value.clone());
            }
            for (key, value) in map {
                path.push(key.clone());
                flatten_in(value, path, inside, leaves);
                path.pop();
            }
            if near {
                inside.pop();
            }
        }
        Value::Array(list) => list.iter().for_each(|value| flatten_in(value, path, inside, leaves)),
        value => leaves.push(Leaf { path: path.clone(), value: value.clone(), inside: inside.clone() }),
    }
}

/// Equal as data: 1 equals 1.0, and metrique's 1 equals `true`.
fn equal(have: &Value, want: &Value) -> bool {
    match want {
        Value::Bool(want) => have == want || have.as_u64() == Some(u64::from(*want)),
        Value::Number(want) => {
            let (Some(have), Some(want)) = (have.as_f64(), want.as_f64()) else { return false };
            (have - want).abs() <= want.abs() * 1e-12
        }
        want => have == want,
    }
}

fn logfmt(row: &Row, text: &str, fields: &[(&str, Value)], fragments: &[String]) -> Result<(), String> {
    for (key, want) in fields {
        let want = want.as_str().map_or_else(|| want.to_string(), str::to_owned);
        let whole = want.strip_suffix(".0").unwrap_or(&want);
        let same = |pair: &str| has_pair(text, key, pair);
        (same(&want) || same(whole)).then_some(()).ok_or_else(|| format!("{key}={want}"))?;
    }
    for want in fragments {
        has_fragment(text, want).then_some(()).ok_or_else(|| format!("fragment `{want}`"))?;
    }
    let duration = format!("{}=", row.duration);
    text.contains(&duration).then_some(()).ok_or(duration)
}

/// `key=value`, bare or quoted, with a delimiter after it.
fn has_pair(text: &str, key: &str, value: &str) -> bool {
    let text = format!(" {} ", text.replace('\n', " "));
    text.contains(&format!(" {key}={value} ")) || text.contains(&format!(" {key}=\"{value}\" "))
}

/// `[line, offset] text` in one value, or a separate line with `location=…:line` and `at_us=…`.
fn has_fragment(text: &str, want: &str) -> bool {
    let tagged = text.match_indices(want).any(|(at, _)| {
        let before = &text[..at];
        before.rfind('[').is_some_and(|open| is_tag(&before[open..]))
    });
    let quoted = format!("message=\"{want}\"");
    let own_line = |line: &str| line.contains(&quoted) && line.contains("location=") && line.contains("at_us=");
    tagged || text.lines().any(own_line)
}
