//! The types that can be the text of a fragment.

use std::borrow::Cow;
use std::fmt;

/// The text of a fragment: `&str`, `String`, `Cow<str>` or [`fmt::Arguments`].
///
/// [`fmt::Arguments`], which `format_args!` returns, are written straight into the
/// trace, as with [`add!`](crate::add!).
///
/// This trait is sealed: it cannot be implemented outside this crate.
///
/// # Examples
///
/// ```
/// # let mut trace = traceline::Trace::default();
/// let shelf = 7;
/// trace.add("picking");
/// trace.add(format!("at shelf {shelf}"));
/// trace.add(format_args!("at shelf {shelf}")); // no `String` in between
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the text of a fragment",
    label = "expected text",
    note = "write `add!(trace, \"{{x}}\")`, which formats as `format!` does; `add!(trace, level: Warn, \"{{x}}\")` for `warn`, `level: Error` for `fail`"
)]
pub trait Message: sealed::ToText {}

mod sealed {
    pub trait ToText {
        #[doc(hidden)]
        fn text(&self) -> super::Text<'_>;
    }
}

/// The text of a fragment, formatted already or not.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    Plain(&'a str),
    Args(fmt::Arguments<'a>),
}

macro_rules! message {
    ($($type:ty: |$this:ident| $text:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Message for $type {}
        impl sealed::ToText for $type {
            #[inline]
            fn text(&self) -> Text<'_> {
                let $this = self;
                $text
            }
        }
    )*};
}

message! {
    str: |text| Text::Plain(text);
    String: |text| Text::Plain(text);
    Cow<'_, str>: |text| Text::Plain(text);
    fmt::Arguments<'_>: |args| Text::Args(*args);
}

#[diagnostic::do_not_recommend]
impl<T: Message + ?Sized> Message for &T {}

impl<T: Message + ?Sized> sealed::ToText for &T {
    #[inline]
    fn text(&self) -> Text<'_> {
        (**self).text()
    }
}
