//! Values on their way.

use std::future::Future;
use std::pin::Pin;

use zeroize::Zeroizing;

use crate::Failure;

/// A boxed future that may move to another thread.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A value that is being resolved.
pub type Resolving<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// The bytes of a document, at most 1 MiB of them.
pub type Bytes = Zeroizing<Vec<u8>>;
