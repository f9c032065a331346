//! The name of a connection in all of AWS, by which its tags are asked for.

use probe_contract::{ArnError, Partition, Region};

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

const FORM: &str = "arn:partition:glue:region:account:connection/name, with the account's 12 digits; of Glue's resources only connections have tags here";
const ACCOUNT_DIGITS: usize = 12;

impl<'a> ConnectionArn<'a> {
    /// Reads the ARN of a connection.
    ///
    /// # Errors
    /// [`ArnError`], also where it is another resource's.
    pub fn parse(text: &'a str) -> Result<Self, ArnError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "glue", region, account, resource] = parts[..] else {
            return Err(ArnError::Form(FORM));
        };
        let is_account = account.len() == ACCOUNT_DIGITS && account.bytes().all(|byte| byte.is_ascii_digit());
        let name = resource.strip_prefix("connection/").filter(|name| !name.is_empty());
        let name = name.filter(|_| is_account || account.is_empty()).ok_or(ArnError::Form(FORM))?;
        let partition = Partition::of_id(partition).ok_or(ArnError::UnknownPartition)?;
        if Region::parse(region)?.partition() != partition {
            return Err(ArnError::OtherPartition);
        }
        Ok(Self { text, account, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_a_connection_says_which_one_of_which_account() {
        for (text, expected) in [
            ("arn:aws:glue:eu-west-1:123456789012:connection/orders", ("123456789012", "orders")),
            ("arn:aws-cn:glue:cn-north-1:123456789012:connection/a:b/c d", ("123456789012", "a:b/c d")),
            // Terraform has no account where it is kept from asking for one.
            ("arn:aws:glue:us-east-1::connection/orders", ("", "orders")),
        ] {
            let read = ConnectionArn::parse(text).expect(text);
            assert_eq!((read.account, read.name), expected, "{text}");
        }
        for text in [
            "arn:aws:glue:us-east-1:123456789012:connection/",
            "arn:aws:glue:us-east-1:123456789012:connection",
            "arn:aws:glue:us-east-1:123456789012:database/orders",
            "arn:aws:glue:us-east-1:12345678901:connection/orders",
            "arn:aws:glue:us-east-1:1234567890123:connection/orders",
            "arn:aws:glue:us-east-1:12345678901a:connection/orders",
            "arn:aws:s3:us-east-1:123456789012:connection/orders",
            "arn:aws:glue:us-east-1",
            "connection/orders",
            "",
        ] {
            assert_eq!(ConnectionArn::parse(text), Err(ArnError::Form(FORM)), "{text}");
        }
        let unknown = ConnectionArn::parse("arn:gcp:glue:us-east-1:123456789012:connection/orders");
        assert_eq!(unknown, Err(ArnError::UnknownPartition));
        let elsewhere = ConnectionArn::parse("arn:aws:glue:cn-north-1:123456789012:connection/orders");
        assert_eq!(elsewhere, Err(ArnError::OtherPartition));
        for text in
            ["arn:aws:glue::123456789012:connection/orders", "arn:aws:glue:EU:123456789012:connection/orders"]
        {
            assert!(matches!(ConnectionArn::parse(text), Err(ArnError::Region(_))), "{text}");
        }
    }
}
