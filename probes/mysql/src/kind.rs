//! What the drivers' other parameters may be. They don't decide about the login, but a value that the driver refuses ends it.
//!
//! Names and types are those that `PropertyDefinitions` of MySQL Connector/J 8.0.33 and `Configuration.Builder` of MariaDB Connector/J 3.4.1
//! have; what a bad value does was seen by running them.

use support_jdbc::Checked;

use crate::scheme::Scheme;

/// What a parameter's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A flag, in the driver's spellings.
    Boolean,
    /// A whole number in these bounds; Connector/J drops a fraction.
    Integer { min: i32, max: i32 },
    /// Bytes, perhaps with a unit, as 64k.
    MemorySize { min: i32 },
    /// The largest packet; queries that are larger fail.
    Packet,
    /// Rows; of the negative numbers only the smallest means something.
    FetchSize,
    /// One of these, in any case; empty only if that is among them.
    OneOf(&'static [&'static str]),
    /// A character encoding by the name that Java has for it; where `mysql` is true, MySQL's names may do too.
    Charset { mysql: bool },
    /// A time zone.
    TimeZone,
    /// Versions of TLS.
    TlsVersions,
    /// A text; no value makes a login fail.
    Text,
    /// The driver runs SQL, loads a class or dials elsewhere for it, which can make the connection fail.
    Untried,
    /// A flag; where it is set, as [`Kind::Untried`].
    UntriedFlag,
    /// A file that the driver reads where it needs it.
    UntriedUnlessEmpty,
}

impl Scheme {
    /// What the driver takes for the parameter `name`; none where it does not know it.
    pub(crate) fn kind(self, name: &str) -> Option<Kind> {
        let is_in = |names: &[&str]| match self {
            Self::Mysql => names.contains(&name),
            Self::Mariadb => names.iter().any(|one| one.eq_ignore_ascii_case(name)),
        };
        let (lists, choices) = match self {
            Self::Mysql => (MYSQL, MYSQL_CHOICES),
            Self::Mariadb => (MARIADB, MARIADB_CHOICES),
        };
        let choice = choices.iter().find(|(one, _)| is_in(&[one])).map(|(_, values)| Kind::OneOf(values));
        choice.or_else(|| lists.iter().find(|(_, names)| is_in(names)).map(|(kind, _)| *kind))
    }

    /// Whether the driver takes `value` for a parameter of this kind.
    pub(crate) fn check(self, kind: Kind, value: &str) -> Checked {
        let mut wrong = None;
        match kind {
            Kind::Boolean => {
                self.boolean(value, |expected| wrong = Some(expected.to_owned()));
            }
            Kind::Integer { min, max } => {
                let bounds = f64::from(min)..=f64::from(max);
                let is_right = self.number(value).is_some_and(|number| bounds.contains(&number));
                wrong = (!is_right).then(|| format!("expected a whole number from {min} to {max}"));
            }
            Kind::MemorySize { min } => {
                let bounds = f64::from(min)..;
                let is_right = self.memory_size(value).is_some_and(|bytes| bounds.contains(&bytes));
                wrong = (!is_right).then(|| "expected a number of bytes, as 65536 or 64k".to_owned());
            }
            Kind::Packet => match self.number(value) {
                Some(SMALL_PACKET..) => {}
                Some(0.0..) => return Checked::Untried,
                Some(_) | None => wrong = Some("expected a number of bytes".to_owned()),
            },
            Kind::FetchSize => match self.number(value) {
                Some(rows) if rows >= 0.0 || rows == f64::from(i32::MIN) => {}
                Some(_) | None => {
                    wrong = Some(format!("expected a number of rows from 0 on, or {}", i32::MIN))
                }
            },
            Kind::UntriedFlag => {
                if self.boolean(value, |expected| wrong = Some(expected.to_owned())) == Some(true) {
                    return Checked::Untried;
                }
            }
            Kind::OneOf(values) => {
                let is_one = values.iter().any(|one| one.eq_ignore_ascii_case(value));
                let named: Vec<&str> = values.iter().copied().filter(|one| !one.is_empty()).collect();
                wrong = (!is_one).then(|| format!("expected {}", named.join(", ")));
            }
            Kind::Charset { mysql } => return charset(value, mysql),
            Kind::TimeZone => {
                let is_known = ["UTC", "GMT", "Z", "LOCAL", "SERVER"].contains(&value);
                return if is_known { Checked::Right } else { Checked::Untried };
            }
            Kind::TlsVersions => {
                let is_one = value.split(',').any(|one| ["TLSv1.2", "TLSv1.3"].contains(&one.trim()));
                wrong = (!is_one).then(|| "expected TLSv1.2 or TLSv1.3".to_owned());
            }
            Kind::Text => {}
            Kind::UntriedUnlessEmpty if value.is_empty() => {}
            Kind::Untried | Kind::UntriedUnlessEmpty => return Checked::Untried,
        }
        wrong.map_or(Checked::Right, Checked::Wrong)
    }

