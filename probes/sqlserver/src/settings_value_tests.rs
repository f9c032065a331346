//! Each parameter, with values that the driver takes, refuses, or leaves to a job.

use super::*;

/// Seen with mssql-jdbc 10.2.0: it dialed with each of them.
#[test]
fn what_the_driver_takes_is_no_mistake() {
    for parameters in [
        "applicationIntent=READONLY",
        "responseBuffering=FULL",
        "selectMethod=DIRECT",
        "sslProtocol=tls",
        "sslProtocol=tlsV1.2",
        "authentication=sqlpassword",
        "authentication=NotSpecified",
        "authenticationScheme=junk",
        "lockTimeout=",
        "lockTimeout=-1",
        "lockTimeout=+5",
        "queryTimeout=0",
        "cancelQueryTimeout=-1",
        "loginTimeout=",
        "loginTimeout=65535",
        "socketTimeout=0",
        "packetSize=",
        "packetSize=-1",
        "packetSize=512",
        "statementPoolingCacheSize=-2",
        "serverPreparedStatementDiscardThreshold=-2",
        "connectRetryCount=255",
        "connectRetryInterval=60",
        "maxResultBuffer=",
        "maxResultBuffer=-1",
        "maxResultBuffer=10p",
        "maxResultBuffer=10pct",
        "maxResultBuffer=10percent",
        "maxResultBuffer=1K",
        "maxResultBuffer=9999999999T",
        "xopenStates=FALSE",
        "fips=junk",
        "realm=",
        "domainName=x",
        "keyVaultProviderClientKey=b",
        "enclaveAttestationUrl=",
        "trustStoreType=junk",
        "hostNameInCertificate=db.example",
        "integratedSecurity=false",
        "replication=false",
        "clientKey=x",
    ] {
        assert_eq!(warnings(&of(parameters)), Vec::<&str>::new(), "{parameters}");
    }
}

/// Seen with mssql-jdbc 10.2.0: it refused each of them, and dialed nothing.
#[test]
fn what_the_driver_refuses_is_a_mistake_in_its_parameter() {
    for (parameters, name) in [
        ("applicationIntent=", "applicationIntent"),
        ("applicationIntent=junk", "applicationIntent"),
        ("columnEncryptionSetting=true", "columnEncryptionSetting"),
        ("encrypt=", "encrypt"),
        ("encrypt=yes", "encrypt"),
        ("encrypt={ true}", "encrypt"),
        ("encrypt=1", "encrypt"),
        ("trustServerCertificate=1", "trustServerCertificate"),
        ("trustServerCertificate=", "trustServerCertificate"),
        ("multiSubnetFailover=yes", "multiSubnetFailover"),
        ("transparentNetworkIPResolution=", "TransparentNetworkIPResolution"),
        ("integratedSecurity=yes", "integratedSecurity"),
        ("integratedSecurity=true;authenticationScheme=junk", "authenticationScheme"),
        ("authentication=", "authentication"),
        ("authentication=junk", "authentication"),
        ("authentication={ SqlPassword }", "authentication"),
        ("responseBuffering=", "responseBuffering"),
        ("selectMethod=junk", "selectMethod"),
        ("sslProtocol=", "sslProtocol"),
        ("sslProtocol=TLSv1.3", "sslProtocol"),
        ("lockTimeout=-2", "lockTimeout"),
        ("lockTimeout=1.5", "lockTimeout"),
        ("queryTimeout=2147483648", "queryTimeout"),
        ("loginTimeout=-1", "loginTimeout"),
        ("loginTimeout=65536", "loginTimeout"),
        ("loginTimeout=soon", "loginTimeout"),
        ("socketTimeout=-1", "socketTimeout"),
        ("packetSize=511", "packetSize"),
        ("packetSize=32768", "packetSize"),
        ("packetSize=-2", "packetSize"),
        ("packetSize=junk", "packetSize"),
        ("statementPoolingCacheSize=junk", "statementPoolingCacheSize"),
        ("connectRetryCount=256", "connectRetryCount"),
        ("connectRetryCount=-1", "connectRetryCount"),
        ("connectRetryInterval=0", "connectRetryInterval"),
        ("connectRetryInterval=61", "connectRetryInterval"),
        ("maxResultBuffer=0", "maxResultBuffer"),
        ("maxResultBuffer=+5", "maxResultBuffer"),
        ("maxResultBuffer=1.5k", "maxResultBuffer"),
        ("maxResultBuffer=-1k", "maxResultBuffer"),
        ("maxResultBuffer=p", "maxResultBuffer"),
        ("maxResultBuffer=99999999999999999999", "maxResultBuffer"),
        ("xopenStates=junk", "xopenStates"),
        ("replication=junk", "replication"),
        ("failoverPartner=f;multiSubnetFailover=true", "failoverPartner"),
        ("failoverPartner=f;applicationIntent=readonly", "failoverPartner"),
        ("keyStoreAuthentication=junk", "keyStoreAuthentication"),
        ("keyStoreAuthentication=JavaKeyStorePassword;keyStoreSecret=a", "keyStoreAuthentication"),
        ("keyStoreAuthentication=KeyVaultClientSecret", "keyStoreAuthentication"),
        ("keyStoreSecret=", "keyStoreSecret"),
        ("keyStoreLocation=a", "keyStoreLocation"),
        ("keyStorePrincipalId=a", "keyStorePrincipalId"),
        ("keyVaultProviderClientId=a", "keyVaultProviderClientId"),
        ("enclaveAttestationProtocol=NONE", "enclaveAttestationProtocol"),
        ("enclaveAttestationProtocol=", "enclaveAttestationProtocol"),
        ("enclaveAttestationUrl=u", "enclaveAttestationUrl"),
        ("enclaveAttestationUrl=u;enclaveAttestationProtocol=HGS", "enclaveAttestationUrl"),
        ("socketFactoryClass=", "socketFactoryClass"),
        ("encrypt=strict;prepareMethod=junk", "prepareMethod"),
        ("encrypt=strict;bulkCopyForBatchInsertBatchSize=", "bulkCopyForBatchInsertBatchSize"),
        ("encrypt=mandatory;ipAddressPreference=junk", "iPAddressPreference"),
        ("encrypt=mandatory;quotedIdentifier=junk", "quotedIdentifier"),
    ] {
        let found = mistakes(with(parameters, &[]));
        let [one] = found.as_slice() else { panic!("{parameters}: {found:?}") };
        let key = format!("JDBC_CONNECTION_URL;{name}: ");
        assert!(one.to_ascii_lowercase().starts_with(&key.to_ascii_lowercase()), "{parameters}: {one}");
    }
    let alone = "jdbc:sqlserver://h;failoverPartner=f";
    let read = read(&target(&[&[("JDBC_CONNECTION_URL", alone)], &USER_AND_PASSWORD[..]].concat()));
    assert_eq!(mistakes(read).len(), 1);
}

