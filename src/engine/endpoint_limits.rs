//! How many connections one endpoint sees at a time.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use probe_contract::{ConnectionLimit, ConnectionPermit, Endpoint, Pending};
use tokio::sync::oneshot;

/// A sweep must not be what exhausts a server's connections.
const MAX_CONNECTIONS: usize = 16;
/// A host that does not even take a connection for this long is not there: a packet goes round the earth in less.
const UNCONNECTED_SILENCE: Duration = Duration::from_millis(250);
/// A host that took a connection and says nothing for this long does not answer.
const CONNECTED_SILENCE: Duration = Duration::from_secs(1);
/// With fewer silent connections than this, a lost packet may be why.
const SILENT_CONNECTIONS: usize = MAX_CONNECTIONS / 2;

/// Whom a test counts to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// Whoever has an access key, by the name of its profile.
    Key(String),
    /// Whoever calls from an address.
    Address(IpAddr),
}

/// The connections of all tests.
#[derive(Clone, Default)]
pub(super) struct EndpointLimits(Arc<Mutex<HashMap<Endpoint, AtEndpoint>>>);

#[derive(Default)]
struct AtEndpoint {
    open: HashMap<u64, Open>,
    waiting: VecDeque<Waiting>,
    next: u64,
}

/// A connection that is open, or about to be.
struct Open {
    holder: Holder,
    progress: Progress,
    since: Instant,
}

/// The run that a connection is for.
#[derive(Clone, Default)]
struct Holder {
    client: Option<Client>,
    /// For how many connections it waits while it may have others open.
    waits: Arc<AtomicUsize>,
}

/// A wait of a run's, which counts until the run is given what it waits for, or gives up.
struct Wait {
    waits: Arc<AtomicUsize>,
    has_ended: AtomicBool,
}

/// Ends a wait when it is dropped.
struct WaitGuard(Option<Arc<Wait>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Room is reserved for a run that waits for its place among the tests.
    Reserved,
    Connecting,
    Connected,
    /// The peer has sent something.
    Heard,
}

struct Waiting {
    holder: Holder,
    progress: Progress,
    permit: oneshot::Sender<Permit>,
    /// None for what is only reserved: all reserve in the same order, so that no two of them wait for each other.
    wait: Option<Arc<Wait>>,
}

/// Room for one connection.
struct Permit {
    limits: EndpointLimits,
    endpoint: Endpoint,
    id: u64,
}

/// What one run has of it.
pub(super) struct RunConnections {
    limits: EndpointLimits,
    holder: Holder,
    reserved: Arc<Mutex<Vec<Permit>>>,
}

/// A reserved permit that is given back to its run when it is dropped: a second dial must not queue behind tests that wait for this run to end.
struct Borrowed {
    permit: Option<Permit>,
    reserved: Weak<Mutex<Vec<Permit>>>,
}

impl EndpointLimits {
    pub(super) fn of_run(&self, client: Option<Client>) -> RunConnections {
        let holder = Holder { client, ..Holder::default() };
        RunConnections { limits: self.clone(), holder, reserved: Arc::default() }
    }

    /// Cancel safe.
    async fn acquire(&self, endpoint: &Endpoint, holder: &Holder, progress: Progress) -> Permit {
        let endpoint = endpoint.normalized();
        loop {
            let (mut given, _wait) = match self.join(&endpoint, holder, progress) {
                Ok(permit) => return permit,
                Err(line) => line,
            };
            loop {
                // Connections that are opened later may be silent too, and runs that hold others may begin to wait.
                let later = Instant::now() + UNCONNECTED_SILENCE;
                let silence = self.lock().get(&endpoint).and_then(AtEndpoint::next_silence);
                let silence = silence.map_or(later, |silence| silence.min(later));
                tokio::select! {
                    permit = &mut given => match permit {
                        Ok(permit) => return permit,
                        // Whoever is put out of the line joins it again.
                        Err(_) => break,
                    },
                    () = tokio::time::sleep_until(silence.into()) => self.give(&endpoint),
                }
            }
        }
    }