    /// Connector/J takes what `Double.valueOf` does, in decimal, and makes an `int` of it: without the fraction, and the largest for a larger
    /// one.
    pub(crate) fn number(self, value: &str) -> Option<f64> {
        let value = match self {
            Self::Mysql => value.trim(),
            Self::Mariadb => return value.parse::<i32>().ok().map(f64::from),
        };
        let number = match value {
            "NaN" => 0.0,
            "Infinity" | "+Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => {
                let digits = value.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(value);
                digits.parse::<f64>().ok().filter(|number| number.is_finite())?
            }
        };
        Some(number.trunc().clamp(f64::from(i32::MIN), f64::from(i32::MAX)))
    }

    /// As `MemorySizePropertyDefinition` reads it.
    fn memory_size(self, value: &str) -> Option<f64> {
        const UNITS: [(char, f64); 3] =
            [('k', 1024.0), ('m', 1024.0 * 1024.0), ('g', 1024.0 * 1024.0 * 1024.0)];
        let lower = value.to_ascii_lowercase();
        let last = lower.strip_suffix('b').unwrap_or(&lower).chars().next_back();
        match UNITS.iter().find(|(letter, _)| last == Some(*letter)) {
            // The number ends at the first letter of the unit.
            Some((letter, unit)) => Some(self.number(lower.split(*letter).next()?)? * unit),
            None => self.number(value),
        }
    }
}

/// Queries of a job may be larger than that.
const SMALL_PACKET: f64 = 16_384.0;

/// Whether Java has the character encoding `name`; `mysql` as in [`Kind::Charset`].
pub(crate) fn charset(name: &str, mysql: bool) -> Checked {
    // Names of MySQL that Java does not know.
    const MYSQL: &[&str] = &["utf8mb3", "utf8mb4", "binary", "ucs2", "filename"];
    const JAVA: &[&str] = &[
        "utf-8",
        "utf8",
        "us-ascii",
        "ascii",
        "iso-8859-1",
        "iso8859_1",
        "latin1",
        "cp1252",
        "windows-1252",
        "utf-16",
    ];
    let is_in = |names: &[&str]| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    if name.is_empty() || is_in(MYSQL) && !mysql {
        Checked::Wrong("expected a character encoding of Java's, as UTF-8".to_owned())
    } else if is_in(MYSQL) {
        Checked::Newer
    } else if is_in(JAVA) {
        Checked::Right
    } else {
        Checked::Untried
    }
}

