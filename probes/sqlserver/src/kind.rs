//! What the properties that Microsoft's driver knows may be. Most of them do not decide about the login, but a value that the driver refuses
//! ends it.
//!
//! Names are those of `SQLServerDriver.getPropertyInfo` in mssql-jdbc 10.2.0, which are the same in 9.4.0, and in 13.6.0; what a bad value does
//! was seen by running them.

use support_jdbc::Checked;

/// What a property's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// true or false, in any case.
    Flag,
    /// A flag; where it is set, as [`Kind::Untried`].
    UntriedFlag,
    /// A whole number in these bounds, or nothing.
    Number { min: i32, max: i32 },
    /// A whole number.
    Integer,
    /// One of these, in any case; empty only if that is among them.
    OneOf(&'static [&'static str]),
    /// A text of a name's length.
    Name,
    /// The size of a packet.
    PacketSize,
    /// Bytes, or a share of the JVM's memory.
    ResultBuffer,
    /// One of the two, in any case; for the second the server needs what not each has.
    UntriedSecond(&'static str, &'static str),
    /// The class that the driver loads.
    Class,
    /// What the driver acts on, if it is not empty.
    UntriedUnlessEmpty,
    /// What no text can be.
    NoText,
    /// A text; no value makes a login fail by itself.
    Text,
    /// What is read, and checked, elsewhere.
    Elsewhere,
}

impl Kind {
    /// What the driver makes of `value`.
    pub(crate) fn check(self, value: &str) -> Checked {
        let right_if = |is_right: bool, expected: &str| {
            if is_right { Checked::Right } else { Checked::Wrong(expected.to_owned()) }
        };
        let is_one_of = |values: &[&str]| values.iter().any(|one| one.eq_ignore_ascii_case(value));
        match self {
            Self::Flag => right_if(is_one_of(FLAGS), "expected true or false"),
            Self::UntriedFlag => match value.eq_ignore_ascii_case("true") {
                true => Checked::Untried,
                false => Self::Flag.check(value),
            },
            Self::Number { min, max } => {
                let is_right =
                    value.is_empty() || value.parse().is_ok_and(|number| (min..=max).contains(&number));
                let expected = if max == i32::MAX {
                    format!("expected a whole number from {min} on")
                } else {
                    format!("expected a whole number from {min} to {max}")
                };
                right_if(is_right, &expected)
            }
            Self::Integer => right_if(value.parse::<i32>().is_ok(), "expected a whole number"),
            Self::OneOf(values) => {
                let named: Vec<&str> = values.iter().copied().filter(|one| !one.is_empty()).collect();
                right_if(is_one_of(values), &format!("expected {}", named.join(", ")))
            }
            Self::Name => right_if(!is_overlong(value), SHORTER),
            Self::PacketSize => match value.parse::<i32>() {
                // The server's own.
                Ok(-1) => Checked::Right,
                Ok(512..=LARGEST_RECORD) => Checked::Right,
                // The driver gives up where the server agrees to so much and TLS has no room for it.
                Ok(0 | 16_385..=32_767) => Checked::Untried,
                Err(_) if value.is_empty() => Checked::Right,
                Ok(_) | Err(_) => Checked::Wrong("expected a number from 512 to 32767, 0 or -1".to_owned()),
            },
            Self::ResultBuffer => right_if(
                is_result_buffer(value),
                "expected a number of bytes, as 65536 or 64k, or a share, as 10p",
            ),
            Self::UntriedSecond(_, second) if second.eq_ignore_ascii_case(value) => Checked::Untried,
            Self::UntriedSecond(first, second) => {
                right_if(first.eq_ignore_ascii_case(value), &format!("expected {first} or {second}"))
            }
            Self::Class if value.is_empty() => {
                Checked::Wrong("expected the name of a class, or no such parameter".to_owned())
            }
            Self::NoText => {
                Checked::Wrong("expected no such parameter: the driver takes it from no URL".to_owned())
            }
            Self::UntriedUnlessEmpty if value.is_empty() => Checked::Right,
            Self::Class | Self::UntriedUnlessEmpty => Checked::Untried,
            Self::Text | Self::Elsewhere => Checked::Right,
        }
    }
}

