//! The settings of a program as a configuration.

use traceline::{
    Config, Format,
    config::{ConfigBuilder, Name},
};

use super::program::{Integers, Schema, Settings, Tag};
use super::rig::Rig;

/// `None` if the settings are invalid.
pub fn config(settings: &Settings, rig: &'static Rig) -> Option<Config> {
    let mut builder = Config::builder()
        .logger(rig.log(settings.logger))
        .clock(rig)
        .ids(rig);
    builder = looks(builder, settings);
    builder = limits(builder, settings);
    builder = names(builder, settings);
    if let Some(sampling) = &settings.sampling {
        builder = builder.sampling(rules(sampling));
    }
    if settings.hook {
        builder = builder.on_emit(|unit, emit| {
            rig.see(super::hook::told(unit));
            emit();
        });
    }
    builder.build().ok()
}

fn looks(builder: ConfigBuilder, settings: &Settings) -> ConfigBuilder {
    let builder = builder
        .format(match settings.json {
            true => Format::Json,
            false => Format::Logfmt,
        })
        .header(settings.header)
        .fraction_digits(settings.digits)
        .non_finite(match settings.non_finite_as_text {
            true => traceline::config::NonFinite::Text,
            false => traceline::config::NonFinite::Null,
        })
        .integers(match settings.integers {
            Integers::Bits64 => traceline::config::Integers::Bits64,
            Integers::Bits53 => traceline::config::Integers::Bits53,
            Integers::Number => traceline::config::Integers::Number,
        })
        .line_tag(match settings.tag {
            Tag::Line => traceline::config::LineTag::Line,
            Tag::FileLine => traceline::config::LineTag::FileLine,
            Tag::PathLine => traceline::config::LineTag::PathLine,
        })
        .unicode_keys(settings.unicode_keys);
    match settings.target {
        Some(target) => builder.target(target),
        None => builder,
    }
}

fn limits(mut builder: ConfigBuilder, settings: &Settings) -> ConfigBuilder {
    if let Some(fields) = settings.max_fields {
        builder = builder.max_fields(fields);
    }
    if let Some(fragments) = settings.max_fragments {
        builder = builder.max_fragments(fragments);
    }
    if let Some(bytes) = settings.max_record {
        builder = builder.max_record(bytes);
    }
    if let Some(bytes) = settings.max_value {
        builder = builder.max_value(bytes);
    }
    builder
}

fn names(mut builder: ConfigBuilder, settings: &Settings) -> ConfigBuilder {
    builder = match settings.schema {
        Schema::None => builder,
        Schema::Ecs => builder.schema(traceline::config::Schema::Ecs),
        Schema::GoogleCloud => builder.schema(traceline::config::Schema::GoogleCloud {
            project: "shop-prod",
        }),
        Schema::OpenTelemetry => builder.schema(traceline::config::Schema::OpenTelemetry),
        Schema::Datadog => builder.schema(traceline::config::Schema::Datadog),
    };
    for (name, text) in &settings.renamed {
        let name = match *name {
            "msg" => Name::Msg,
            "error" => Name::Error,
            "duration_ms" => Name::DurationMs,
            "seq" => Name::Seq,
            other => unreachable!("{other}"),
        };
        builder = builder.name(name, *text);
    }
    for (key, value) in &settings.fixed {
        builder = builder.field(*key, value);
    }
    builder.redact(settings.redact.iter().copied())
}

fn rules(sampling: &super::program::Sampling) -> traceline::config::Sampling {
    let mut rules = traceline::config::Sampling::one_in(sampling.one_in)
        .warnings(sampling.warnings)
        .sampled_callers(sampling.sampled_callers);
    if let Some(limit) = sampling.slower_than {
        rules = rules.slower_than(limit);
    }
    if sampling.keep_if {
        rules = rules.keep_if(|unit| unit.text("a") == Some("x"));
    }
    rules
}
