//! A checked configuration, and the one that the process uses.
//!
//! An atomic beside the configuration of the process records whether it has a logger
//! of its own, so that a disabled trace needs one load to find out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::config::check::ConfigError;
use crate::config::sampling::Sampled;
use crate::config::settings::Settings;

/// A checked configuration, which is cheap to clone.
///
/// The process has one: the default until [`install`](Config::install) sets another.
/// [`TraceBuilder::config`](crate::TraceBuilder::config) gives a single trace its own.
///
/// # Examples
///
/// ```
/// use traceline::{Config, Format};
///
/// let config = Config::builder()
///     .format(Format::Json)
///     .field("service", "checkout")
///     .field("version", env!("CARGO_PKG_VERSION"))
///     .redact(["password", "card"])
///     .build()?;
/// config.install()?; // once, early in `main`
/// # Ok::<(), traceline::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) settings: Arc<Settings>,
}

impl Config {
    /// Makes this the configuration of every trace that starts from now on without a
    /// configuration of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::Config;
    ///
    /// assert!(Config::default().install().is_ok());
    /// assert!(Config::default().install().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If a configuration is already installed: like a logger, it is set once, by the
    /// program and not by its libraries.
    pub fn install(&self) -> Result<(), ConfigError> {
        PROCESS
            .set(self.clone())
            .map_err(|_| ConfigError::already_installed())?;
        HAS_LOGGER.store(self.settings.logger.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Returns the configuration of the process: the installed one, or the default.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{Config, config::Sampling};
    ///
    /// Config::builder().sampling(Sampling::one_in(100)).install()?; // once, early in `main`
    /// let dropped = Config::installed().sampled().dropped; // later, anywhere
    /// # assert_eq!(dropped, 0);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn installed() -> Config {
        process().clone()
    }

    /// Returns how many units the [sampling](crate::config::ConfigBuilder::sampling) of this
    /// configuration and its clones has kept and dropped so far.
    ///
    /// Units that the logger rejects, discarded units and checkpoints are not counted.
    /// Without sampling, both numbers are 0. For the counts of the process, call this
    /// on the [installed](Config::installed) configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{Config, config::Sampling};
    ///
    /// let config = Config::builder().sampling(Sampling::one_in(1_000_000_000)).build()?;
    /// traceline::builder!("job").config(&config).start().ok();
    /// traceline::builder!("job").config(&config).start().error("no rows");
    /// let sampled = config.sampled();
    /// assert_eq!((sampled.kept, sampled.dropped), (1, 1));
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn sampled(&self) -> Sampled {
        self.settings.counts.sum()
    }
}

impl Default for Config {
    fn default() -> Config {
        default_config().clone()
    }
}

static PROCESS: OnceLock<Config> = OnceLock::new();

/// Returns the one default, which recycled entries recognise by its address.
fn default_config() -> &'static Config {
    static DEFAULT: OnceLock<Config> = OnceLock::new();
    DEFAULT.get_or_init(|| Config {
        settings: Arc::new(Settings::default()),
    })
}

/// Returns the configuration of traces that have none of their own.
#[inline]
pub(crate) fn process() -> &'static Config {
    match PROCESS.get() {
        Some(config) => config,
        None => default_config(),
    }
}

/// Returns whether the configuration of the process has a logger of its own, so that
/// `log::max_level()` does not apply.
#[inline]
pub(crate) fn process_has_logger() -> bool {
    HAS_LOGGER.load(Ordering::Relaxed)
}

/// Notes that a configuration has a logger of its own.
pub(crate) fn note_logger() {
    ANY_HAS_LOGGER.store(true, Ordering::Relaxed);
}

/// Returns whether any configuration of this process so far has had a logger of its own.
pub(crate) fn any_has_logger() -> bool {
    ANY_HAS_LOGGER.load(Ordering::Relaxed)
}

/// Whether any configuration has a logger of its own, or is captured by a test.
static ANY_HAS_LOGGER: AtomicBool = AtomicBool::new(false);

/// Whether [`PROCESS`] has a logger of its own.
static HAS_LOGGER: AtomicBool = AtomicBool::new(false);