const MYSQL: &[(Kind, &[&str])] = &[
    (Kind::Packet, &["maxAllowedPacket"]),
    (Kind::FetchSize, &["defaultFetchSize"]),
    (Kind::MemorySize { min: 0 }, &["largeRowSizeThreshold", "locatorFetchBufferSize"]),
    (Kind::MemorySize { min: i32::MIN }, &["blobSendChunkSize"]),
    (Kind::UntriedFlag, &["detectCustomCollations"]),
    (Kind::Untried, &["serverRSAPublicKeyFile"]),
    (
        Kind::Boolean,
        &[
            "allowLoadLocalInfile",
            "allowMultiQueries",
            "allowNanAndInf",
            "allowReplicaDownConnections",
            "allowSourceDownConnections",
            "allowUrlInLocalInfile",
            "alwaysSendSetIsolation",
            "autoClosePStmtStreams",
            "autoDeserialize",
            "autoGenerateTestcaseScript",
            "autoReconnect",
            "autoReconnectForPools",
            "autoSlowLog",
            "blobsAreStrings",
            "cacheCallableStmts",
            "cacheDefaultTimeZone",
            "cachePrepStmts",
            "cacheResultSetMetadata",
            "cacheServerConfiguration",
            "clobberStreamingResults",
            "compensateOnDuplicateKeyUpdateCounts",
            "continueBatchOnError",
            "disconnectOnExpiredPasswords",
            "dontCheckOnDuplicateKeyUpdateInSQL",
            "dontTrackOpenResources",
            "dumpQueriesOnException",
            "elideSetAutoCommits",
            "emptyStringsConvertToZero",
            "emulateLocators",
            "emulateUnsupportedPstmts",
            "enableEscapeProcessing",
            "enablePacketDebug",
            "enableQueryTimeouts",
            "explainSlowQueries",
            "failOverReadOnly",
            "fallbackToSystemKeyStore",
            "fallbackToSystemTrustStore",
            "forceConnectionTimeZoneToSession",
            "functionsNeverReturnBlobs",
            "gatherPerfMetrics",
            "generateSimpleParameterMetadata",
            "getProceduresReturnsFunctions",
            "ha.enableJMX",
            "holdResultsOpenOverStatementClose",
            "ignoreNonTxTables",
            "includeInnodbStatusInDeadlockExceptions",
            "includeThreadDumpInDeadlockExceptions",
            "includeThreadNamesAsStatementComment",
            "interactiveClient",
            "jdbcCompliantTruncation",
            "loadBalanceValidateConnectionOnSwapServer",
            "logSlowQueries",
            "logXaCommands",
            "maintainTimeStats",
            "noAccessToProcedureBodies",
            "noDatetimeStringSync",
            "nullDatabaseMeansCurrent",
            "overrideSupportsIntegrityEnhancementFacility",
            "padCharsWithSpace",
            "paranoid",
            "pedantic",
            "pinGlobalTxToPhysicalConnection",
            "populateInsertRowWithDefaultValues",
            "preserveInstants",
            "processEscapeCodesForPrepStmts",
            "profileSQL",
            "queryTimeoutKillsConnection",
            "readFromSourceWhenNoReplicas",
            "readOnlyPropagatesToServer",
            "reconnectAtTxEnd",
            "rewriteBatchedStatements",
            "rollbackOnPooledClose",
            "scrollTolerantForwardOnly",
            "sendFractionalSeconds",
            "sendFractionalSecondsForTime",
            "socksProxyRemoteDns",
            "strictUpdates",
            "tcpKeepAlive",
            "tcpNoDelay",
            "tinyInt1isBit",
            "traceProtocol",
            "trackSessionState",
            "transformedBitIsBoolean",
            "treatUtilDateAsTimestamp",
            "ultraDevHack",
            "useAffectedRows",
            "useColumnNamesInFindColumn",
            "useCompression",
            "useCursorFetch",
            "useHostsInPrivileges",
            "useInformationSchema",
            "useLocalSessionState",
            "useLocalTransactionState",
            "useNanosForElapsedTime",
            "useOldAliasMetadataBehavior",
            "useOnlyServerErrorMessages",
            "useReadAheadInput",
            "useServerPrepStmts",
            "useStreamLengthsInPrepStmts",
            "useUnbufferedInput",
            "useUsageAdvisor",
            "xdevapi.dns-srv",
            "xdevapi.fallback-to-system-keystore",
            "xdevapi.fallback-to-system-truststore",
            "yearIsDateType",
        ],
    ),
    (Kind::Integer { min: -1, max: i32::MAX }, &["maxRows"]),
    (
        Kind::Integer { min: 0, max: i32::MAX },
        &[
            "callableStmtCacheSize",
            "loadBalanceAutoCommitStatementThreshold",
            "loadBalanceBlocklistTimeout",
            "loadBalanceHostRemovalGracePeriod",
            "loadBalancePingTimeout",
            "maxByteArrayAsHex",
            "maxQuerySizeToLog",
            "netTimeoutForStreamingResults",
            "prepStmtCacheSize",
            "queriesBeforeRetrySource",
            "reportMetricsIntervalMillis",
            "retriesAllDown",
            "secondsBeforeRetrySource",
            "selfDestructOnPingMaxOperations",
            "selfDestructOnPingSecondsLifetime",
            "slowQueryThresholdMillis",
            "tcpRcvBuf",
            "tcpSndBuf",
            "xdevapi.connect-timeout",
        ],
    ),
    (Kind::Integer { min: 0, max: 255 }, &["tcpTrafficClass"]),
    (Kind::Integer { min: 0, max: 65535 }, &["socksProxyPort"]),
    (
        Kind::Integer { min: 1, max: i32::MAX },
        &[
            "initialTimeout",
            "maxReconnects",
            "metadataCacheSize",
            "packetDebugBufferSize",
            "prepStmtCacheSqlLimit",
        ],
    ),
    (Kind::Integer { min: i32::MIN, max: i32::MAX }, &["resultSetSizeThreshold", "slowQueryThresholdNanos"]),
    (Kind::Charset { mysql: false }, &["characterEncoding"]),
    (Kind::Charset { mysql: true }, &["characterSetResults", "passwordCharacterEncoding"]),
    (Kind::TimeZone, &["connectionTimeZone", "serverTimezone"]),
    (Kind::TlsVersions, &["tlsVersions", "enabledTLSProtocols"]),
    (
        Kind::Untried,
        &[
            "allowLoadLocalInfileInPath",
            "authenticationFidoCallbackHandler",
            "authenticationPlugins",
            "clientInfoProvider",
            "connectionCollation",
            "connectionLifecycleInterceptors",
            "customCharsetMapping",
            "defaultAuthenticationPlugin",
            "disabledAuthenticationPlugins",
            "exceptionInterceptors",
            "localSocketAddress",
            "logger",
            "profilerEventHandler",
            "propertiesTransform",
            "queryInfoCacheFactory",
            "queryInterceptors",
            "serverConfigCacheFactory",
            "sessionVariables",
            "socketFactory",
            "socksProxyHost",
            "tlsCiphersuites",
            "useConfigs",
            "enabledTLSCipherSuites",
        ],
    ),
    (
        Kind::Text,
        &[
            "clientCertificateKeyStoreType",
            "clobCharacterEncoding",
            "connectionAttributes",
            "ha.loadBalanceStrategy",
            "ldapServerHostname",
            "loadBalanceAutoCommitStatementRegex",
            "loadBalanceConnectionGroup",
            "loadBalanceExceptionChecker",
            "loadBalanceSQLExceptionSubclassFailover",
            "loadBalanceSQLStateFailover",
            "ociConfigFile",
            "ociConfigProfile",
            "password1",
            "password2",
            "password3",
            "replicationConnectionGroup",
            "resourceId",
            "serverAffinityOrder",
            "trustCertificateKeyStorePassword",
            "trustCertificateKeyStoreType",
        ],
    ),
];