#[test]
fn logins_by_other_means_are_unsupported() {
    for (parameters, name) in [
        ("integratedSecurity=true", "integratedSecurity"),
        ("integratedSecurity=true;authenticationScheme=NTLM;domain=d", "integratedSecurity"),
        ("integratedSecurity=true;authenticationScheme=javakerberos", "integratedSecurity"),
        ("authentication=ActiveDirectoryPassword", "authentication"),
        ("authentication=activedirectorymsi", "authentication"),
        ("authentication=ActiveDirectoryServicePrincipal", "authentication"),
        ("clientCertificate=/c.pem", "clientCertificate"),
        ("sslProtocol=TLSv1.1", "sslProtocol"),
    ] {
        let found = with(parameters, &[]).unwrap_err();
        let found: Vec<_> = found.iter().map(|mistake| (mistake.code, mistake.property.as_str())).collect();
        let key = format!("JDBC_CONNECTION_URL;{name}");
        assert_eq!(found, [(Code::MechanismUnsupported, key.as_str())], "{parameters}");
    }
}

#[test]
fn what_a_job_does_beside_the_login_is_not_tried() {
    for (parameters, code) in [
        ("columnEncryptionSetting=Enabled", "not_tried"),
        (
            "columnEncryptionSetting=Enabled;enclaveAttestationUrl=u;enclaveAttestationProtocol=HGS",
            "not_tried",
        ),
        ("keyStoreAuthentication=JavaKeyStorePassword;keyStoreSecret=a;keyStoreLocation=/b", "not_tried"),
        ("keyStoreAuthentication=KeyVaultManagedIdentity", "not_tried"),
        ("keyVaultProviderClientId=a;keyVaultProviderClientKey=b", "not_tried"),
        ("socketFactoryClass=com.example.Sockets", "not_tried"),
        ("trustManagerClass=com.example.Trust", "not_tried"),
        ("trustStorePassword=c4n4ry", "not_tried"),
        ("failoverPartner=other.example", "not_tried"),
        ("packetSize=0", "not_tried"),
        ("packetSize=32767", "not_tried"),
        ("replication=true", "not_tried"),
        ("selectMethod=Cursor", "not_tried"),
        ("nosuch=1", "parameter_ignored"),
        ("accessToken=c4n4ry", "parameter_ignored"),
        ("password=c4n;4ry=1", "parameter_ignored"),
        ("prepareMethod=junk", "parameter_ignored"),
    ] {
        let read = of(parameters);
        assert_eq!(warnings(&read), [code], "{parameters}");
        let shown =
            read.warnings.iter().any(|one| one.message.contains("c4n") || one.message.contains("4ry"));
        assert!(!shown, "{parameters}: {:?}", read.warnings);
    }
    let none =
        read(&target(&[&[("JDBC_CONNECTION_URL", "jdbc:sqlserver://h")], &USER_AND_PASSWORD[..]].concat()));
    assert_eq!(warnings(&none.unwrap()), ["no_database"]);
}