/// The property that the driver takes `name` for, as it spells it itself; none where it takes it for nothing.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    let is_it = |(one, _): &(&'static str, &'static str)| one.eq_ignore_ascii_case(name);
    let same = SYNONYMS.iter().find(|synonym| is_it(synonym)).map(|(_, name)| *name);
    same.or_else(|| Some(find(PROPERTIES, name).or_else(|| find(NEWER, name))?.0))
}

/// What `name`, as the driver spells it, may be; of a property that Glue's drivers do not know, the flag is true.
pub(crate) fn kind(name: &str) -> Option<(Kind, bool)> {
    let of = |list, is_newer| find(list, name).map(|(_, kind)| (kind, is_newer));
    of(PROPERTIES, false).or_else(|| of(NEWER, true))
}

fn find(list: &[(&'static str, Kind)], name: &str) -> Option<(&'static str, Kind)> {
    list.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).copied()
}

/// Whether the driver refuses a name for its length, which it counts as Java does.
pub(crate) fn is_overlong(text: &str) -> bool {
    text.encode_utf16().count() > 128
}

/// What it expects then.
pub(crate) const SHORTER: &str = "expected at most 128 characters: the driver takes no more";

/// As `MaxResultBufferParser` reads it.
fn is_result_buffer(value: &str) -> bool {
    if value.is_empty() || value == "-1" {
        return true;
    }
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    let share = ["percent", "pct", "p"].iter().find_map(|unit| value.strip_suffix(unit));
    let number = if is_plain {
        Some(value)
    } else {
        share.or_else(|| value.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G', 't', 'T']))
    };
    number.is_some_and(|number| number.parse::<i64>().is_ok_and(|number| number > 0))
}

/// The largest packet that is in one record of TLS.
const LARGEST_RECORD: i32 = 16_384;

const FLAGS: &[&str] = &["true", "false"];
const ANY: Kind = Kind::Number { min: i32::MIN, max: i32::MAX };
const OR_NONE: Kind = Kind::Number { min: -1, max: i32::MAX };

const SYNONYMS: &[(&str, &str)] = &[
    ("database", "databaseName"),
    ("userName", "user"),
    ("server", "serverName"),
    ("domainName", "domain"),
    ("port", "portNumber"),
];

const PROPERTIES: &[(&str, Kind)] = &[
    ("AADSecurePrincipalId", Kind::Text),
    ("AADSecurePrincipalSecret", Kind::Text),
    ("applicationIntent", Kind::OneOf(&["ReadOnly", "ReadWrite"])),
    ("applicationName", Kind::Name),
    ("authentication", Kind::Elsewhere),
    ("authenticationScheme", Kind::Elsewhere),
    ("cancelQueryTimeout", OR_NONE),
    ("clientCertificate", Kind::Elsewhere),
    ("clientKey", Kind::Text),
    ("clientKeyPassword", Kind::Text),
    ("columnEncryptionSetting", Kind::UntriedSecond("Disabled", "Enabled")),
    ("connectRetryCount", Kind::Number { min: 0, max: 255 }),
    ("connectRetryInterval", Kind::Number { min: 1, max: 60 }),
    ("databaseName", Kind::Name),
    ("delayLoadingLobs", Kind::Flag),
    ("disableStatementPooling", Kind::Flag),
    ("domain", Kind::Text),
    ("enablePrepareOnFirstPreparedStatementCall", Kind::Flag),
    ("enclaveAttestationProtocol", Kind::OneOf(&["HGS", "AAS"])),
    ("enclaveAttestationUrl", Kind::Text),
    ("encrypt", Kind::Elsewhere),
    ("failoverPartner", Kind::Elsewhere),
    // What is not true is false.
    ("fips", Kind::Text),
    ("hostNameInCertificate", Kind::Elsewhere),
    ("instanceName", Kind::Elsewhere),
    ("integratedSecurity", Kind::Flag),
    ("jaasConfigurationName", Kind::Text),
    (
        "keyStoreAuthentication",
        Kind::OneOf(&["JavaKeyStorePassword", "KeyVaultClientSecret", "KeyVaultManagedIdentity"]),
    ),
    ("keyStoreLocation", Kind::Text),
    ("keyStorePrincipalId", Kind::Text),
    ("keyStoreSecret", Kind::Text),
    ("keyVaultProviderClientId", Kind::Text),
    ("keyVaultProviderClientKey", Kind::Text),
    ("lastUpdateCount", Kind::Flag),
    ("lockTimeout", OR_NONE),
    ("loginTimeout", Kind::Number { min: 0, max: 65_535 }),
    ("maxResultBuffer", Kind::ResultBuffer),
    ("msiClientId", Kind::Text),
    ("multiSubnetFailover", Kind::Flag),
    ("packetSize", Kind::PacketSize),
    ("password", Kind::Elsewhere),
    ("portNumber", Kind::Elsewhere),
    ("queryTimeout", OR_NONE),
    ("realm", Kind::Text),
    // The server may want another right for it.
    ("replication", Kind::UntriedFlag),
    ("responseBuffering", Kind::OneOf(&["adaptive", "full"])),
    ("selectMethod", Kind::UntriedSecond("direct", "cursor")),
    ("sendStringParametersAsUnicode", Kind::Flag),
    ("sendTemporalDataTypesAsStringForBulkCopy", Kind::Flag),
    ("sendTimeAsDatetime", Kind::Flag),
    ("serverName", Kind::Elsewhere),
    ("serverNameAsACE", Kind::Flag),
    ("serverPreparedStatementDiscardThreshold", ANY),
    ("serverSpn", Kind::Text),
    ("socketFactoryClass", Kind::Class),
    ("socketFactoryConstructorArg", Kind::Text),
    ("socketTimeout", Kind::Number { min: 0, max: i32::MAX }),
    ("sslProtocol", Kind::Elsewhere),
    ("statementPoolingCacheSize", ANY),
    ("TransparentNetworkIPResolution", Kind::Flag),
    ("trustManagerClass", Kind::Elsewhere),
    ("trustManagerConstructorArg", Kind::Text),
    ("trustServerCertificate", Kind::Flag),
    ("trustStore", Kind::Elsewhere),
    ("trustStorePassword", Kind::Elsewhere),
    ("trustStoreType", Kind::Elsewhere),
    ("useBulkCopyForBatchInsert", Kind::Flag),
    ("useFmtOnly", Kind::Flag),
    ("user", Kind::Elsewhere),
    ("workstationID", Kind::Name),
    ("xopenStates", Kind::Flag),
];

/// Those that 13.6.0 has beside them.
const NEWER: &[(&str, Kind)] = &[
    ("accessTokenCallback", Kind::NoText),
    ("accessTokenCallbackClass", Kind::UntriedUnlessEmpty),
    ("bulkCopyForBatchInsertAllowEncryptedValueModifications", Kind::Flag),
    ("bulkCopyForBatchInsertBatchSize", Kind::Integer),
    ("bulkCopyForBatchInsertCheckConstraints", Kind::Flag),
    ("bulkCopyForBatchInsertFireTriggers", Kind::Flag),
    ("bulkCopyForBatchInsertKeepIdentity", Kind::Flag),
    ("bulkCopyForBatchInsertKeepNulls", Kind::Flag),
    ("bulkCopyForBatchInsertTableLock", Kind::Flag),
    ("cacheBulkCopyMetadata", Kind::Flag),
    ("calcBigDecimalPrecision", Kind::Flag),
    ("concatNullYieldsNull", Kind::OneOf(&["ON", "OFF"])),
    ("datetimeParameterType", Kind::OneOf(&["datetime", "datetime2", "datetimeoffset"])),
    (
        "defaultTransactionIsolation",
        Kind::OneOf(&[
            "",
            "READ_UNCOMMITTED",
            "READ_COMMITTED",
            "REPEATABLE_READ",
            "SERIALIZABLE",
            "SNAPSHOT",
        ]),
    ),
    ("ipAddressPreference", Kind::OneOf(&["IPv4First", "IPv6First", "UsePlatformDefault"])),
    ("prepareMethod", Kind::OneOf(&["none", "prepexec", "prepare", "scopeTempTablesToConnection"])),
    ("quotedIdentifier", Kind::OneOf(&["ON", "OFF"])),
    ("retryConn", Kind::UntriedUnlessEmpty),
    ("retryExec", Kind::UntriedUnlessEmpty),
    ("serverCertificate", Kind::Elsewhere),
    ("useDefaultGSSCredential", Kind::Text),
    ("useDefaultJaasConfig", Kind::Text),
    ("vectorTypeSupport", Kind::OneOf(&["off", "v1", "v2"])),
];
