//! What each peer may hold of the server: connections, and bytes of requests whose sender is not known yet.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that all requests together may hold before their senders are known.
const MAX_UNAUTHENTICATED_BYTES: usize = 64 * 1024 * 1024;
/// The part of it that one peer may hold, so that nobody takes it all.
const MAX_PEER_BYTES: usize = MAX_UNAUTHENTICATED_BYTES / 4;

/// All peers of a server.
#[derive(Clone)]
pub(super) struct Peers {
    /// None behind a proxy, where all clients have one address.
    max_connections: Option<usize>,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    bytes: usize,
    peers: HashMap<IpAddr, PeerHeld>,
}

#[derive(Default)]
struct PeerHeld {
    connections: usize,
    bytes: usize,
}

/// One connection of a peer, until it is dropped.
pub(super) struct PeerConnection {
    peers: Peers,
    address: IpAddr,
    /// Bytes of this connection that are counted.
    bytes: usize,
}

impl Peers {
    pub(super) fn new(max_connections: Option<usize>) -> Self {
        Self { max_connections, held: Arc::default() }
    }

    /// Counts a connection from `address`; none where that peer has enough of them.
    pub(super) fn connect(&self, address: IpAddr) -> Option<PeerConnection> {
        let address = network(address);
        let mut held = self.lock();
        let peer = held.peers.entry(address).or_default();
        if self.max_connections.is_some_and(|most| peer.connections >= most) {
            return None;
        }
        peer.connections += 1;
        Some(PeerConnection { peers: self.clone(), address, bytes: 0 })
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PeerConnection {
    /// The address that the peer's requests count to; none behind a proxy.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.peers.max_connections.map(|_| self.address)
    }

    /// Counts bytes that came in; says whether there is room for them.
    pub(super) fn receive(&mut self, bytes: usize) -> bool {
        let mut held = self.peers.lock();
        let is_shared = self.peers.max_connections.is_some();
        let in_all = held.bytes + bytes;
        let Some(peer) = held.peers.get_mut(&self.address) else { return false };
        if in_all > MAX_UNAUTHENTICATED_BYTES || (is_shared && peer.bytes + bytes > MAX_PEER_BYTES) {
            return false;
        }
        peer.bytes += bytes;
        held.bytes = in_all;
        drop(held);
        self.bytes += bytes;
        true
    }

    /// Counts none of this connection's bytes any more: their sender is known, or they are gone.
    pub(super) fn release(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut held = self.peers.lock();
        held.bytes -= bytes;
        if let Some(peer) = held.peers.get_mut(&self.address) {
            peer.bytes -= bytes;
        }
    }
}

impl Drop for PeerConnection {
    fn drop(&mut self) {
        self.release();
        let mut held = self.peers.lock();
        if let Some(peer) = held.peers.get_mut(&self.address) {
            peer.connections -= 1;
            if peer.connections == 0 {
                held.peers.remove(&self.address);
            }
        }
    }
}

/// The address by which a peer is counted: of IPv6 the network of 64 bits, which is what one subscriber has (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_peer_has_its_connections_and_no_other_peers() {
        let peers = Peers::new(Some(2));
        let first = peers.connect(address("127.0.0.2")).expect("room");
        let _second = peers.connect(address("::ffff:127.0.0.2")).expect("room");
        assert!(peers.connect(address("127.0.0.2")).is_none());
        assert!(peers.connect(address("127.0.0.1")).is_some());
        drop(first);
        assert!(peers.connect(address("127.0.0.2")).is_some());

        let _one = peers.connect(address("2001:db8::1")).expect("room");
        let _two = peers.connect(address("2001:db8::ffff:1")).expect("room");
        assert!(peers.connect(address("2001:db8::2")).is_none(), "of one network of 64 bits");
        assert!(peers.connect(address("2001:db8:0:1::1")).is_some());
        let open = Peers::new(None);
        let held: Vec<_> = (0..1000).map_while(|_| open.connect(address("127.0.0.2"))).collect();
        assert_eq!(held.len(), 1000);
        drop(held);
        assert!(open.lock().peers.is_empty());
    }

    #[test]
    fn bytes_are_bounded_for_one_peer_and_for_all() {
        let peers = Peers::new(Some(8));
        let connect = |host: u8| peers.connect(address(&format!("127.0.0.{host}"))).expect("room");
        let (mut one, mut other) = (connect(1), connect(1));
        assert!(one.receive(MAX_PEER_BYTES - 1) && one.receive(1));
        assert!(!one.receive(1) && !other.receive(1), "of one peer");
        let mut rest: Vec<_> = (2..=4).map(connect).collect();
        assert!(rest.iter_mut().all(|connection| connection.receive(MAX_PEER_BYTES)));
        let mut late = connect(5);
        assert!(!late.receive(1), "of all");
        one.release();
        assert!(late.receive(MAX_PEER_BYTES));
        drop((one, other, rest, late));
        assert_eq!(peers.lock().bytes, 0);
    }
}
