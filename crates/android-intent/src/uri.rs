//! `intent:` and `android-app:` URIs: `Intent.toUri` and `Intent.parseUri`.

mod data;
mod escape;
mod items;
mod kind;
mod old;
mod read;
mod text;
mod write;

use core::ops::BitOr;

/// What `toUri` and `parseUri` are told: the `URI_...` flags of `android.content.Intent`.
///
/// ```
/// use caisse_android_intent::UriFlags;
///
/// let flags = UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE;
/// assert!(flags.contains(UriFlags::INTENT_SCHEME));
/// assert_eq!(flags.bits(), 5);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UriFlags(i32);

impl UriFlags {
    /// No flag: any text is read as an intent, and written without the scheme `intent:`.
    pub const NONE: Self = Self(0);
    /// `URI_INTENT_SCHEME`: a text of another scheme is read as "show this URI", and `intent:` is written.
    pub const INTENT_SCHEME: Self = Self(1);
    /// `URI_ANDROID_APP_SCHEME`: the same for `android-app:`, which names a package.
    pub const ANDROID_APP_SCHEME: Self = Self(2);
    /// `URI_ALLOW_UNSAFE`: flags that grant access to data are read.
    pub const ALLOW_UNSAFE: Self = Self(4);

    /// The number in Java.
    pub const fn bits(self) -> i32 {
        self.0
    }

    /// Whether all of these are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for UriFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