const MYSQL_CHOICES: &[(&str, &[&str])] = &[
    ("databaseTerm", &["CATALOG", "SCHEMA"]),
    ("xdevapi.auth", &["EXTERNAL", "MYSQL41", "PLAIN", "SHA256_MEMORY"]),
    ("xdevapi.compression", &["DISABLED", "PREFERRED", "REQUIRED"]),
    ("xdevapi.ssl-mode", &["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]),
    ("zeroDateTimeBehavior", &["CONVERT_TO_NULL", "EXCEPTION", "ROUND", "convertToNull"]),
];

const MARIADB: &[(Kind, &[&str])] = &[
    (Kind::Packet, &["maxAllowedPacket"]),
    (Kind::UntriedUnlessEmpty, &["serverRsaPublicKeyFile"]),
    // More the system refuses (`tcp(7)`).
    (Kind::Integer { min: 0, max: 127 }, &["tcpKeepCount"]),
    (Kind::Integer { min: 0, max: 32_767 }, &["tcpKeepIdle", "tcpKeepInterval"]),
    (Kind::TimeZone, &["connectionTimeZone"]),
    (
        Kind::Boolean,
        &[
            "forceConnectionTimeZoneToSession",
            "preserveInstants",
            "autocommit",
            "useMysqlMetadata",
            "nullDatabaseMeansCurrent",
            "useLocalSessionState",
            "returnMultiValuesGeneratedIds",
            "jdbcCompliantTruncation",
            "permitRedirect",
            "pinGlobalTxToPhysicalConnection",
            "tcpKeepAlive",
            "uuidAsString",
            "tcpAbortiveClose",
            "useReadAheadInput",
            "fallbackToSystemKeyStore",
            "fallbackToSystemTrustStore",
            "allowMultiQueries",
            "allowLocalInfile",
            "useCompression",
            "useAffectedRows",
            "useBulkStmts",
            "useBulkStmtsForInserts",
            "disablePipeline",
            "cachePrepStmts",
            "useServerPrepStmts",
            "blankTableNameMeta",
            "tinyInt1isBit",
            "transformedBitIsBoolean",
            "yearIsDateType",
            "dumpQueriesOnException",
            "includeInnodbStatusInDeadlockExceptions",
            "includeThreadDumpInDeadlockExceptions",
            "transactionReplay",
            "pool",
            "registerJmxPool",
            "useResetConnection",
        ],
    ),
    (
        Kind::Integer { min: 0, max: i32::MAX },
        &[
            "defaultFetchSize",
            "maxQuerySizeToLog",
            "prepStmtCacheSize",
            "retriesAllDown",
            "transactionReplaySize",
            "maxPoolSize",
            "minPoolSize",
            "maxIdleTime",
            "poolValidMinDelay",
        ],
    ),
    (
        Kind::Untried,
        &[
            "credentialType",
            "galeraAllowedState",
            "initSql",
            "localSocket",
            "localSocketAddress",
            "pipe",
            "restrictedAuth",
            "sessionVariables",
            "socketFactory",
            "timezone",
            "enabledSslCipherSuites",
            "enabledSslProtocolSuites",
            "connectionCollation",
        ],
    ),
    (
        Kind::Text,
        &[
            "geometryDefaultType",
            "tlsSocketType",
            "keyStoreType",
            "trustStoreType",
            "connectionAttributes",
            "servicePrincipalName",
            "poolName",
        ],
    ),
];

const MARIADB_CHOICES: &[(&str, &[&str])] = &[
    ("transactionIsolation", &["", "READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"]),
    ("useCatalogTerm", &["", "CATALOG", "SCHEMA"]),
];
