//! Settings that make no sense are refused, with a message that names them.

use std::process::Command;

use traceline::{
    Config, Format,
    config::{Color, ConfigBuilder, ConfigError, Name},
};

use crate::util;

fn builder() -> ConfigBuilder {
    Config::builder()
}

/// Expects a refusal of this setting with exactly this message.
#[track_caller]
fn refused(builder: ConfigBuilder, setting: &str, sentence: &str) {
    let error: ConfigError = match builder.build() {
        Err(error) => error,
        Ok(config) => panic!("accepted: {config:?}"),
    };
    assert_eq!(error.to_string(), sentence);
    assert_eq!(error.setting(), setting);
}

#[track_caller]
fn accepted(builder: ConfigBuilder) {
    if let Err(error) = builder.build() {
        panic!("refused: {error}");
    }
}

#[test]
fn the_defaults_are_accepted() {
    accepted(builder());
    accepted(builder().format(Format::Json));
    accepted(builder().format(Format::Pretty));
}

#[test]
fn limits_of_fields_and_fragments_have_an_upper_bound() {
    accepted(builder().max_fields(65_000).max_value(16));
    refused(
        builder().max_fields(65_001),
        "max_fields",
        "max_fields: expected 0 to 65000, got 65001",
    );
    accepted(builder().max_fragments(1_000_000).max_value(16));
    refused(
        builder().max_fragments(1_000_001),
        "max_fragments",
        "max_fragments: expected 0 to 1000000, got 1000001",
    );
    accepted(builder().max_fields(0).max_fragments(0));
}

#[test]
fn a_record_limit_that_holds_no_record_is_refused() {
    accepted(builder().max_record(512));
    refused(
        builder().max_record(511),
        "max_record",
        "max_record: expected 512 to 1073741824 bytes, got 511",
    );
    refused(
        builder().max_record(0),
        "max_record",
        "max_record: expected 512 to 1073741824 bytes, got 0",
    );
    accepted(builder().max_record(1 << 30));
    refused(
        builder().max_record((1 << 30) + 1),
        "max_record",
        "max_record: expected 512 to 1073741824 bytes, got 1073741825",
    );
    refused(
        builder().max_record(usize::MAX),
        "max_record",
        "max_record: expected 512 to 1073741824 bytes, got 18446744073709551615",
    );
}

#[test]
fn the_least_record_grows_with_the_fixed_fields_at_their_longest() {
    // Six bytes for each key, fourteen for each value, 64 around them.
    let least = 512 + 7 * 6 + 4 * 14 + 64;
    accepted(builder().field("service", "shop").max_record(least));
    refused(
        builder().field("service", "shop").max_record(least - 1),
        "max_record",
        "max_record: expected 674 to 1073741824 bytes, got 673",
    );
}

#[test]
fn a_value_limit_lies_between_16_bytes_and_the_records() {
    accepted(builder().max_value(16));
    refused(
        builder().max_value(15),
        "max_value",
        "max_value: expected 16 to 16384 bytes (max_record), got 15",
    );
    accepted(builder().max_value(16 * 1024));
    refused(
        builder().max_value(16 * 1024 + 1),
        "max_value",
        "max_value: expected 16 to 16384 bytes (max_record), got 16385",
    );
    // If not set, it follows a smaller record.
    accepted(builder().max_record(1_000));
}

#[test]
fn all_texts_of_a_trace_together_are_bounded() {
    refused(
        builder().max_fields(65_000).max_value(16 * 1024),
        "max_value",
        "max_value: expected 16 to 8243 bytes (1 GiB for 130258 texts), got 16384",
    );
}

#[test]
fn fraction_digits_are_3_6_or_9() {
    for digits in [3, 6, 9] {
        accepted(builder().fraction_digits(digits));
    }
    for digits in [0, 1, 2, 4, 5, 7, 8, 10, 255] {
        refused(
            builder().fraction_digits(digits),
            "fraction_digits",
            &format!("fraction_digits: expected 3, 6 or 9, got {digits}"),
        );
    }
}

#[test]
fn names_are_unique_and_not_empty() {
    refused(
        builder().name(Name::Msg, ""),
        "name",
        r#"name: expected at least one character, got """#,
    );
    refused(
        builder().name(Name::Msg, "level"),
        "name",
        r#"name: expected each key once, got "level" twice"#,
    );
    accepted(
        builder()
            .name(Name::Msg, "message")
            .name(Name::Error, "msg"),
    );
}

