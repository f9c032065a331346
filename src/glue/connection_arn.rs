//! The name of a connection in all of AWS, by which its tags are asked for.

/// `arn:partition:glue:region:account:connection/name`, with the text around its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionArn<'a> {
    /// As it was spelled.
    pub text: &'a str,
    /// The account, which is the id of its Data Catalog; empty where the caller has none.
    pub account: &'a str,
    /// The connection's own name.
    pub name: &'a str,
}

impl<'a> ConnectionArn<'a> {
    /// Reads the ARN of a connection; none where it is another resource's, or no ARN.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let is_glues = parts.next() == Some("arn") && parts.next()?.starts_with("aws");
        let service = parts.next()?;
        let (_region, account) = (parts.next()?, parts.next()?);
        let name = parts.next()?.strip_prefix("connection/")?;
        (is_glues && service == "glue" && !name.is_empty()).then_some(Self { text, account, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_a_connection_says_which_one_of_which_account() {
        for (text, expected) in [
            ("arn:aws:glue:eu-west-1:123456789012:connection/orders", Some(("123456789012", "orders"))),
            ("arn:aws-cn:glue:cn-north-1:123456789012:connection/a:b/c d", Some(("123456789012", "a:b/c d"))),
            // Terraform has no account where it is kept from asking for one.
            ("arn:aws:glue:us-east-1::connection/orders", Some(("", "orders"))),
            ("arn:aws:glue:us-east-1:123456789012:connection/", None),
            ("arn:aws:glue:us-east-1:123456789012:database/orders", None),
            ("arn:aws:s3:us-east-1:123456789012:connection/orders", None),
            ("arn:gcp:glue:us-east-1:123456789012:connection/orders", None),
            ("connection/orders", None),
            ("", None),
        ] {
            let read = ConnectionArn::parse(text).map(|arn| (arn.account, arn.name));
            assert_eq!(read, expected, "{text}");
        }
    }
}
