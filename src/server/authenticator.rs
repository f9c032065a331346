//! Who may call.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use http::{HeaderMap, StatusCode, header, uri};

use super::authentication::Authentication;
use super::keys::Keys;
use super::signature::{self, Claim, Refusal, SignedRequest};
use crate::glue::{Exception, GlueException};
use crate::service::{Passwords, Rights};

/// Lets requests in, or keeps them out.
pub(super) struct Authenticator {
    callers: Callers,
    passwords: Passwords,
}

/// How callers are distinguished.
enum Callers {
    /// They are not: all have these rights.
    Anonymous(Arc<Rights>),
    /// By their access keys.
    Known(Keys),
}

/// Who calls.
pub(super) struct Caller {
    /// The profile of the key that signed.
    pub(super) caller: Option<String>,
    pub(super) passwords: Passwords,
    pub(super) rights: Arc<Rights>,
}

/// Why a request is rejected.
pub(super) struct Rejection {
    pub(super) status: StatusCode,
    pub(super) exception: Exception,
}

impl Authenticator {
    pub(super) fn new(authentication: Authentication) -> Self {
        match authentication {
            Authentication::None { passwords, references } => {
                Self { callers: Callers::Anonymous(Arc::new(Rights::anonymous(references))), passwords }
            }
            Authentication::SigV4(keys) => {
                Self { callers: Callers::Known(keys), passwords: Passwords::Shown }
            }
        }
    }

    /// Keeps out what a web page sends: a browser lets any page send requests to loopback, and a page whose name leads there
    /// reads the answers too. Neither can leave out its name or its origin, nor say that its body is AWS's JSON without
    /// asking first.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        if let Callers::Known(_) = self.callers {
            return Ok(());
        }
        let rejection = |message: &str| {
            Err(Rejection {
                status: StatusCode::FORBIDDEN,
                exception: Exception::new(GlueException::AccessDenied, message),
            })
        };
        if headers.contains_key(header::ORIGIN) {
            return rejection(
                "a request with an Origin comes from a web page: without --auth sigv4 none is answered",
            );
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if !host.is_some_and(is_loopback) {
            return rejection(
                "the Host is not a loopback address: without --auth sigv4, call by 127.0.0.1, [::1] or localhost",
            );
        }
        Ok(())
    }

    /// Says who is said to have signed a request, before its body is read.
    pub(super) fn claim<'request>(
        &'request self,
        request: &'request Parts,
    ) -> Result<Claimed<'request>, Rejection> {
        let keys = match &self.callers {
            Callers::Known(keys) => keys,
            Callers::Anonymous(rights) => return Ok(Claimed::Anonymous(self.passwords, rights)),
        };
        let signed = SignedRequest {
            method: &request.method,
            path: request.uri.path(),
            query: request.uri.query(),
            headers: &request.headers,
            body: b"",
        };
        signature::claim(signed, keys, SystemTime::now())
            .map(|claim| Claimed::Signed(self.passwords, Box::new(claim)))
            .map_err(|refusal| rejection(&refusal))
    }
}

/// Whoever is said to call.
pub(super) enum Claimed<'request> {
    Anonymous(Passwords, &'request Arc<Rights>),
    Signed(Passwords, Box<Claim<'request, 'request>>),
}

impl Claimed<'_> {
    /// Says who calls by a request whose whole body this is.
    pub(super) fn admit(&self, body: &[u8]) -> Result<Caller, Rejection> {
        match self {
            Self::Anonymous(passwords, rights) => {
                Ok(Caller { caller: None, passwords: *passwords, rights: Arc::clone(rights) })
            }
            Self::Signed(passwords, claim) => {
                let caller = claim.verify(body).map_err(|refusal| rejection(&refusal))?;
                let (name, rights) = (caller.name.clone(), Arc::clone(&caller.rights));
                Ok(Caller { caller: Some(name), passwords: *passwords, rights })
            }
        }
    }
}

fn rejection(refusal: &Refusal) -> Rejection {
    Rejection {
        status: StatusCode::BAD_REQUEST,
        exception: Exception::new(GlueException::Common(refusal.kind()), refusal.to_string()),
    }
}

/// Whether a Host header holds a loopback address, or localhost.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<uri::Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    literal.parse::<IpAddr>().map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_called_without_a_signature() {
        for host in
            ["127.0.0.1", "127.0.0.1:7117", "127.1.2.3:1", "[::1]:7117", "localhost", "LocalHost:7117"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "rebound.example:7117",
            "localhost.rebound.example",
            "localhost.",
            "10.0.0.1",
            "[fe80::1]",
            "0.0.0.0",
            "user@localhost",
            "127.0.0.1.rebound.example",
            "127.0.0.1/",
            "2130706433",
            "::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
