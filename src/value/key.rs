//! The types that can name a field.
//!
//! A `&'static str` is stored as it is, and recognised by its address the next
//! time; any other text is copied into the trace.

use std::fmt;

/// The key of a field, borrowed for one call.
///
/// [`key`] makes one from borrowed text; literals and `String`s are keys as they are.
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::value::Key;
///
/// let header = String::from("x-request-id");
/// let key: Key<'_> = traceline::key(&header);
/// let mut trace = traceline::start!("request");
/// trace.set(key, 7);
/// assert!(trace.render().ends_with(" x-request-id=7"));
/// ```
#[derive(Clone, Copy)]
pub struct Key<'a>(pub(crate) KeyRef<'a>);

#[derive(Clone, Copy)]
pub(crate) enum KeyRef<'a> {
    Static(&'static str),
    Text(&'a str),
    /// The part of a long key that was kept, and the hash of the whole key.
    Kept(&'a str, u32),
}

impl<'a> KeyRef<'a> {
    #[inline]
    pub(crate) fn as_str(self) -> &'a str {
        match self {
            KeyRef::Static(text) => text,
            KeyRef::Text(text) | KeyRef::Kept(text, _) => text,
        }
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.0.as_str()).finish()
    }
}

/// Returns a key made from borrowed text, for keys that are built at run time.
///
/// The text is copied into the trace. Literals and `String`s need no such call.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// for shard in 0..3 {
///     let name = format!("shard{shard}.rows");
///     trace.set(traceline::key(&name), 10 * shard);
/// }
/// ```
#[inline]
pub fn key(text: &str) -> Key<'_> {
    Key(KeyRef::Text(text))
}

/// A type that can name a field: `&'static str`, `String`, `&String` or [`Key`].
///
/// # Examples
///
/// ```
/// # env_logger::Builder::new().filter_level(log::LevelFilter::Info).init();
/// use traceline::value::{Key, ToKey};
///
/// struct Column(&'static str);
///
/// impl ToKey for Column {
///     fn to_key(&self) -> Key<'_> {
///         self.0.to_key()
///     }
/// }
///
/// let mut trace = traceline::start!("import");
/// trace.set(Column("price"), 4.5);
/// assert!(trace.render().ends_with(" price=4.5"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a field",
    label = "expected a literal, a `String` or `key(&text)`",
    note = "write `key(&text)` for a `&str` that is made at run time"
)]
pub trait ToKey {
    /// Returns the key.
    fn to_key(&self) -> Key<'_>;
}

#[diagnostic::do_not_recommend]
impl ToKey for &'static str {
    #[inline]
    fn to_key(&self) -> Key<'_> {
        Key(KeyRef::Static(self))
    }
}

#[diagnostic::do_not_recommend]
impl ToKey for String {
    #[inline]
    fn to_key(&self) -> Key<'_> {
        key(self)
    }
}

#[diagnostic::do_not_recommend]
impl ToKey for &String {
    #[inline]
    fn to_key(&self) -> Key<'_> {
        key(self)
    }
}

#[diagnostic::do_not_recommend]
impl ToKey for Key<'_> {
    #[inline]
    fn to_key(&self) -> Key<'_> {
        *self
    }
}
