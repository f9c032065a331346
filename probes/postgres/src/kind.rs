//! What the drivers' other parameters may be. They don't decide about the login, but a value that the driver refuses ends it.
//!
//! pgjdbc 42.7.3 and Amazon's driver 2.1.0.29 were run with good and bad values of each (`tests/parity/`).

use support_jdbc::Checked;

use crate::engine::Engine;
use crate::hosts::TARGET_SERVER_TYPE_NAMES;

/// What a parameter's value may be.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Integer,
    /// An integer from 0 on.
    Natural,
    /// One of these, or of the second ones, which can make the connection fail.
    OneOf(&'static [&'static str], &'static [&'static str]),
    /// The same in this case alone.
    Exactly(&'static [&'static str], &'static [&'static str]),
    /// Bytes with a unit, as 64K, or a part of the job's memory.
    Size,
    /// It loads a class, reads a file, runs SQL or dials elsewhere.
    Untried,
    /// The same, unless it is empty.
    UntriedUnlessEmpty,
    /// The same, if it is true.
    UntriedIfTrue,
}

/// Of sizes.
const UNITS: &[&str] = &["", "K", "M", "G", "T"];
/// Hundredths of the job's memory.
const SHARES: &[&str] = &["p", "pct", "percent"];
const COMPRESSIONS: &[&str] = &["off", "lz4", "lz4:1"];

const PGJDBC: &[(&str, Kind)] = &[
    ("adaptiveFetchMaximum", Kind::Integer),
    ("adaptiveFetchMinimum", Kind::Integer),
    ("autosave", Kind::OneOf(&["always", "never", "conservative"], &[])),
    ("binaryTransferDisable", Kind::UntriedUnlessEmpty),
    ("binaryTransferEnable", Kind::UntriedUnlessEmpty),
    ("stringtype", Kind::OneOf(&["unspecified", "varchar"], &[])),
    ("gssEncMode", Kind::OneOf(&["disable", "allow", "prefer"], &["require"])),
    ("targetServerType", Kind::Exactly(&TARGET_SERVER_TYPE_NAMES, &[])),
    ("prepareThreshold", Kind::Integer),
    ("protocolVersion", Kind::Exactly(&["", "3"], &[])),
    ("defaultRowFetchSize", Kind::Natural),
    ("unknownLength", Kind::Integer),
    ("databaseMetadataCacheFields", Kind::Integer),
    ("databaseMetadataCacheFieldsMiB", Kind::Integer),
    ("receiveBufferSize", Kind::Integer),
    ("sendBufferSize", Kind::Integer),
    ("cancelSignalTimeout", Kind::Integer),
    ("preparedStatementCacheQueries", Kind::Integer),
    ("preparedStatementCacheSizeMiB", Kind::Integer),
    ("maxResultBuffer", Kind::Untried),
    ("socketFactory", Kind::Untried),
    ("sslpasswordcallback", Kind::Untried),
    ("authenticationPluginClassName", Kind::Untried),
    ("localSocketAddress", Kind::Untried),
    ("service", Kind::Untried),
];

/// In lower case, as Amazon's driver has them.
const REDSHIFT: &[(&str, Kind)] = &[
    ("autosave", Kind::OneOf(&["always", "never", "conservative"], &[])),
    ("binarytransferdisable", Kind::UntriedUnlessEmpty),
    ("binarytransferenable", Kind::UntriedUnlessEmpty),
    ("blockingrowsmode", Kind::Natural),
    ("cancelsignaltimeout", Kind::Integer),
    ("compression", Kind::OneOf(COMPRESSIONS, &[])),
    ("databasemetadatacachefields", Kind::Integer),
    ("databasemetadatacachefieldsmib", Kind::Integer),
    ("defaultrowfetchsize", Kind::Natural),
    ("fetchringbuffersize", Kind::Size),
    ("inifile", Kind::UntriedUnlessEmpty),
    ("maxresultbuffer", Kind::Untried),
    ("overrideschemapatterntype", Kind::Integer),
    ("preparedstatementcachequeries", Kind::Integer),
    ("preparedstatementcachesizemib", Kind::Integer),
    ("preparethreshold", Kind::Integer),
    ("protocolversion", Kind::Exactly(&["", "3"], &[])),
    ("querygroup", Kind::UntriedUnlessEmpty),
    ("readonly", Kind::UntriedIfTrue),
    ("receivebuffersize", Kind::Integer),
    ("rewritebatchedinsertssize", Kind::Integer),
    ("sendbuffersize", Kind::Integer),
    ("socketfactory", Kind::Untried),
    ("sslpasswordcallback", Kind::Untried),
    ("stringtype", Kind::OneOf(&["unspecified", "varchar"], &[])),
    (
        "targetservertype",
        Kind::Exactly(
            &["any"],
            &["primary", "master", "slave", "secondary", "preferSlave", "preferSecondary"],
        ),
    ),
    ("unknownlength", Kind::Integer),
];

