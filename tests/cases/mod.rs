//! Inputs and expected outputs: one table, one column per format.
//!
//! `tests/logfmt.rs` and `tests/json.rs` run it. The expected texts come from the
//! encoding rules and are written out by hand; only loops over whole ranges of
//! characters compute theirs.

// Each of the two files that compile this module uses one column.
#![allow(dead_code)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroI8, NonZeroI128, NonZeroU8, NonZeroU64, NonZeroU128, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use traceline::{ToValue, Trace, debug, display, key, mask, null, text_lossy};

use crate::util::WALL;

/// Calls on a trace, and the part of each line that they produce.
pub struct Case {
    pub work: Box<dyn Fn(&mut Trace)>,
    pub logfmt: String,
    pub json: String,
}

fn case(work: impl Fn(&mut Trace) -> &mut Trace + 'static, logfmt: &str, json: &str) -> Case {
    Case {
        work: Box::new(move |trace| {
            work(trace);
        }),
        logfmt: logfmt.into(),
        json: json.into(),
    }
}

/// `k = value`; the cells are the text of the value.
fn value(value: impl ToValue + 'static, logfmt: &str, json: &str) -> Case {
    case(
        move |trace| trace.set("k", &value),
        &format!("k={logfmt}"),
        &format!(r#""k":{json}"#),
    )
}

/// `k = value`, written the same way in both formats.
fn same(input: impl ToValue + 'static, text: &str) -> Case {
    value(input, text, text)
}

/// `k = text`; the cell is the JSON string, which is also the logfmt value.
fn quoted(text: &'static str, cell: &str) -> Case {
    same(text, cell)
}

/// `k = text`, bare in logfmt.
fn bare(text: &'static str) -> Case {
    value(text, text, &format!(r#""{text}""#))
}

/// `key = 1`.
fn named(name: &'static str, logfmt: &str, json: &str) -> Case {
    case(
        move |trace| trace.set(name, 1),
        &format!("{logfmt}=1"),
        &format!("{json}:1"),
    )
}

/// All tables.
pub fn all() -> Vec<Case> {
    let tables = [
        examples(),
        strings(),
        characters(),
        lookalikes(),
        no_lookalikes(),
        last_backslashes(),
        keys(),
        integers(),
        floats(),
        times(),
        lists(),
        texts_of_all_types(),
        addresses(),
        options_and_nulls(),
        masks(),
    ];
    tables.into_iter().flatten().collect()
}

/// The table of examples in the encoding rules, row by row.
fn examples() -> Vec<Case> {
    vec![
        value("abc", "abc", r#""abc""#),
        value("", r#""""#, r#""""#),
        value("a b", r#""a b""#, r#""a b""#),
        value("007", r#""007""#, r#""007""#),
        value(7, "7", "7"),
        value("null", r#""null""#, r#""null""#),
        case(|t| t.set("k", null()), "k=null", r#""k":null"#),
        case(|t| t.set("k", None::<&str>), "", ""),
        value(
            "x\nlevel=fatal",
            r#""x\nlevel=fatal""#,
            r#""x\nlevel=fatal""#,
        ),
        value("say \"hi\"", r#""say \"hi\"""#, r#""say \"hi\"""#),
        value(r"C:\dir\", r#""C:\\dir\u005c""#, r#""C:\\dir\\""#),
        value("'q'", r#""'q'""#, r#""'q'""#),
        value("\x1b[31m", r#""\u001b[31m""#, r#""\u001b[31m""#),
        value("é\u{2028}", r#""é\u2028""#, r#""é\u2028""#),
        case(
            |t| t.set("a b", 1).set("a=b", 2),
            "a_b=1 a_b_2=2",
            r#""a b":1,"a=b":2"#,
        ),
        value(1.0, "1.0", "1.0"),
        value(f64::NAN, "NaN", "null"),
        value(
            u128::MAX,
            "340282366920938463463374607431768211455",
            r#""340282366920938463463374607431768211455""#,
        ),
        value(["a", "q\""], r#""[\"a\",\"q\\\"\"]""#, r#"["a","q\""]"#),
        case(
            |t| t.set("g.x", 1).set("g.y", "a b"),
            r#"g.x=1 g.y="a b""#,
            r#""g.x":1,"g.y":"a b""#,
        ),
        case(
            |t| t.set("level", "forged"),
            "level_2=forged",
            r#""level_2":"forged""#,
        ),
    ]
}

fn strings() -> Vec<Case> {
    vec![
        bare("ABCXYZabcxyz0189._/:@%+~-"),
        bare("/var/log/app.log"),
        bare("user@example.com"),
        bare("https://example.com:8080/a/b-c"),
        bare("50%"),
        bare("-"),
        bare("--"),
        bare("."),
        bare("+"),
        quoted("a=b", r#""a=b""#),
        quoted("a,b", r#""a,b""#),
        quoted("a;b", r#""a;b""#),
        quoted("a?b", r#""a?b""#),
        quoted("a#b", r##""a#b""##),
        quoted("a&b", r#""a&b""#),
        quoted("a*b", r#""a*b""#),
        quoted("<a>", r#""<a>""#),
        quoted("(a)", r#""(a)""#),
        quoted("{a}", r#""{a}""#),
        quoted("[a]", r#""[a]""#),
        quoted("a|b", r#""a|b""#),
        quoted("a^b", r#""a^b""#),
        quoted("a`b", r#""a`b""#),
        quoted("$a", r#""$a""#),
        quoted("!a", r#""!a""#),
        quoted("é", r#""é""#),
        quoted("日本", r#""日本""#),
        quoted(" ", r#"" ""#),
        quoted(" a", r#"" a""#),
        quoted("a ", r#""a ""#),
        quoted("\"", r#""\"""#),
        quoted("\r\n\t", r#""\r\n\t""#),
        // A text that looks like an escape is not interpreted.
        quoted(r"\u0041\n", r#""\\u0041\\n""#),
        // No other short escapes: JSON also has \b and \f, but fewer readers accept them.
        quoted(
            "\u{8}\u{c}/\0\u{7}\u{b}",
            r#""\u0008\u000c/\u0000\u0007\u000b""#,
        ),
    ]
}

/// Every character that is escaped: all but three with `\u` and four digits.
pub fn escaped_characters() -> impl Iterator<Item = (char, String)> {
    let ranges = [
        0x00..=0x1F,
        0x7F..=0x9F,
        0x2028..=0x202E,
        0x2066..=0x2069,
        0xFEFF..=0xFEFF,
    ];
    ranges.into_iter().flatten().map(|code: u32| {
        let escape = match code {
            0x09 => r"\t".into(),
            0x0A => r"\n".into(),
            0x0D => r"\r".into(),
            code => format!(r"\u{code:04x}"),
        };
        (char::from_u32(code).expect("no surrogates"), escape)
    })
}

/// Characters that need quotes in logfmt but no escape: the neighbours of those
/// above, and two marks that are not overrides.
pub const KEPT: [char; 18] = [
    ' ',
    '\u{A0}',
    '\u{C0}',
    '\u{FF}',
    '\u{200E}',
    '\u{200F}',
    '\u{2027}',
    '\u{202F}',
    '\u{2065}',
    '\u{206A}',
    '\u{2000}',
    '\u{2040}',
    '\u{FEFE}',
    '\u{FF00}',
    '\u{FEBF}',
    '\u{FFFD}',
    '\u{10FFFF}',
    '\u{E000}',
];

fn characters() -> Vec<Case> {
    let escaped = escaped_characters();
    let kept = KEPT.map(|char| (char, char.to_string()));
    let each = |(char, written): (char, String)| {
        [
            same(format!("{char}"), &format!(r#""{written}""#)),
            same(format!("a{char}b"), &format!(r#""a{written}b""#)),
            // Between characters of two, three and four bytes.
            same(format!("é{char}€"), &format!(r#""é{written}€""#)),
            same(format!("😀{char}é"), &format!(r#""😀{written}é""#)),
        ]
    };
    escaped.chain(kept).flat_map(each).collect()
}

/// Strings that would be read as numbers, truth values or nothing.
pub const LOOKALIKES: [&str; 27] = [
    "0",
    "7",
    "007",
    "12345678901234567890123",
    "1.",
    "1.5",
    ".5",
    "0.",
    "1e5",
    "1E5",
    "1e+5",
    "1e-5",
    "1.e5",
    ".5e5",
    "1.5E-05",
    "true",
    "false",
    "null",
    "nil",
    "none",
    "nan",
    "inf",
    "infinity",
    "True",
    "FALSE",
    "NaN",
    "Infinity",
];

fn lookalikes() -> Vec<Case> {
    let signs = ["", "+", "-"];
    let signed = |text| signs.map(|sign| format!("{sign}{text}"));
    let texts = LOOKALIKES.into_iter().flat_map(signed);
    texts
        .map(|text| same(text.clone(), &format!(r#""{text}""#)))
        .collect()
}

/// Near misses of the pattern, bare.
fn no_lookalikes() -> Vec<Case> {
    let texts = [
        "1.2.3",
        "0x10",
        "1e",
        "1e+",
        "1e-",
        "1E",
        "e5",
        ".e5",
        "+",
        "-",
        ".",
        "+.",
        "-.",
        "..",
        "1..2",
        "1-2",
        "1+2",
        "--1",
        "+-1",
        "++1",
        "1_000",
        "1e5e5",
        "1e5.0",
        "1e1.5",
        "10%",
        "1/2",
        "1:2",
        "truex",
        "xtrue",
        "nul",
        "nulls",
        "nones",
        "no",
        "yes",
        "nan0",
        "infinit",
        "infinityx",
        "tru",
        "t",
        "f",
        "n",
        "i",
        "--true",
        "12ms",
        "1f",
        "0b1",
        "0o7",
    ];
    texts.into_iter().map(bare).collect()
}

/// In logfmt a final backslash is `\u005c`; in JSON it is escaped like any other.
fn last_backslashes() -> Vec<Case> {
    vec![
        value(r"\", r#""\u005c""#, r#""\\""#),
        value(r"\\", r#""\\\u005c""#, r#""\\\\""#),
        value(r"a\", r#""a\u005c""#, r#""a\\""#),
        value(r"a\b", r#""a\\b""#, r#""a\\b""#),
        value(r#"a\""#, r#""a\\\"""#, r#""a\\\"""#),
        value(r#""\"#, r#""\"\u005c""#, r#""\"\\""#),
        value("a\\\n", r#""a\\\n""#, r#""a\\\n""#),
        value("\n\\", r#""\n\u005c""#, r#""\n\\""#),
        value(r"é\", r#""é\u005c""#, r#""é\\""#),
        // Before, at and after the sixteenth byte.
        value(
            r"fourteen-bytes\",
            r#""fourteen-bytes\u005c""#,
            r#""fourteen-bytes\\""#,
        ),
        value(
            r"fifteen-bytes--\",
            r#""fifteen-bytes--\u005c""#,
            r#""fifteen-bytes--\\""#,
        ),
        value(
            r"sixteen-bytes---\",
            r#""sixteen-bytes---\u005c""#,
            r#""sixteen-bytes---\\""#,
        ),
        value([r"a\"], r#""[\"a\\\\\"]""#, r#"["a\\"]"#),
    ]
}

fn keys() -> Vec<Case> {
    vec![
        named("A-Za-z0-9_.", "A-Za-z0-9_.", r#""A-Za-z0-9_.""#),
        named(
            "outer.inner.deep",
            "outer.inner.deep",
            r#""outer.inner.deep""#,
        ),
        named("", "_", r#""_""#),
        named("_", "_", r#""_""#),
        named("-", "-", r#""-""#),
        named("7", "7", r#""7""#),
        named(" ", "_", r#"" ""#),
        named("é", "_", r#""é""#),
        named("日本語", "___", r#""日本語""#),
        named("😀", "_", r#""😀""#),
        named("a\"b", "a_b", r#""a\"b""#),
        named("a'b", "a_b", r#""a'b""#),
        named(r"a\b", "a_b", r#""a\\b""#),
        named(r"a\", "a_", r#""a\\""#),
        named("a\nb=1", "a_b_1", r#""a\nb=1""#),
        named("x/level", "x_level", r#""x/level""#),
        named("a:b;c,d", "a_b_c_d", r#""a:b;c,d""#),
        named("\0\u{7f}\u{9f}", "___", r#""\u0000\u007f\u009f""#),
        named(
            "a\u{2028}\u{202e}\u{feff}",
            "a___",
            r#""a\u2028\u202e\ufeff""#,
        ),
        named("\u{FFFD}", "_", "\"\u{FFFD}\""),
        case(
            |t| t.set(String::from("owned key"), 1),
            "owned_key=1",
            r#""owned key":1"#,
        ),
        case(
            |t| t.set(key(&format!("shard{}.rows", 3)), 1),
            "shard3.rows=1",
            r#""shard3.rows":1"#,
        ),
    ]
}

fn integers() -> Vec<Case> {
    vec![
        same(0u8, "0"),
        same(u8::MAX, "255"),
        same(i8::MIN, "-128"),
        same(u16::MAX, "65535"),
        same(i16::MIN, "-32768"),
        same(u32::MAX, "4294967295"),
        same(i32::MIN, "-2147483648"),
        same(u64::MAX, "18446744073709551615"),
        same(i64::MIN, "-9223372036854775808"),
        same(i64::MAX, "9223372036854775807"),
        same(usize::MAX, "18446744073709551615"),
        same(isize::MIN, "-9223372036854775808"),
        same(7u128, "7"),
        same(-7i128, "-7"),
        same(u128::from(u64::MAX), "18446744073709551615"),
        same(i128::from(u64::MAX), "18446744073709551615"),
        same(i128::from(i64::MIN), "-9223372036854775808"),
        value(
            u128::from(u64::MAX) + 1,
            "18446744073709551616",
            r#""18446744073709551616""#,
        ),
        value(
            i128::from(i64::MIN) - 1,
            "-9223372036854775809",
            r#""-9223372036854775809""#,
        ),
        value(
            i128::MIN,
            "-170141183460469231731687303715884105728",
            r#""-170141183460469231731687303715884105728""#,
        ),
        same(1u64 << 53, "9007199254740992"),
        same((1u64 << 53) + 1, "9007199254740993"),
        same(-(1i64 << 53) - 1, "-9007199254740993"),
        same(NonZeroU8::MAX, "255"),
        same(NonZeroI8::MIN, "-128"),
        same(NonZeroU64::MAX, "18446744073709551615"),
        same(NonZeroUsize::MIN, "1"),
        value(
            NonZeroU128::MAX,
            "340282366920938463463374607431768211455",
            r#""340282366920938463463374607431768211455""#,
        ),
        same(NonZeroI128::from(NonZeroI8::MIN), "-128"),
        same(true, "true"),
        same(false, "false"),
    ]
}

fn floats() -> Vec<Case> {
    vec![
        same(0.0, "0.0"),
        same(-0.0, "-0.0"),
        same(0.1, "0.1"),
        same(0.1 + 0.2, "0.30000000000000004"),
        same(-1.5, "-1.5"),
        same(1e21, "1e21"),
        same(1e15, "1000000000000000.0"),
        same(1e16, "1e16"),
        same(1e-5, "0.00001"),
        same(1e-7, "1e-7"),
        same(5e-324, "5e-324"),
        same(f64::MAX, "1.7976931348623157e308"),
        same(f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        same(9_007_199_254_740_993.0, "9007199254740992.0"),
        same(0.1f32, "0.1"),
        same(1.0f32, "1.0"),
        same(-0.0f32, "-0.0"),
        same(16_777_217f32, "16777216.0"),
        same(f32::MAX, "3.4028235e38"),
        same(1e-45f32, "1e-45"),
        value(f64::INFINITY, "Infinity", "null"),
        value(f64::NEG_INFINITY, "-Infinity", "null"),
        value(-f64::NAN, "NaN", "null"),
        value(f32::NAN, "NaN", "null"),
        value(f32::INFINITY, "Infinity", "null"),
        value(f32::NEG_INFINITY, "-Infinity", "null"),
    ]
}

/// A timestamp is bare in logfmt and a string in JSON.
fn time(secs: i64, nanos: u32, text: &str) -> Case {
    value(moment(secs, nanos), text, &format!(r#""{text}""#))
}

fn moment(secs: i64, nanos: u32) -> SystemTime {
    let whole = Duration::from_secs(secs.unsigned_abs());
    let start = if secs < 0 {
        UNIX_EPOCH - whole
    } else {
        UNIX_EPOCH + whole
    };
    start + Duration::from_nanos(nanos.into())
}

fn times() -> Vec<Case> {
    vec![
        time(0, 0, "1970-01-01T00:00:00.000000Z"),
        time(1_704_067_200, 123_456_789, "2024-01-01T00:00:00.123456Z"),
        time(951_782_399, 999_999_999, "2000-02-28T23:59:59.999999Z"),
        time(951_782_400, 0, "2000-02-29T00:00:00.000000Z"),
        time(-1, 500_000_000, "1969-12-31T23:59:59.500000Z"),
        time(-62_167_219_200, 0, "0000-01-01T00:00:00.000000Z"),
        time(253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999Z"),
        // Years that RFC 3339 cannot express.
        same(moment(253_402_300_800, 0), "253402300800"),
        same(moment(-62_167_219_201, 0), "-62167219201"),
        same(moment(9_000_000_000_000_000, 0), "9000000000000000"),
        same(Duration::ZERO, "0.0"),
        same(Duration::from_nanos(999), "0.0"),
        same(Duration::from_micros(1), "0.001"),
        same(Duration::from_micros(10), "0.01"),
        same(Duration::from_micros(100), "0.1"),
        same(Duration::from_micros(12_345), "12.345"),
        same(Duration::from_millis(1_500), "1500.0"),
        same(Duration::MAX, "18446744073709551.615"),
    ]
}

fn lists() -> Vec<Case> {
    let json_text = |value, json: &str| -> Case {
        let logfmt = json.replace('\\', r"\\").replace('"', r#"\""#);
        case_of_list(value, &logfmt, json)
    };
    fn case_of_list(work: fn(&mut Trace) -> &mut Trace, logfmt: &str, json: &str) -> Case {
        case(work, &format!(r#"k="{logfmt}""#), &format!(r#""k":{json}"#))
    }
    vec![
        json_text(|t| t.set("k", [0u8; 0]), "[]"),
        json_text(|t| t.set("k", [1, -2, 3]), "[1,-2,3]"),
        json_text(
            |t| t.set("k", vec!["a b", "", "007"]),
            r#"["a b","","007"]"#,
        ),
        json_text(|t| t.set("k", &["é", "\n"][..]), r#"["é","\n"]"#),
        json_text(|t| t.set("k", [[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
        json_text(
            |t| t.set("k", [vec![""; 0], vec!["x"], vec![]]),
            r#"[[],["x"],[]]"#,
        ),
        json_text(|t| t.set("k", [[[0u8; 0]; 1]; 2]), "[[[]],[[]]]"),
        // An array has no gaps.
        json_text(|t| t.set("k", [Some(1), None, Some(3)]), "[1,null,3]"),
        json_text(
            |t| t.set("k", [null(), true.to_value(), 'x'.to_value()]),
            r#"[null,true,"x"]"#,
        ),
        json_text(
            |t| t.set("k", [1.0, -0.0, f64::NAN, f64::INFINITY]),
            "[1.0,-0.0,null,null]",
        ),
        json_text(|t| t.set("k", [0.1f32]), "[0.1]"),
        json_text(|t| t.set("k", [u64::MAX, 0]), "[18446744073709551615,0]"),
        json_text(
            |t| t.set("k", [u128::from(u64::MAX) + 1, 1]),
            r#"["18446744073709551616",1]"#,
        ),
        json_text(
            |t| t.set("k", [i128::from(i64::MIN)]),
            "[-9223372036854775808]",
        ),
        json_text(|t| t.set("k", [Duration::from_micros(1_500)]), "[1.5]"),
        json_text(
            |t| t.set("k", [UNIX_EPOCH + WALL, moment(253_402_300_800, 0)]),
            r#"["2026-11-21T08:46:00.123456Z",253402300800]"#,
        ),
        json_text(
            |t| {
                t.set(
                    "k",
                    [mask("2c59aaaa", 4), debug(&"\"q\""), text_lossy(b"a\xFF")],
                )
            },
            "[\"2c59******\",\"\\\"\\\\\\\"q\\\\\\\"\\\"\",\"a\u{FFFD}\"]",
        ),
        // Text in a list is quoted twice in logfmt, but its controls are escaped once.
        case_of_list(
            |t| t.set("k", ["\x1b\u{2028}"]),
            r#"[\"\\u001b\\u2028\"]"#,
            r#"["\u001b\u2028"]"#,
        ),
    ]
}

fn texts_of_all_types() -> Vec<Case> {
    let text = "a b";
    let cell = r#""a b""#;
    let mut cases = vec![
        same(text, cell),
        same(String::from(text), cell),
        same(Box::<str>::from(text), cell),
        same(Arc::<str>::from(text), cell),
        same(Rc::<str>::from(text), cell),
        same(Cow::Borrowed(text), cell),
        same(Cow::<str>::Owned(text.into()), cell),
        same(PathBuf::from(text), cell),
        same(Path::new(text), cell),
        same(std::ffi::OsString::from(text), cell),
        same(std::ffi::OsStr::new(text), cell),
        value('x', "x", r#""x""#),
        same('\n', r#""\n""#),
        same('7', r#""7""#),
        same('\u{202E}', r#""\u202e""#),
        case(
            |t| t.set("k", format_args!("{}-{}", 1, "x")),
            "k=1-x",
            r#""k":"1-x""#,
        ),
        // Printed values are strings, even if they consist of digits.
        case(
            |t| t.set("k", format_args!("{}", 7)),
            r#"k="7""#,
            r#""k":"7""#,
        ),
        case(|t| t.set("k", display(&7)), r#"k="7""#, r#""k":"7""#),
        case(
            |t| t.set("k", debug(&Some("a\n"))),
            r#"k="Some(\"a\\n\")""#,
            r#""k":"Some(\"a\\n\")""#,
        ),
        case(
            |t| t.set("k", display(&"x\ny")),
            r#"k="x\ny""#,
            r#""k":"x\ny""#,
        ),
        case(|t| t.set("k", text_lossy(b"ok")), "k=ok", r#""k":"ok""#),
        case(
            |t| t.set("k", text_lossy(b"a\xF0\x9F\x98b\xFF")),
            "k=\"a\u{FFFD}b\u{FFFD}\"",
            "\"k\":\"a\u{FFFD}b\u{FFFD}\"",
        ),
        case(|t| t.set("k", text_lossy(b"")), r#"k="""#, r#""k":"""#),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let odd = Path::new(std::ffi::OsStr::from_bytes(b"/tmp/\xFF"));
        cases.push(same(odd, "\"/tmp/\u{FFFD}\""));
    }
    cases
}

fn addresses() -> Vec<Case> {
    vec![
        value(Ipv4Addr::LOCALHOST, "127.0.0.1", r#""127.0.0.1""#),
        value(IpAddr::from([10, 0, 0, 1]), "10.0.0.1", r#""10.0.0.1""#),
        value(Ipv6Addr::LOCALHOST, "::1", r#""::1""#),
        value(
            SocketAddr::from(([10, 0, 0, 1], 80)),
            "10.0.0.1:80",
            r#""10.0.0.1:80""#,
        ),
        same(SocketAddr::from((Ipv6Addr::LOCALHOST, 80)), r#""[::1]:80""#),
    ]
}

fn options_and_nulls() -> Vec<Case> {
    vec![
        same(Some(7), "7"),
        same(Some(Some("a b")), r#""a b""#),
        value(Some(String::from("x")), "x", r#""x""#),
        case(|t| t.set("k", None::<u8>), "", ""),
        case(|t| t.set("k", Some(None::<u8>)), "", ""),
        case(|t| t.set("k", 1).set("k", None::<u8>), "", ""),
        case(|t| t.set("k", Some(null())), "k=null", r#""k":null"#),
    ]
}

fn masks() -> Vec<Case> {
    let masked = |text: &'static str, shown, want: &str| {
        case(
            move |t| t.set("k", mask(text, shown)),
            &format!(r#"k="{want}""#),
            &format!(r#""k":"{want}""#),
        )
    };
    vec![
        masked("2c59aaaa", 4, "2c59******"),
        masked("2c59aaaaaaaaaaaaaaaaaaaaaaaa", 4, "2c59******"),
        // A short one is hidden completely, including its length.
        masked("2c59aaa", 4, "******"),
        masked("1234", 4, "******"),
        masked("", 4, "******"),
        masked("secret", 0, "******"),
        masked("secret", usize::MAX, "******"),
        // Counts characters, not bytes.
        masked("äöüß€😀xy", 4, "äöüß******"),
        masked("\u{202e}abc", 2, "\\u202ea******"),
    ]
}

/// The expected text of a string literal, in the slow and obvious way.
pub fn escape(text: &str) -> String {
    static ESCAPES: LazyLock<HashMap<char, String>> =
        LazyLock::new(|| escaped_characters().collect());
    let mut escaped = String::new();
    for char in text.chars() {
        match (char, ESCAPES.get(&char)) {
            ('"', _) => escaped.push_str(r#"\""#),
            ('\\', _) => escaped.push_str(r"\\"),
            (_, Some(escape)) => escaped.push_str(escape),
            (char, None) => escaped.push(char),
        }
    }
    escaped
}

/// Texts of up to `most` characters with an odd one added at every position, so
/// that it crosses every boundary of the 16-byte steps that encoders take.
pub fn at_every_offset(odd: char, filler: char, most: usize) -> impl Iterator<Item = String> {
    // Longest first: the bytes of the longer text still lie after the shorter one.
    (0..=most).rev().flat_map(move |len| {
        (0..=len).map(move |at| {
            let fill = |count| std::iter::repeat_n(filler, count);
            fill(at).chain([odd]).chain(fill(len - at)).collect()
        })
    })
}

/// The characters around the odd one, and how many of them: three chunks each.
pub const FILLERS: [(char, usize); 5] = [('a', 34), ('é', 17), ('€', 12), ('😀', 9), ('"', 17)];

/// The odd characters for [`at_every_offset`]: the ends of every escaped range,
/// and neighbours that share their first bytes.
pub const ODD: [char; 27] = [
    '"', '\\', '\n', '\0', '\u{1F}', '\u{7F}', '\u{80}', '\u{9F}', '\u{A0}', '\u{2027}',
    '\u{2028}', '\u{202E}', '\u{202F}', '\u{2065}', '\u{2066}', '\u{2069}', '\u{206A}', '\u{FEFF}',
    '\u{FEFE}', '\u{FFFD}', '\u{200E}', ' ', ';', '=', 'é', '€', '😀',
];
