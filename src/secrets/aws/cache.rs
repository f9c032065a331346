//! Answers that are kept for a while.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use probe_contract::{Code, Failure};
use tokio::sync::OnceCell;

use crate::expiring_map::{Expire, ExpiringMap};

/// How long an answer counts. A secret that was rotated is seen by then.
pub(super) const TTL: Duration = Duration::from_secs(60);

/// One answer a key. Those who ask at the same time wait for one.
pub(super) struct Cache<K, V>(ExpiringMap<K, Arc<Entry<V>>>);

struct Entry<V> {
    begun: Instant,
    answer: OnceCell<Result<V, Refusal>>,
}

/// A failure that can be reported more than once.
#[derive(Clone)]
struct Refusal {
    code: Code,
    native: Option<String>,
    detail: String,
    hints: Vec<Cow<'static, str>>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(ExpiringMap::default())
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// The cached answer for `key`, or that of `ask`. When the one who asks is cancelled, one of those who wait asks.
    pub(super) async fn get<F: Future<Output = Result<V, Failure>>>(
        &self,
        key: K,
        ask: impl FnOnce() -> F,
    ) -> Result<V, Failure> {
        let entry = self.0.get_or_insert(key, Entry::new(), Instant::now());
        let answer = entry.answer.get_or_init(async || ask().await.map_err(Refusal::from)).await;
        answer.clone().map_err(Failure::from)
    }
}

impl<V> Entry<V> {
    fn new() -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), answer: OnceCell::new() })
    }
}

impl<V> Expire for Arc<Entry<V>> {
    /// What may pass later is asked again at once.
    fn has_expired(&self, now: Instant) -> bool {
        let passes_later = matches!(self.answer.get(), Some(Err(refusal)) if refusal.code.retryable());
        now.saturating_duration_since(self.begun) >= TTL || passes_later
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let Failure { code, native, detail, hints, .. } = failure;
        Self { code, native: native.map(Into::into), detail, hints }
    }
}

impl From<Refusal> for Failure {
    fn from(Refusal { code, native, detail, hints }: Refusal) -> Self {
        // The words of a service of AWS's may be among them.
        let failure = Self::from_peer(code, detail);
        Self { native: native.map(Into::into), hints, ..failure }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_ask_once_and_a_refusal_is_kept_too() {
        let cache: Cache<&str, u8> = Cache::default();
        let asked = AtomicUsize::new(0);
        let get = async |key, answer: Result<u8, Code>| {
            let ask = || async {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                answer.map_err(|code| Failure::new(code, "no").native("X"))
            };
            cache.get(key, ask).await.map_err(|failure| (failure.code, failure.native))
        };
        let all = futures_util::future::join_all((0..100).map(|_| get("a", Ok(1)))).await;
        assert!(all.iter().all(|answer| *answer == Ok(1)));
        let denied = Err((Code::AwsAccessDenied, Some("X".into())));
        for _ in 0..3 {
            assert_eq!(get("b", Err(Code::AwsAccessDenied)).await, denied);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        // What may pass later is asked again.
        for _ in 0..3 {
            assert!(get("c", Err(Code::RateLimited)).await.is_err());
        }
        assert_eq!(asked.load(Ordering::SeqCst), 5);
    }
}