#[test]
fn names_are_written_as_they_are_so_odd_ones_are_refused() {
    for (name, shown) in [("a b", r#""a b""#), ("a=b", r#""a=b""#), ("é", r#""é""#)] {
        refused(
            builder().name(Name::Msg, name),
            "name",
            &format!("name: expected a key that needs no escape in Logfmt, got {shown}"),
        );
    }
    let json = || builder().format(Format::Json);
    accepted(json().name(Name::Msg, "a b=c"));
    for (name, shown) in [
        ("\"", r#""\"""#),
        ("\\", r#""\\""#),
        ("\n", r#""\n""#),
        ("é", r#""é""#),
    ] {
        refused(
            json().name(Name::Msg, name),
            "name",
            &format!("name: expected a key that needs no escape in Json, got {shown}"),
        );
    }
}

#[test]
fn fixed_fields_are_unique_and_no_names_of_the_library() {
    refused(
        builder().field("", 1),
        "field",
        r#"field: expected at least one character, got """#,
    );
    refused(
        builder().field("a b", 1),
        "field",
        r#"field: expected a key that needs no escape in Logfmt, got "a b""#,
    );
    refused(
        builder().field("a", 1).field("a", 2),
        "field",
        r#"field: expected each key once, got "a" twice"#,
    );
    for name in [
        "ts",
        "level",
        "error.chain",
        "trace_id",
        "sample_rate",
        "panic",
    ] {
        refused(
            builder().field(name, 1),
            "field",
            &format!("field: expected a key that the library does not use itself, got {name:?}"),
        );
    }
    refused(
        builder().name(Name::Msg, "message").field("message", 1),
        "field",
        r#"field: expected a key that the library does not use itself, got "message""#,
    );
    accepted(builder().name(Name::Msg, "message").field("msg", 1));
    // `None` adds nothing, so nothing is wrong with its key.
    accepted(builder().field("ts", None::<u8>));
}

#[test]
fn redacted_keys_are_not_empty() {
    refused(
        builder().redact(["pin", ""]),
        "redact",
        r#"redact: expected at least one character, got """#,
    );
    // These are the user's own keys and may contain any characters.
    accepted(builder().redact(["card no", "é", "error"]));
}

#[test]
fn the_target_is_not_empty() {
    refused(
        builder().target(""),
        "target",
        r#"target: expected at least one character, got """#,
    );
}

#[test]
fn the_target_is_that_of_traces_without_a_macro_and_traceline_by_default() {
    let target = |builder| {
        let bench = util::Bench::new(builder);
        bench.start().emit();
        bench.log.only().target
    };
    assert_eq!(target(builder()), "traceline");
    assert_eq!(target(builder().target("app")), "app");
}

#[test]
fn color_is_for_pretty_records_alone() {
    for format in [Format::Logfmt, Format::Json] {
        let line = util::record(builder().format(format).color(Color::Always), |trace| {
            trace.set("k", 1).ok();
        });
        assert!(!line.contains('\x1b'), "{line}");
    }
}

#[test]
fn a_configuration_is_cheap_to_clone_and_the_clone_is_the_same() {
    let bench = util::Bench::new(builder().field("a", 1).header(false));
    for config in [&bench.config, &bench.config.clone()] {
        traceline::Trace::builder("unit")
            .config(config)
            .start()
            .emit();
        assert_eq!(bench.log.only().args, "msg=unit a=1 duration_ms=0.0");
    }
}

/// Installing affects the whole process, so a child (this program again) runs one ignored test.
#[test]
fn a_configuration_is_installed_once() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "config::child_that_installs", "--ignored"])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:#?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("> installed once"), "{text}");
}

const CHILD: &str = "TRACELINE_CONFIG_CHILD";

#[test]
#[ignore = "run in a child process"]
fn child_that_installs() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let (log, clock) = (util::Capture::leak(), util::ManualClock::leak());
    let config = log.config(builder().clock(clock).field("a", 1));
    assert_eq!(config.install(), Ok(()));
    let again = builder().install().expect_err("the second");
    assert_eq!(
        (again.setting(), again.to_string().as_str()),
        ("install", "install: a configuration is already installed")
    );
    // The configuration's logger decides, not `log::max_level()`, which is off here.
    traceline::start!("unit").emit();
    let record = log.only();
    assert_eq!(record.target, module_path!());
    let want = format!("ts={} level=info msg=unit a=1 duration_ms=0.0", util::TS);
    assert_eq!(record.args, want);
    // The harness leaves the cursor after the name of the test.
    println!("\n> installed once");
}
