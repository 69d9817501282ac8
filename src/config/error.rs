//! What makes no sense in a configuration.

use std::fmt;

pub(super) fn refuse(setting: &'static str, why: String) -> ConfigError {
    ConfigError { setting, why }
}

/// A setting that makes no sense, or a second [`install`](super::Config::install).
///
/// # Examples
///
/// ```
/// let error = traceline::Config::builder().fraction_digits(4).build().unwrap_err();
/// assert_eq!(error.to_string(), "fraction_digits: 4 is none of 3, 6, 9");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    why: String,
}

impl ConfigError {
    pub(super) fn already_installed() -> ConfigError {
        refuse("install", "a configuration is installed already".into())
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
