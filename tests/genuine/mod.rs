//! Servers of which none can be installed here, at addresses that somebody gives: `make test-genuine`.

mod sqlserver;