/// Parameters of pgjdbc 42.7 and the Redshift driver 2.1 that can't change whether a login and a query work.
pub(crate) const WITHOUT_EFFECT: &[&str] = &[
    "adaptivefetch",
    "adaptivefetchmaximum",
    "adaptivefetchminimum",
    "allowencodingchanges",
    "assumeminserverversion",
    "autosave",
    "binarytransfer",
    "binarytransferdisable",
    "binarytransferenable",
    "blockingrowsmode",
    "cancelsignaltimeout",
    "cleanupsavepoints",
    "databasemetadatacachefields",
    "defaultrowfetchsize",
    "disablecolumnsanitiser",
    "enablefetchringbuffer",
    "escapesyntaxcallmode",
    "fetchringbuffersize",
    "groupstartupparameters",
    "hideunprivilegedobjects",
    "hostrecheckseconds",
    "loadbalancehosts",
    "loggerfile",
    "loggerlevel",
    "loglevel",
    "logpath",
    "logunclosedconnections",
    "maxresultbuffer",
    "maxsendbuffersize",
    "preferquerymode",
    "preparedstatementcachequeries",
    "preparedstatementcachesizemib",
    "preparethreshold",
    "querytimeout",
    "quotereturningidentifiers",
    "readonly",
    "readonlymode",
    "receivebuffersize",
    "rewritebatchedinserts",
    "rewritebatchedinsertssize",
    "sendbuffersize",
    "stringtype",
    "tcpkeepalive",
    "tcpkeepaliveminutes",
    "tcpnodelay",
    "unknownlength",
    "xmlfactoryfactory",
];

impl Engine {
    const fn kinds(self) -> &'static [(&'static str, Kind)] {
        match self {
            Self::Postgresql => PGJDBC,
            Self::Redshift => REDSHIFT,
        }
    }

    /// What the driver takes for the parameter `name`; none where any value will do, or the driver does not know it.
    pub(crate) fn kind(self, name: &str) -> Option<Kind> {
        let is_named = |known: &str| match self {
            Self::Postgresql => known == name,
            Self::Redshift => known.eq_ignore_ascii_case(name),
        };
        self.kinds().iter().find(|(known, _)| is_named(known)).map(|(_, kind)| *kind)
    }
}

/// Whether the driver takes `value` for a parameter of this kind.
pub(crate) fn check(kind: Kind, value: &str) -> Checked {
    match kind {
        Kind::Integer if value.parse::<i32>().is_ok() => Checked::Right,
        Kind::Natural if value.parse::<i32>().is_ok_and(|count| count >= 0) => Checked::Right,
        Kind::Integer | Kind::Natural => Checked::Wrong("expected a whole number".to_owned()),
        Kind::OneOf(tried, untried) | Kind::Exactly(tried, untried) => {
            let is_exact = matches!(kind, Kind::Exactly(..));
            let is_value = |one: &str| if is_exact { one == value } else { one.eq_ignore_ascii_case(value) };
            let is_in = |values: &[&str]| values.iter().any(|one| is_value(one));
            match (is_in(tried), is_in(untried)) {
                (true, _) => Checked::Right,
                (false, true) => Checked::Untried,
                (false, false) => {
                    let named = [tried, untried].concat().into_iter().filter(|one| !one.is_empty());
                    Checked::Wrong(format!("expected {}", named.collect::<Vec<_>>().join(", ")))
                }
            }
        }
        Kind::Size => {
            let digits = value.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            let unit = &value[digits.len()..];
            let is_unit = UNITS.iter().any(|one| one.eq_ignore_ascii_case(unit)) || SHARES.contains(&unit);
            match digits.parse::<u64>() {
                Ok(_) if is_unit => Checked::Right,
                Ok(_) | Err(_) => {
                    Checked::Wrong("expected a size, as 64M, or a part of the memory, as 10p".to_owned())
                }
            }
        }
        Kind::UntriedUnlessEmpty if value.is_empty() => Checked::Right,
        Kind::UntriedIfTrue if !value.eq_ignore_ascii_case("true") => Checked::Right,
        Kind::UntriedUnlessEmpty | Kind::UntriedIfTrue | Kind::Untried => Checked::Untried,
    }
}