    /// A permit where there is room, or a place in the line.
    fn join(
        &self,
        endpoint: &Endpoint,
        holder: &Holder,
        progress: Progress,
    ) -> Result<Permit, (oneshot::Receiver<Permit>, WaitGuard)> {
        let mut endpoints = self.lock();
        let at = endpoints.entry(endpoint.clone()).or_default();
        // Whoever waits was here before.
        let overtakes = || at.waiting.iter().any(|waiting| at.fits(&waiting.holder, waiting.progress));
        if at.fits(holder, progress) && !overtakes() {
            return Ok(self.permit(at, endpoint, holder.clone(), progress));
        }
        let (permit, given) = oneshot::channel();
        let wait = (progress != Progress::Reserved).then(|| Wait::begin(&holder.waits));
        at.waiting.push_back(Waiting { holder: holder.clone(), progress, permit, wait: wait.clone() });
        Err((given, WaitGuard(wait)))
    }

    /// Gives room to those who wait for it, as far as there is some.
    fn give(&self, endpoint: &Endpoint) {
        // Dropped when the lock is free again: that takes it.
        let mut unwanted = Vec::new();
        let mut endpoints = self.lock();
        let Some(at) = endpoints.get_mut(endpoint) else { return };
        loop {
            let fits = |waiting: &Waiting| at.fits(&waiting.holder, waiting.progress);
            let next = at.waiting.iter().position(|waiting| waiting.permit.is_closed() || fits(waiting));
            let Some(Waiting { holder, progress, permit, wait }) =
                next.and_then(|next| at.waiting.remove(next))
            else {
                break;
            };
            if permit.is_closed() {
                continue;
            }
            wait.iter().for_each(|wait| wait.end());
            let room = self.permit(at, endpoint, holder, progress);
            unwanted.extend(permit.send(room).err());
        }
        if at.open.is_empty() && at.waiting.is_empty() {
            endpoints.remove(endpoint);
        }
        drop(endpoints);
    }

