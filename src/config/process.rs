//! How records look and what a trace may hold.
//!
//! A configuration is checked once, when it is built, and never changes after.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::config::error::ConfigError;
use crate::config::sampling::Sampled;
use crate::config::settings::Settings;

/// A checked configuration. Cheap to clone.
///
/// The process has one, set by [`install`](Config::install) and until then the
/// default; a single trace takes another by
/// [`TraceBuilder::config`](crate::TraceBuilder::config).
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
    /// Makes this the configuration of every trace of the process that starts
    /// from now on and is not given one of its own.
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
    /// If a configuration was installed before: like a logger, it is set once,
    /// by the program and not by its libraries.
    pub fn install(&self) -> Result<(), ConfigError> {
        PROCESS
            .set(self.clone())
            .map_err(|_| ConfigError::already_installed())?;
        HAS_LOGGER.store(self.settings.logger.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Returns the configuration of the process: the installed one, or the
    /// default until there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use traceline::{config::Sampling, Config};
    ///
    /// Config::builder().sampling(Sampling::one_in(100)).install()?; // once, early in `main`
    /// let dropped = Config::installed().sampled().dropped; // later, anywhere
    /// # assert_eq!(dropped, 0);
    /// # Ok::<(), traceline::config::ConfigError>(())
    /// ```
    pub fn installed() -> Config {
        process().clone()
    }

    /// Returns how many units were kept and dropped so far by the
    /// [sampling](ConfigBuilder::sampling) of this configuration and its clones.
    ///
    /// Units that no logger would take, discarded ones and checkpoints count as
    /// neither; without sampling, nothing is counted. Those of the process are the
    /// counts of the [installed](Config::installed) configuration.
    ///
    /// # Examples
    ///
    /// ```
    /// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
    /// use traceline::{config::Sampling, Config};
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

/// One default for all, so that recycled entries know it again.
fn default_config() -> &'static Config {
    static DEFAULT: OnceLock<Config> = OnceLock::new();
    DEFAULT.get_or_init(|| Config {
        settings: Arc::new(Settings::default()),
    })
}

/// The configuration of traces that were not given one.
#[inline]
pub(crate) fn process() -> &'static Config {
    match PROCESS.get() {
        Some(config) => config,
        None => default_config(),
    }
}

/// Whether traces of the process go to a logger of the configuration's own, so
/// that `log::max_level()` says nothing about them.
#[inline]
pub(crate) fn process_has_logger() -> bool {
    HAS_LOGGER.load(Ordering::Relaxed)
}

/// Of [`PROCESS`], where a disabled unit finds it with one load.
static HAS_LOGGER: AtomicBool = AtomicBool::new(false);
