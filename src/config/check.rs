//! The check that settings are valid and fit together, and the error if they do
//! not.

use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;

use crate::config::settings::Settings;

/// The text of one trace never takes more than this, however the limits are set.
const MAX_TEXT: usize = 1 << 30;

/// How many fixed fields there may be; usually there are a handful.
const MAX_FIXED: usize = 1_000;

/// How long the id of a project may be: 30 characters, and a domain before them.
const MAX_PROJECT: usize = 100;

/// How many bytes a record may take without fixed fields and without any text from
/// the user.
const MIN_RECORD: usize = 512;

/// The error of an invalid setting, or of a second
/// [`install`](crate::Config::install).
///
/// Its text names the setting, what was expected and what was found.
///
/// # Examples
///
/// ```
/// let error = traceline::Config::builder().fraction_digits(4).build().unwrap_err();
/// assert_eq!(error.to_string(), "fraction_digits: expected 3, 6 or 9, got 4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    why: String,
}

impl ConfigError {
    pub(super) fn new(
        setting: &'static str,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> ConfigError {
        let why = format!("expected {expected}, got {got}");
        ConfigError { setting, why }
    }

    pub(super) fn already_installed() -> ConfigError {
        ConfigError {
            setting: "install",
            why: "a configuration is already installed".into(),
        }
    }

    /// Returns the name of the setting.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = traceline::Config::builder().target("").build().unwrap_err();
    /// assert_eq!(error.setting(), "target");
    /// ```
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.why)
    }
}

impl std::error::Error for ConfigError {}

impl Settings {
    /// Checks all settings.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_limits()?;
        self.check_names()?;
        let sampling = self.sampling.as_ref();
        require(
            sampling.is_none_or(|sampling| sampling.one_in > 0),
            "sampling",
            "1 or more",
            0,
        )
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        let limits = &self.limits;
        // Places of fields are 16 bits wide.
        within("max_fields", limits.fields, 0..=65_000, "")?;
        within("max_fragments", limits.fragments, 0..=1_000_000, "")?;
        let least = MIN_RECORD + self.fixed_bytes();
        within("max_record", limits.record, least..=MAX_TEXT, " bytes")?;
        // Each field may have a key and a value of this size.
        let texts = limits.fields * 2 + limits.fragments + 2;
        let share = MAX_TEXT / texts;
        let (most, why) = match share < limits.record {
            true => (share, format!(" bytes (1 GiB for {texts} texts)")),
            false => (limits.record, " bytes (max_record)".into()),
        };
        within("max_value", limits.value, 16..=most, &why)?;
        let digits = self.fraction_digits;
        let is_whole = matches!(digits, 3 | 6 | 9);
        require(is_whole, "fraction_digits", "3, 6 or 9", digits)
    }

    /// Returns how many bytes the fixed fields take at most, if every character is
    /// escaped, and the library's names beyond the default ones.
    fn fixed_bytes(&self) -> usize {
        let fixed = self.fixed.iter();
        let fixed = fixed.map(|(key, value)| key.len() * 6 + value.to_string().len() * 14 + 64);
        fixed.sum::<usize>() + self.names.extra_bytes() + self.forms.extra_bytes()
    }

    fn check_names(&self) -> Result<(), ConfigError> {
        let mut seen = HashSet::new();
        let mut once = |setting, name| {
            let got = format_args!("{name:?} twice");
            require(seen.insert(name), setting, "each key once", got)
        };
        within("field", self.fixed.len(), 0..=MAX_FIXED, " fixed fields")?;
        for name in self.names.iter() {
            self.check_key("name", name, |char| char.is_ascii())?;
            once("name", name)?;
        }
        for name in self.forms.more_names() {
            once("name", name)?;
        }
        self.check_project()?;
        for key in self.fixed_keys() {
            // As in the keys of traces, letters beyond ASCII are allowed if the format
            // keeps them.
            self.check_key("field", key, |_| true)?;
            let is_free = !self.names.iter().any(|name| name == key);
            let free = "a key that the library does not use itself";
            require(is_free, "field", free, format_args!("{key:?}"))?;
            once("field", key)?;
        }
        let has_empty = self.redact.iter().any(String::is_empty);
        require(!has_empty, "redact", SOME_TEXT, "\"\"")?;
        require(!self.target.is_empty(), "target", SOME_TEXT, "\"\"")
    }

    /// Checks the project that stands in a resource name.
    fn check_project(&self) -> Result<(), ConfigError> {
        let prefix = &self.forms.trace_prefix;
        let Some(project) = prefix.strip_prefix("projects/") else {
            return Ok(());
        };
        let project = project.strip_suffix("/traces/").unwrap_or_default();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        let is_id = (1..=MAX_PROJECT).contains(&project.len()) && project.bytes().all(allowed);
        let got = format_args!("{project:?}");
        require(is_id, "schema", "the id of a Google Cloud project", got)
    }

    fn check_key(
        &self,
        setting: &'static str,
        key: &str,
        may_have: fn(char) -> bool,
    ) -> Result<(), ConfigError> {
        let got = format_args!("{key:?}");
        require(!key.is_empty(), setting, SOME_TEXT, got)?;
        let is_plain = key.chars().all(|char| may_have(char) && self.keeps(char));
        let plain = format_args!("a key that needs no escape in {:?}", self.format);
        require(is_plain, setting, plain, got)
    }
}

const SOME_TEXT: &str = "at least one character";

fn require(
    is_met: bool,
    setting: &'static str,
    expected: impl fmt::Display,
    got: impl fmt::Display,
) -> Result<(), ConfigError> {
    match is_met {
        true => Ok(()),
        false => Err(ConfigError::new(setting, expected, got)),
    }
}

fn within(
    setting: &'static str,
    got: usize,
    range: RangeInclusive<usize>,
    unit: &str,
) -> Result<(), ConfigError> {
    let (least, most) = range.clone().into_inner();
    let expected = format_args!("{least} to {most}{unit}");
    require(range.contains(&got), setting, expected, got)
}
