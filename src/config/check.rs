//! Whether the settings make sense together.

use std::collections::HashSet;

use crate::config::error::{ConfigError, refuse};
use crate::config::settings::Settings;

/// The text of one trace never takes more than this, however the limits are set.
const MAX_TEXT: usize = 1 << 30;

/// Fixed fields are a handful.
const MAX_FIXED: usize = 1_000;

/// IdMaker of projects have 30 characters, and the domain before them.
const MAX_PROJECT: usize = 100;

/// What a record without any text of the user may take, fixed fields aside.
const MIN_RECORD: usize = 512;

impl Settings {
    /// Checks what was set; the error names the setting.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        self.check_names()?;
        match &self.sampling {
            Some(sampling) if sampling.one_in == 0 => {
                Err(refuse("sampling", "one in 0 is none".into()))
            }
            _ => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        // Places of fields are 16 bits wide.
        if limits.fields > 65_000 {
            return Err(refuse(
                "max_fields",
                format!("{} is over 65000", limits.fields),
            ));
        }
        if limits.fragments > 1_000_000 {
            return Err(refuse(
                "max_fragments",
                format!("{} is over 1000000", limits.fragments),
            ));
        }
        let fixed = self.fixed_bytes();
        if limits.record < MIN_RECORD + fixed {
            let why = format!(
                "{} bytes cannot hold a record; the least here is {}",
                limits.record,
                MIN_RECORD + fixed
            );
            return Err(refuse("max_record", why));
        }
        if limits.record > MAX_TEXT {
            return Err(refuse(
                "max_record",
                format!("{} is over 1 GiB", limits.record),
            ));
        }
        self.check_value_limit()?;
        if !matches!(self.fraction_digits, 3 | 6 | 9) {
            let why = format!("{} is none of 3, 6, 9", self.fraction_digits);
            return Err(refuse("fraction_digits", why));
        }
        Ok(())
    }

    fn check_value_limit(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        if limits.value < 16 {
            return Err(refuse(
                "max_value",
                format!("{} is under 16 bytes", limits.value),
            ));
        }
        if limits.value > limits.record {
            let why = format!("{} is over max_record, {}", limits.value, limits.record);
            return Err(refuse("max_value", why));
        }
        // Each field may have a key and a value of this size.
        let texts = limits.fields * 2 + limits.fragments + 2;
        if texts.saturating_mul(limits.value) > MAX_TEXT {
            let why = format!("{texts} texts of {} bytes are over 1 GiB", limits.value);
            return Err(refuse("max_value", why));
        }
        Ok(())
    }

    /// The most that the fixed fields may take when every character is escaped,
    /// and what the library's names take beyond the default ones.
    fn fixed_bytes(&self) -> usize {
        let fixed = self.fixed.iter();
        let fixed = fixed.map(|(key, value)| key.len() * 6 + value.to_string().len() * 14 + 64);
        let schema = self.forms.extra_bytes();
        fixed.sum::<usize>() + self.names.extra_bytes() + schema
    }

    fn check_names(&self) -> Result<(), ConfigError> {
        let mut seen = HashSet::new();
        if self.fixed.len() > MAX_FIXED {
            let why = format!("{} are over {MAX_FIXED}", self.fixed.len());
            return Err(refuse("field", why));
        }
        for name in self.names.iter() {
            self.check_key("name", name, |char| char.is_ascii())?;
            if !seen.insert(name) {
                return Err(refuse("name", format!("{name:?} is used twice")));
            }
        }
        for name in self.forms.more_names() {
            if !seen.insert(name) {
                return Err(refuse("name", format!("{name:?} is used twice")));
            }
        }
        self.check_project()?;
        for (key, _) in &self.fixed {
            // As letters of users' keys do, letters beyond ASCII pass where they may.
            self.check_key("field", key, |_| true)?;
            if self.names.is_reserved(key) {
                return Err(refuse("field", format!("{key:?} is a name of the library")));
            }
            if !seen.insert(key) {
                return Err(refuse("field", format!("{key:?} is used twice")));
            }
        }
        if self.redact.iter().any(String::is_empty) {
            return Err(refuse("redact", "a key is empty".into()));
        }
        if self.target.is_empty() {
            return Err(refuse("target", "it is empty".into()));
        }
        Ok(())
    }

    /// The project that a resource name holds.
    fn check_project(&self) -> Result<(), ConfigError> {
        let prefix = self.forms.trace_prefix();
        let Some(project) = prefix.strip_prefix("projects/") else {
            return Ok(());
        };
        let project = project.strip_suffix("/traces/").unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if (1..=MAX_PROJECT).contains(&project.len()) && project.bytes().all(allowed) {
            return Ok(());
        }
        Err(refuse(
            "schema",
            format!("{project:?} is no id of a project"),
        ))
    }

    fn check_key(
        &self,
        setting: &'static str,
        key: &str,
        may_have: fn(char) -> bool,
    ) -> Result<(), ConfigError> {
        if key.is_empty() {
            return Err(refuse(setting, "a name is empty".into()));
        }
        if !key.chars().all(|char| may_have(char) && self.keeps(char)) {
            let why = format!("{key:?} cannot be written as it is in {:?}", self.format);
            return Err(refuse(setting, why));
        }
        Ok(())
    }
}