    fn permit(&self, at: &mut AtEndpoint, endpoint: &Endpoint, holder: Holder, progress: Progress) -> Permit {
        at.next += 1;
        at.open.insert(at.next, Open { holder, progress, since: Instant::now() });
        Permit { limits: self.clone(), endpoint: endpoint.clone(), id: at.next }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Endpoint, AtEndpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AtEndpoint {
    /// Whether `holder` may have another connection, which is to be `progress`.
    fn fits(&self, holder: &Holder, progress: Progress) -> bool {
        // At a host that answers nobody their number harms nobody.
        if self.is_silent() {
            return true;
        }
        let counted = || self.open.values().filter(|open| open.counts(progress));
        let free = MAX_CONNECTIONS.saturating_sub(counted().count());
        let client = holder.client.as_ref();
        let held = || counted().filter(|open| open.holder.client.as_ref() == client).count();
        // As in `Shares`: no client has all of them.
        free > 0 && (client.is_none() || held() <= free)
    }

    fn is_silent(&self) -> bool {
        let now = Instant::now();
        let silent = self.open.values().filter(|open| open.silent_from().is_some_and(|from| from <= now));
        !self.open.values().any(|open| open.progress == Progress::Heard)
            && silent.count() >= SILENT_CONNECTIONS
    }

    /// When another connection will have been silent for long.
    fn next_silence(&self) -> Option<Instant> {
        let now = Instant::now();
        self.open.values().filter_map(Open::silent_from).filter(|from| *from > now).min()
    }
}

impl Open {
    /// Whether it leaves less room for one that is to be `progress`.
    ///
    /// A run finds brokers and members that no definition names, and dials them beside what it has open. It must wait for nobody who waits
    /// himself: neither for runs whose place it has, nor for those that wait for what it holds. So it may find more than
    /// [`MAX_CONNECTIONS`] open, but never more than there are places, beside what is reserved.
    fn counts(&self, progress: Progress) -> bool {
        progress == Progress::Reserved
            || (self.progress != Progress::Reserved && self.holder.waits.load(Ordering::Acquire) == 0)
    }

    /// From when on it counts as silent, if nothing happens.
    fn silent_from(&self) -> Option<Instant> {
        match self.progress {
            Progress::Connecting => Some(self.since + UNCONNECTED_SILENCE),
            Progress::Connected => Some(self.since + CONNECTED_SILENCE),
            Progress::Reserved | Progress::Heard => None,
        }
    }
}

impl Wait {
    fn begin(waits: &Arc<AtomicUsize>) -> Arc<Self> {
        waits.fetch_add(1, Ordering::AcqRel);
        Arc::new(Self { waits: Arc::clone(waits), has_ended: AtomicBool::new(false) })
    }

    fn end(&self) {
        if !self.has_ended.swap(true, Ordering::AcqRel) {
            self.waits.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        self.0.iter().for_each(|wait| wait.end());
    }
}

impl Permit {
    fn proceed(&self, progress: Progress) {
        let mut endpoints = self.limits.lock();
        if let Some(open) = endpoints.get_mut(&self.endpoint).and_then(|at| at.open.get_mut(&self.id)) {
            open.progress = progress;
            open.since = Instant::now();
        }
    }
}

impl ConnectionPermit for Permit {
    fn connected(&self) {
        self.proceed(Progress::Connected);
    }

    fn heard(&self) {
        self.proceed(Progress::Heard);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(at) = self.limits.lock().get_mut(&self.endpoint) {
            at.open.remove(&self.id);
        }
        self.limits.give(&self.endpoint);
    }
}

impl RunConnections {
    /// Waits for room at each of `endpoints`, in an order that is the same for all tests, and keeps it for the run.
    pub(super) async fn reserve(&self, endpoints: &[Endpoint]) {
        let mut endpoints: Vec<Endpoint> = endpoints.iter().map(Endpoint::normalized).collect();
        endpoints.sort();
        endpoints.dedup();
        for endpoint in endpoints {
            let permit = self.limits.acquire(&endpoint, &self.holder, Progress::Reserved).await;
            self.reserved().push(permit);
        }
    }

    /// The run begins: a host to which it finds no way counts as silent, as one does that is dialed and does not answer.
    pub(super) fn begin(&self) {
        for permit in self.reserved().iter() {
            permit.proceed(Progress::Connecting);
        }
    }

    fn reserved(&self) -> MutexGuard<'_, Vec<Permit>> {
        lock(&self.reserved)
    }
}

fn lock(permits: &Mutex<Vec<Permit>>) -> MutexGuard<'_, Vec<Permit>> {
    permits.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ConnectionPermit for Borrowed {
    fn connected(&self) {
        self.permit.iter().for_each(Permit::connected);
    }

    fn heard(&self) {
        self.permit.iter().for_each(Permit::heard);
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(reserved) = self.reserved.upgrade() {
            lock(&reserved).extend(self.permit.take());
        }
    }
}

impl ConnectionLimit for RunConnections {
    fn acquire(&self, endpoint: &Endpoint) -> Pending<Box<dyn ConnectionPermit>> {
        let endpoint = endpoint.normalized();
        let reserved = {
            let mut reserved = self.reserved();
            let place = reserved.iter().position(|permit| permit.endpoint == endpoint);
            place.map(|place| reserved.swap_remove(place))
        };
        let (limits, holder) = (self.limits.clone(), self.holder.clone());
        let run = Arc::downgrade(&self.reserved);
        Box::pin(async move {
            let permit: Box<dyn ConnectionPermit> = match reserved {
                Some(permit) => {
                    permit.proceed(Progress::Connecting);
                    Box::new(Borrowed { permit: Some(permit), reserved: run })
                }
                None => Box::new(limits.acquire(&endpoint, &holder, Progress::Connecting).await),
            };
            permit
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn endpoint(host: &str) -> Endpoint {
        Endpoint { host: host.to_owned(), port: 1 }
    }

    /// Permits that are there at once for a new connection of `client`, at most 40.
    fn take(limits: &EndpointLimits, host: &str, client: Option<u8>) -> Vec<Box<dyn ConnectionPermit>> {
        let client = client.map(|last| Client::Address([127, 0, 0, last].into()));
        let run = limits.of_run(client);
        std::iter::repeat_with(|| run.acquire(&endpoint(host)).now_or_never())
            .take(40)
            .map_while(|permit| permit)
            .collect()
    }

    async fn is_given_within(limits: &EndpointLimits, host: &str, time: Duration) -> Option<Duration> {
        let began = Instant::now();
        tokio::select! {
            _permit = limits.of_run(None).acquire(&endpoint(host)) => Some(began.elapsed()),
            () = tokio::time::sleep(time) => None,
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_answers_has_sixteen_and_no_client_has_them_all() {
        let limits = EndpointLimits::default();
        let held = take(&limits, "HOST.", None);
        assert_eq!(held.len(), MAX_CONNECTIONS);
        assert_eq!(take(&limits, "other", None).len(), MAX_CONNECTIONS);
        held[0].heard();
        assert_eq!(is_given_within(&limits, "host", Duration::from_millis(1500)).await, None);
        drop(held);
        assert!(limits.lock().is_empty());

        let first = take(&limits, "host", Some(2));
        assert_eq!(first.len(), 9);
        assert_eq!(take(&limits, "host", Some(3)).len(), 4);
    }

    #[tokio::test]
    async fn who_waits_is_given_what_is_given_back() {
        let limits = EndpointLimits::default();
        let mut held = take(&limits, "host", None);
        held.iter().for_each(|permit| permit.heard());
        let mut first = limits.of_run(None).acquire(&endpoint("host"));
        let mut second = limits.of_run(None).acquire(&endpoint("host"));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        held.pop();
        assert!((&mut second).now_or_never().is_none(), "one after the other");
        // One that is gone has not taken it along.
        drop(first);
        assert!((&mut second).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_host_that_answers_nobody_is_not_protected_from_many() {
        let limits = EndpointLimits::default();
        let held = take(&limits, "dead", None);
        let lifted = is_given_within(&limits, "dead", Duration::from_secs(1)).await;
        assert!(lifted.is_some_and(|after| after >= UNCONNECTED_SILENCE / 2), "{lifted:?}");
        assert_eq!(take(&limits, "dead", None).len(), 40);
        // When it says something after all, the bound holds again.
        held[3].heard();
        assert_eq!(take(&limits, "dead", None).len(), 0);

        let silent = take(&limits, "silent", None);
        silent.iter().for_each(|permit| permit.connected());
        let lifted = is_given_within(&limits, "silent", Duration::from_secs(3)).await;
        assert!(lifted.is_some_and(|after| after >= CONNECTED_SILENCE / 2), "{lifted:?}");
    }

    #[tokio::test]
    async fn a_run_waits_for_none_that_waits_for_its_place() {
        let limits = EndpointLimits::default();
        let queued: Vec<RunConnections> = (0..MAX_CONNECTIONS).map(|_| limits.of_run(None)).collect();
        for run in &queued {
            run.reserve(&[endpoint("member")]).await;
        }
        let next = limits.of_run(None);
        assert!(
            next.reserve(&[endpoint("member")]).now_or_never().is_none(),
            "the line is for those that queue"
        );
        assert_eq!(take(&limits, "member", None).len(), MAX_CONNECTIONS);
        queued.iter().for_each(RunConnections::begin);
        assert_eq!(take(&limits, "member", None).len(), 0);
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "no stage waits here that could have a deadline")]
    async fn runs_that_hold_what_the_others_wait_for_do_not_wait_forever() {
        let limits = EndpointLimits::default();
        let dial = async |first: &'static str, second: &'static str| {
            let run = limits.of_run(None);
            let held = run.acquire(&endpoint(first)).await;
            held.heard();
            // Until all of them hold one.
            tokio::task::yield_now().await;
            let other = run.acquire(&endpoint(second)).await;
            other.heard();
        };
        let one_way = futures_util::future::join_all((0..MAX_CONNECTIONS).map(|_| dial("a", "b")));
        let other_way = futures_util::future::join_all((0..MAX_CONNECTIONS).map(|_| dial("b", "a")));
        let both = futures_util::future::join(one_way, other_way);
        tokio::time::timeout(Duration::from_secs(5), both).await.unwrap();
        assert!(limits.lock().is_empty());
    }

    #[tokio::test]
    async fn what_is_reserved_is_the_runs_until_it_ends() {
        let limits = EndpointLimits::default();
        let run = limits.of_run(None);
        run.reserve(&[endpoint("b"), endpoint("a"), endpoint("A")]).await;
        let open = |host: &str| limits.lock().get(&endpoint(host)).map_or(0, |at| at.open.len());
        assert_eq!((open("a"), open("b")), (1, 1));
        let permit = run.acquire(&endpoint("a")).await;
        assert_eq!(open("a"), 1);
        // Other tests queue for its permit.
        let _others = take(&limits, "a", None);
        let mut waiting = limits.of_run(None).acquire(&endpoint("a"));
        assert!((&mut waiting).now_or_never().is_none());
        drop(permit);
        assert!((&mut waiting).now_or_never().is_none());
        let again = run.acquire(&endpoint("a")).now_or_never();
        assert!(again.is_some(), "it dials again, and waits for nobody");
        drop(run);
        assert_eq!(open("b"), 0);
        drop(again);
        assert!((&mut waiting).now_or_never().is_some());
    }
}
