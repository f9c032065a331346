//! What Kerberos reads, as the definitions of `kafka.txt` name it: keytabs, and a `krb5.conf` of each kind.

use std::fs;
use std::path::Path;

use fixtures::{Kerberos, free_port};

/// Writes them into `folder`: NAME.keytab, and with an exclamation mark behind the name one from before the key was changed; NAME.conf.
pub(super) fn write(folder: &Path, kerberos: &Kerberos) {
    for name in ["alice", "mallory", "expired", "ghost", "legacy"] {
        fs::write(folder.join(format!("{name}.keytab")), kerberos.keytab(name)).unwrap();
        fs::write(folder.join(format!("{name}!.keytab")), kerberos.outdated_keytab(name)).unwrap();
    }
    for (name, text) in configurations(kerberos) {
        fs::write(folder.join(format!("{name}.conf")), text).unwrap();
    }
}

fn configurations(kerberos: &Kerberos) -> Vec<(String, String)> {
    let right = kerberos.krb5_conf();
    let own = format!("kdc = 127.0.0.1:{}", kerberos.port());
    let kdc = |value: &str| right.replace(&own, value);
    let limit = |value: &str| format!("udp_preference_limit = {value}");
    let limited = |text: &str, value: &str| text.replace(&limit("1"), &limit(value));
    let (udp, tcp) = (
        kdc(&format!("kdc = 127.0.0.1:{}", kerberos.udp_port())),
        kdc(&format!("kdc = 127.0.0.1:{}", kerberos.tcp_port())),
    );
    let defaults = |lines: &str| format!("{right}[libdefaults]\n{lines}\n");
    let dead = free_port().unwrap();
    [
        ("right", right.clone()),
        ("comment-behind-kdc", kdc(&format!("{own} # the first"))),
        (
            "comment-behind-realm",
            right.replace("default_realm = TEST.LOCAL", "default_realm = TEST.LOCAL # ours"),
        ),
        ("comment-behind-section", right.replace("[realms]", "[realms] # ours")),
        ("comment-behind-limit", right.replace(&limit("1"), &limit("1 # by TCP"))),
        ("comment-lines", format!("# first\n; second\n{right}# last\n")),
        ("before", format!("what stands before\ndefault_realm = OTHER\n{right}")),
        ("absent-includedir", format!("includedir /nonexistent/krb5.conf.d/\n{right}")),
        ("absent-include", format!("include /nonexistent/krb5.conf\n{right}")),
        ("relative-include", format!("include more.conf\n{right}")),
        ("asterisk", right.replace("[libdefaults]", "[libdefaults]*")),
        ("transport-before-kdc", kdc(&own.replace("127", "tcp/127"))),
        ("no-kdc", right.replace(&own, "admin_server = 127.0.0.1")),
        ("realm-twice", right.replace("[realms]\n", "[realms]\n  TEST.LOCAL = {\n  }\n")),
        (
            "realm-again",
            right
                .replace("[domain_realm]", "  TEST.LOCAL = {\n    kdc = nosuch.invalid\n  }\n[domain_realm]"),
        ),
        ("dead-first", kdc(&format!("kdc = 127.0.0.1:{dead}\n    {own}"))),
        ("dead", kdc(&format!("kdc = 127.0.0.1:{dead}"))),
        ("two-in-one", kdc(&format!("kdc = 127.0.0.1:{dead} 127.0.0.1:{}", kerberos.port()))),
        ("udp", limited(&udp, "1465")),
        ("udp-asked-by-tcp", udp.clone()),
        ("udp-and-then-tcp", limited(&udp, "200")),
        ("tcp", tcp.clone()),
        ("tcp-asked-by-udp", limited(&tcp, "1465")),
        ("tcp-asked-by-udp-first", limited(&tcp, "140")),
        ("tcp-asked-by-nothing", limited(&tcp, "0")),
        ("tcp-by-realm", limited(&tcp, "1465").replace("    kdc", "    udp_preference_limit = 1\n    kdc")),
        ("both", limited(&right, "1465")),
        ("weak", defaults("allow_weak_crypto = true")),
        ("weak-as-a-number", defaults("allow_weak_crypto = 1")),
        ("weak-permitted", defaults("permitted_enctypes = rc4-hmac des3-cbc-sha1")),
        ("weak-tickets", defaults("default_tkt_enctypes = rc4-hmac")),
        ("weak-services", defaults("default_tgs_enctypes = rc4-hmac")),
        ("weak-and-allowed", defaults("allow_weak_crypto = true\npermitted_enctypes = rc4-hmac aes256-cts")),
        ("strong-for-legacy", defaults("allow_weak_crypto = true\npermitted_enctypes = aes256-cts")),
        ("one-is-strong", defaults("permitted_enctypes = rc4-hmac aes256-cts")),
        ("commas", defaults("permitted_enctypes = rc4-hmac,aes256-cts")),
        ("commas-and-blanks", defaults("permitted_enctypes = rc4-hmac, aes256-cts")),
        ("a-family", defaults("permitted_enctypes = aes")),
        ("tab", defaults("permitted_enctypes = aes256-cts\taes128-cts")),
        ("aes128", defaults("default_tkt_enctypes = aes128-cts")),
        ("sha2", defaults("default_tkt_enctypes = aes256-sha2")),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .into()
}
